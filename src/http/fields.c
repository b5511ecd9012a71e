#include "verbgate/http/fields.h"

#include "verbgate/http/token.h"

#include <assert.h>

static const struct {
    struct slice name;
    bool is_hop_by_hop;
} known[FIELD_ID_COUNT] = {
#define X(identifier, text, hop, protected) [FIELD_##identifier] = {{text, sizeof(text) - 1}, hop},
    HTTP_FIELDS(X)
#undef X
};

void fields_init(struct fields *fields, struct field *items, unsigned capacity)
{
    *fields = (struct fields){.items = items, .capacity = capacity};
}

/* Length and first letter name at most one candidate, save for the two that the second letter tells
 * apart; the caller compares. */
static enum field_id guess(struct slice name)
{
    switch (name.length << 8 | (unsigned char)ascii_lower(name.data[0])) {
    case 2 << 8 | 't':
        return FIELD_TE;
    case 3 << 8 | 'v':
        return FIELD_VIA;
    case 4 << 8 | 'd':
        return FIELD_DATE;
    case 4 << 8 | 'h':
        return FIELD_HOST;
    case 6 << 8 | 'a':
        return FIELD_ACCEPT;
    case 6 << 8 | 'c':
        return FIELD_COOKIE;
    case 6 << 8 | 'e':
        return FIELD_EXPECT;
    case 7 << 8 | 'r':
        return FIELD_REFERER;
    case 7 << 8 | 't':
        return FIELD_TRAILER;
    case 7 << 8 | 'u':
        return FIELD_UPGRADE;
    case 9 << 8 | 'f':
        return FIELD_FORWARDED;
    case 10 << 8 | 'c':
        return FIELD_CONNECTION;
    case 10 << 8 | 'k':
        return FIELD_KEEP_ALIVE;
    case 10 << 8 | 's':
        return FIELD_SET_COOKIE;
    case 10 << 8 | 't':
        return FIELD_TRACESTATE;
    case 10 << 8 | 'u':
        return FIELD_USER_AGENT;
    case 11 << 8 | 't':
        return FIELD_TRACEPARENT;
    case 12 << 8 | 'c':
        return FIELD_CONTENT_TYPE;
    case 12 << 8 | 'm':
        return FIELD_MAX_FORWARDS;
    case 12 << 8 | 'x':
        return FIELD_X_REQUEST_ID;
    case 13 << 8 | 'a':
        return FIELD_AUTHORIZATION;
    case 13 << 8 | 'c':
        return ascii_lower(name.data[1]) == 'a' ? FIELD_CACHE_CONTROL : FIELD_CONTENT_RANGE;
    case 14 << 8 | 'c':
        return FIELD_CONTENT_LENGTH;
    case 14 << 8 | 'h':
        return FIELD_HTTP2_SETTINGS;
    case 15 << 8 | 'x':
        return FIELD_X_FORWARDED_FOR;
    case 16 << 8 | 'c':
        return FIELD_CONTENT_ENCODING;
    case 16 << 8 | 'p':
        return FIELD_PROXY_CONNECTION;
    case 16 << 8 | 'x':
        return FIELD_X_FORWARDED_HOST;
    case 17 << 8 | 't':
        return FIELD_TRANSFER_ENCODING;
    case 17 << 8 | 'x':
        return FIELD_X_FORWARDED_PROTO;
    default:
        return FIELD_OTHER;
    }
}

enum field_id fields_id(struct slice name)
{
    if (name.length == 0) {
        return FIELD_OTHER;
    }
    enum field_id id = guess(name);
    return slice_equal_ignoring_case(known[id].name, name) ? id : FIELD_OTHER;
}

struct slice fields_name(enum field_id id)
{
    assert(id < FIELD_ID_COUNT);
    return known[id].name;
}

enum http_fault fields_add(struct fields *fields, struct slice name, struct slice value)
{
    if (fields->count >= fields->capacity) {
        return FAULT_FIELDS_TOO_MANY;
    }
    enum field_id id = fields_id(name);
    fields->items[fields->count++] = (struct field){
        .name = name, .value = value, .id = id, .is_hop_by_hop = known[id].is_hop_by_hop};
    fields->present |= (uint64_t)1 << id;
    return FAULT_NONE;
}

bool fields_withhold(struct fields *fields, struct slice name)
{
    bool is_found = false;
    for (unsigned i = 0; i < fields->count; i++) {
        if (slice_equal_ignoring_case(fields->items[i].name, name)) {
            fields->items[i].is_hop_by_hop = true;
            is_found = true;
        }
    }
    return is_found;
}

static const struct field *find_from(const struct fields *fields, unsigned start, enum field_id id)
{
    for (unsigned i = start; i < fields->count; i++) {
        if (fields->items[i].id == id) {
            return &fields->items[i];
        }
    }
    return NULL;
}

const struct field *fields_find(const struct fields *fields, enum field_id id)
{
    return fields_has(fields, id) ? find_from(fields, 0, id) : NULL;
}

const struct field *fields_find_next(const struct fields *fields, const struct field *field)
{
    assert(field >= fields->items && field < fields->items + fields->count);
    return find_from(fields, (unsigned)(field - fields->items) + 1, field->id);
}

unsigned fields_count(const struct fields *fields, enum field_id id)
{
    unsigned count = 0;
    if (fields_has(fields, id)) {
        for (unsigned i = 0; i < fields->count; i++) {
            count += fields->items[i].id == id;
        }
    }
    return count;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

enum http_fault fields_check_lines(const char *data, size_t length)
{
    const char *end = data + length;
    for (const char *line = data; line < end;) {
        /* RFC 9112 section 5.2: obs-fold; section 2.2: blanks before the first field line. */
        if (is_blank(*line)) {
            return FAULT_FIELD_FOLDED;
        }
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        if (line_end == NULL) {
            break;
        }
        /* A bare LF ends a line for some recipients and not for others (section 2.2). */
        if (line_end == line || line_end[-1] != '\r') {
            return FAULT_FIELD_LINE_END;
        }
        line = line_end + 1;
    }
    return FAULT_NONE;
}

static bool mend_name(char *line, size_t length)
{
    char *colon = memchr(line, ':', length);
    if (colon == NULL) {
        return false;
    }
    char *end = colon;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    if (end == colon || end == line) {
        return false; /* nothing to mend, or no name: an obs-fold or an empty one */
    }
    memset(end + 1, ' ', (size_t)(colon - end));
    *end = ':';
    return true;
}

bool fields_mend_names(char *data, size_t length)
{
    bool is_mended = false;
    char *end = data + length;
    char *line = data;
    while (line < end) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *line_end = newline == NULL ? end : newline;
        if (newline != NULL && newline - line < 2) {
            break; /* the empty line: what follows is content */
        }
        is_mended |= mend_name(line, (size_t)(line_end - line));
        line = newline == NULL ? end : newline + 1;
    }
    return is_mended;
}

bool fields_end_in_open_name(const char *data, size_t length)
{
    size_t blanks = 0;
    while (blanks < length &&
           (data[length - 1 - blanks] == ' ' || data[length - 1 - blanks] == '\t')) {
        blanks++;
    }
    size_t name = 0;
    while (name + blanks < length && token_is_character(data[length - 1 - blanks - name])) {
        name++;
    }
    bool is_line = name + blanks == length || data[length - 1 - blanks - name] == '\n';
    return is_line && name > 0 && blanks > 0 && blanks <= FIELDS_OPEN_BLANKS_MAX;
}
