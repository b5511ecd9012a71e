#include "verbgate/http/fields.h"

#include "verbgate/http/token.h"

#include <assert.h>

/* Rows of 32 bytes, which are found by a shift. */
static const struct {
    char name[30];
    unsigned char name_bytes;
    bool is_hop_by_hop;
} known[FIELD_ID_COUNT] = {
#define X(identifier, text, hop, protected) [FIELD_##identifier] = {text, sizeof(text) - 1, hop},
    HTTP_FIELDS(X)
#undef X
};

void fields_init(struct fields *fields, struct field *items, unsigned capacity)
{
    *fields = (struct fields){.items = items, .capacity = capacity};
}

enum { KNOWN_NAME_BYTES_MAX = 22 };

/* By length and first letter, whose case is not among the low five bits: the known name that begins so,
 * or the first of two. Other bytes find candidates too, so the name has to be compared. */
static const unsigned char candidates[KNOWN_NAME_BYTES_MAX + 1][32] = {
    [2] = {['t' & 31] = FIELD_TE},
    [3] = {['v' & 31] = FIELD_VIA},
    [4] = {['d' & 31] = FIELD_DATE, ['h' & 31] = FIELD_HOST},
    [6] = {['a' & 31] = FIELD_ACCEPT, ['c' & 31] = FIELD_COOKIE, ['e' & 31] = FIELD_EXPECT},
    [7] = {['r' & 31] = FIELD_REFERER, ['t' & 31] = FIELD_TRAILER, ['u' & 31] = FIELD_UPGRADE},
    [9] = {['f' & 31] = FIELD_FORWARDED},
    [10] = {['c' & 31] = FIELD_CONNECTION,
            ['k' & 31] = FIELD_KEEP_ALIVE,
            ['s' & 31] = FIELD_SET_COOKIE,
            ['t' & 31] = FIELD_TRACESTATE,
            ['u' & 31] = FIELD_USER_AGENT},
    [11] = {['t' & 31] = FIELD_TRACEPARENT},
    [12] = {['c' & 31] = FIELD_CONTENT_TYPE,
            ['m' & 31] = FIELD_MAX_FORWARDS,
            ['x' & 31] = FIELD_X_REQUEST_ID},
    [13] = {['a' & 31] = FIELD_AUTHORIZATION,
            ['c' & 31] = FIELD_CACHE_CONTROL,
            ['x' & 31] = FIELD_X_HTTP_METHOD},
    [14] = {['c' & 31] = FIELD_CONTENT_LENGTH, ['h' & 31] = FIELD_HTTP2_SETTINGS},
    [15] = {['x' & 31] = FIELD_X_FORWARDED_FOR},
    [16] = {['c' & 31] = FIELD_CONTENT_ENCODING,
            ['p' & 31] = FIELD_PROXY_CONNECTION,
            ['x' & 31] = FIELD_X_FORWARDED_HOST},
    [17] = {['t' & 31] = FIELD_TRANSFER_ENCODING, ['x' & 31] = FIELD_X_FORWARDED_PROTO},
    [22] = {['x' & 31] = FIELD_X_HTTP_METHOD_OVERRIDE},
};

/* Equal but for case, and for '_' in place of '-'. */
static bool is_folded_to(const char *known_name, struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i] == '_' ? '-' : ascii_lower(name.data[i]);
        if (c != known_name[i]) {
            return false;
        }
    }
    return true;
}

/* The id of a name that is not the candidate's: of the second of two, or in another spelling. */
RARE static enum field_id rarer_id(enum field_id candidate, struct slice name)
{
    enum field_id id = candidate;
    if (candidate == FIELD_CACHE_CONTROL) {
        id = FIELD_CONTENT_RANGE;
    } else if (candidate == FIELD_X_FORWARDED_PROTO) {
        id = FIELD_X_METHOD_OVERRIDE;
    }
    bool is_override = (FIELDS_OVERRIDE >> id & 1) != 0;
    bool is_found =
        is_override ? is_folded_to(known[id].name, name) : slice_is_word(name, fields_name(id));
    return is_found ? id : FIELD_OTHER;
}

enum field_id fields_id(struct slice name)
{
    if (name.length == 0 || name.length > KNOWN_NAME_BYTES_MAX) {
        return FIELD_OTHER;
    }
    enum field_id candidate = candidates[name.length][name.data[0] & 31];
    if (candidate == FIELD_OTHER ||
        slice_is_word_text(name.data, known[candidate].name, name.length)) {
        return candidate;
    }
    return rarer_id(candidate, name);
}

struct slice fields_name(enum field_id id)
{
    assert(id < FIELD_ID_COUNT);
    return slice_make(known[id].name, known[id].name_bytes);
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

void fields_withhold_ids(struct fields *fields, uint64_t ids)
{
    for (unsigned i = 0; i < fields->count; i++) {
        fields->items[i].is_hop_by_hop |= (ids >> fields->items[i].id & 1) != 0;
    }
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
