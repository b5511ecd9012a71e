/*
 * Field values. The input is lines "name:value"; each becomes a field as it is, so that values come
 * by that the message parser would not let through. What the http layer says about them is compared
 * with simple second opinions.
 */
#include "fuzz.h"
#include "strict.h"
#include "verbgate/base/writer.h"
#include "verbgate/http/connection.h"
#include "verbgate/http/framing.h"
#include "verbgate/http/target.h"
#include "verbgate/http/token.h"

#include <assert.h>

enum { FIELDS_CAPACITY = 16 };

static bool is_within(struct slice outer, struct slice inner)
{
    return inner.data >= outer.data && inner.data + inner.length <= outer.data + outer.length;
}

/* Elements are trimmed parts of the list, in order; without quotes they are what lies between the
 * commas. */
static void check_list(struct slice list)
{
    struct slice rest = list;
    struct slice element;
    const char *before = list.data;
    bool has_quote = slice_find(list, '"') < list.length;
    while (token_list_next(&rest, &element)) {
        assert(element.length > 0 && is_within(list, element) && element.data >= before);
        assert(slice_equal(slice_trim(element), element));
        assert(has_quote || slice_find(element, ',') == element.length);
        for (const char *c = before; c < element.data && !has_quote; c++) {
            assert(*c == ',' || *c == ' ' || *c == '\t');
        }
        assert(token_list_has(list, element));
        before = element.data + element.length;
    }
    assert(rest.length == 0);
}

static void check_host(struct slice value)
{
    struct slice host = {NULL, 0};
    if (target_split_host(value, true, &host) == FAULT_NONE && value.length > 0) {
        assert(host.data == value.data && host.length > 0 && host.length <= value.length);
        assert(host.length == value.length || value.data[host.length] == ':');
        for (size_t i = 0; i < value.length; i++) {
            assert((unsigned char)value.data[i] > 0x20 && (unsigned char)value.data[i] < 0x7f);
            assert(strchr("@/?#\\,;\"<>", value.data[i]) == NULL);
        }
    }
}

static void check_number(struct slice value)
{
    uint64_t number = 1;
    if (slice_to_number(value, &number)) {
        char text[24];
        struct writer writer = writer_make(text, sizeof text);
        writer_number(&writer, number);
        while (value.length > 1 && value.data[0] == '0') {
            value = slice_after(value, 1);
        }
        assert(slice_equal(writer_slice(&writer), value));
    }
}

/* The id is that of other names as well (fields.h). */
static bool is_family(unsigned id)
{
    return id == FIELD_ACCESS_CONTROL_REQUEST || id == FIELD_CLIENT_CERT ||
           id == FIELD_WEBHOOK_REQUEST || id == FIELD_X_FORWARDED;
}

/* What a name folds into is said of all names that do, and of no other. */
static void check_folding(const struct fields *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        for (unsigned id = 1; id < FIELD_ID_COUNT; id++) {
            struct slice name = fields_name((enum field_id)id);
            bool is_twin = token_is_valid(field->name) &&
                           strict_is_folded(field->name, name.data) &&
                           !strict_is_name(field->name, name.data);
            assert(is_family(id) || is_twin == (field->folds_into == id));
            assert(!is_twin || field->folds_into == id);
        }
        assert(field->folds_into == FIELD_OTHER || (fields->odd >> field->folds_into & 1) != 0);
    }
}

/* The field walks agree with a plain count. */
static void check_walks(const struct fields *fields)
{
    for (unsigned id = 1; id < FIELD_ID_COUNT; id++) {
        unsigned count = 0;
        for (unsigned i = 0; i < fields->count; i++) {
            struct slice name = fields_name((enum field_id)id);
            count += slice_equal_ignoring_case(fields->items[i].name, name);
        }
        if (is_family(id)) {
            continue;
        }
        assert(fields_count(fields, (enum field_id)id) == count);
        assert(fields_has(fields, (enum field_id)id) == (count > 0));
        const struct field *field = fields_find(fields, (enum field_id)id);
        for (; field != NULL; field = fields_find_next(fields, field)) {
            count--;
        }
        assert(count == 0);
    }
}

static void check_connection(struct fields *fields, unsigned minor)
{
    struct connection_info info;
    if (connection_read(fields, minor, &info) != FAULT_NONE) {
        return;
    }
    struct strict_fields same = {.count = fields->count};
    for (unsigned i = 0; i < fields->count; i++) {
        same.items[i] = (struct strict_field){fields->items[i].name, fields->items[i].value};
    }
    for (unsigned i = 0; i < fields->count; i++) {
        assert(fields->items[i].is_hop_by_hop == strict_is_hop_by_hop(&same, &same.items[i]));
    }
    assert(minor > 0 || (!info.wants_upgrade && !info.takes_trailers));
}

static void check_framing(const struct fields *fields, unsigned minor)
{
    struct framing framing;
    unsigned lengths = fields_count(fields, FIELD_CONTENT_LENGTH);
    unsigned codings = fields_count(fields, FIELD_TRANSFER_ENCODING);
    if (framing_of_request(fields, minor, &framing) == FAULT_NONE) {
        assert(lengths + codings <= 1);
        assert((framing.kind == FRAMING_LENGTH) == (lengths == 1));
        assert((framing.kind == FRAMING_CHUNKED) == (codings == 1));
        assert(codings == 0 || minor > 0);
    }
    if (framing_of_response(fields, minor, 200, METHOD_GET, &framing) == FAULT_NONE) {
        assert(lengths + codings <= 1 && framing.kind != FRAMING_NONE);
    }
    if (framing_of_response(fields, minor, 204, METHOD_GET, &framing) == FAULT_NONE) {
        assert(framing.kind == FRAMING_NONE);
    }
    if (framing_of_response(fields, minor, 200, METHOD_HEAD, &framing) == FAULT_NONE) {
        assert(framing.kind == FRAMING_NONE && lengths <= 1);
    }
}

static void read_lines(struct slice text, struct fields *fields)
{
    enum http_fault fault = FAULT_NONE;
    while (text.length > 0 && fault == FAULT_NONE) {
        size_t end = slice_find(text, '\n');
        struct slice line = slice_make(text.data, end);
        size_t colon = slice_find(line, ':');
        struct slice name = slice_make(line.data, colon);
        struct slice value = slice_trim(slice_after(line, colon < end ? colon + 1 : end));
        check_list(value);
        check_host(value);
        check_number(value);
        fault = fields_add(fields, name, value);
        text = slice_after(text, end < text.length ? end + 1 : end);
    }
    assert(fault == FAULT_NONE || fields->count == FIELDS_CAPACITY);
}

/* Every LF behind a CR, no line that begins with a blank. */
static void check_lines(struct slice text)
{
    bool is_good = true;
    for (size_t i = 0; i < text.length; i++) {
        char before = i == 0 ? '\n' : text.data[i - 1];
        char c = text.data[i];
        is_good &= !(c == '\n' && before != '\r') && !(before == '\n' && (c == ' ' || c == '\t'));
    }
    assert((fields_check_lines(text.data, text.length) == FAULT_NONE) == is_good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FUZZ_INPUT_MAX) {
        return 0;
    }
    char *copy = fuzz_copy(slice_make((const char *)data, size));
    struct slice text = slice_make(copy, size);
    struct field items[FIELDS_CAPACITY];
    for (unsigned minor = 0; minor < 2; minor++) {
        struct fields fields;
        fields_init(&fields, items, FIELDS_CAPACITY);
        read_lines(text, &fields);
        check_walks(&fields);
        check_folding(&fields);
        check_framing(&fields, minor);
        check_connection(&fields, minor);
    }
    check_lines(text);
    free(copy);
    return 0;
}
