#include "verbgate/http/trace.h"

/* version "-" trace-id "-" parent-id "-" trace-flags */
enum { TRACE_AT = 3, PARENT_AT = 36, PARENT_BYTES = 16, FLAGS_AT = 53 };

static bool is_id_character(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~+/=:@", c) != NULL);
}

bool trace_request_id_is_valid(struct slice value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (!is_id_character(value.data[i])) {
            return false;
        }
    }
    return value.length > 0 && value.length <= TRACE_REQUEST_ID_MAX;
}

/* The value of the field when it is there exactly once. */
static struct slice only_value(const struct fields *fields, enum field_id id)
{
    const struct field *field = fields_find(fields, id);
    bool is_only = field != NULL && fields_find_next(fields, field) == NULL;
    return is_only ? field->value : slice_make(NULL, 0);
}

struct slice trace_request_id(const struct fields *fields)
{
    struct slice value = only_value(fields, FIELD_X_REQUEST_ID);
    return trace_request_id_is_valid(value) ? value : slice_make(NULL, 0);
}

/* Lower case only (section 3.2.2). */
static bool is_hex(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool fine = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (!fine) {
            return false;
        }
    }
    return true;
}

static bool is_zero(const char *text, size_t length)
{
    while (length > 0 && text[length - 1] == '0') {
        length--;
    }
    return length == 0;
}

struct slice trace_id_of(struct slice value)
{
    struct slice none = {NULL, 0};
    const char *text = value.data;
    if (value.length < TRACE_PARENT_BYTES || !is_hex(text, 2) ||
        slice_starts_with(value, SLICE("ff"))) {
        return none;
    }
    bool is_first_version = slice_starts_with(value, SLICE("00"));
    if (value.length > TRACE_PARENT_BYTES &&
        (is_first_version || text[TRACE_PARENT_BYTES] != '-')) {
        return none;
    }
    bool has_dashes =
        text[TRACE_AT - 1] == '-' && text[PARENT_AT - 1] == '-' && text[FLAGS_AT - 1] == '-';
    if (!has_dashes || !is_hex(text + TRACE_AT, TRACE_ID_BYTES) ||
        !is_hex(text + PARENT_AT, PARENT_BYTES) || !is_hex(text + FLAGS_AT, 2)) {
        return none;
    }
    /* Sections 3.2.2.3 and 3.2.2.4: all zeros are invalid. */
    if (is_zero(text + TRACE_AT, TRACE_ID_BYTES) || is_zero(text + PARENT_AT, PARENT_BYTES)) {
        return none;
    }
    return slice_make(text + TRACE_AT, TRACE_ID_BYTES);
}

struct slice trace_id(const struct fields *fields)
{
    return trace_id_of(only_value(fields, FIELD_TRACEPARENT));
}
