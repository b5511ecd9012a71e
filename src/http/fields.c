#include "verbgate/http/fields.h"

#include "verbgate/http/token.h"

#include <assert.h>

/* Rows of 32 bytes, which are found by a shift. */
static const struct {
    char name[31];
    unsigned char name_bytes;
} known[FIELD_ID_COUNT] = {
#define X(identifier, text, hop, protected) [FIELD_##identifier] = {text, sizeof(text) - 1},
    HTTP_FIELDS(X)
#undef X
};

/* A bit for each field that ends with the connection. */
static const uint64_t hop_by_hop_fields =
#define X(identifier, text, hop, protected) (uint64_t)(hop) << FIELD_##identifier |
    HTTP_FIELDS(X)
#undef X
        0;

void fields_init(struct fields *fields, struct field *items, unsigned capacity)
{
    *fields = (struct fields){.items = items, .capacity = capacity};
}

/* Names of this length and longer ones, which only families have, share a row. */
enum { LONG_NAME_BYTES = 23 };

/* What a name of this length and first letter may begin with, where no name is as long as that. */
#define FAMILIES(length)                            \
    [length] = {['c' & 31] = FIELD_CLIENT_CERT,     \
                ['w' & 31] = FIELD_WEBHOOK_REQUEST, \
                ['x' & 31] = FIELD_X_FORWARDED}

/* By length and first letter, whose case is not among the low five bits: the known name that begins so,
 * or the first of several. Other bytes find candidates too, so the name has to be compared. */
static const unsigned char candidates[LONG_NAME_BYTES + 1][32] = {
    [2] = {['t' & 31] = FIELD_TE},
    [3] = {['v' & 31] = FIELD_VIA},
    [4] = {['d' & 31] = FIELD_DATE, ['h' & 31] = FIELD_HOST},
    [5] = {['p' & 31] = FIELD_PROXY},
    [6] = {['a' & 31] = FIELD_ACCEPT, ['c' & 31] = FIELD_COOKIE, ['e' & 31] = FIELD_EXPECT},
    [7] = {['r' & 31] = FIELD_REFERER, ['t' & 31] = FIELD_TRAILER, ['u' & 31] = FIELD_UPGRADE},
    [8] = {['x' & 31] = FIELD_X_SCHEME},
    [9] = {['f' & 31] = FIELD_FORWARDED,
           ['p' & 31] = FIELD_PATH_INFO,
           ['x' & 31] = FIELD_X_REAL_IP},
    [10] = {['c' & 31] = FIELD_CONNECTION,
            ['k' & 31] = FIELD_KEEP_ALIVE,
            ['s' & 31] = FIELD_SET_COOKIE,
            ['t' & 31] = FIELD_TRACESTATE,
            ['u' & 31] = FIELD_USER_AGENT},
    [11] = {['c' & 31] = FIELD_CLIENT_CERT,
            ['s' & 31] = FIELD_SCRIPT_NAME,
            ['t' & 31] = FIELD_TRACEPARENT,
            ['x' & 31] = FIELD_X_FORWARDED},
    [12] = {['c' & 31] = FIELD_CONTENT_TYPE,
            ['m' & 31] = FIELD_MAX_FORWARDS,
            ['x' & 31] = FIELD_X_REQUEST_ID},
    [13] = {['a' & 31] = FIELD_AUTHORIZATION,
            ['c' & 31] = FIELD_CACHE_CONTROL,
            ['x' & 31] = FIELD_X_HTTP_METHOD},
    [14] = {['c' & 31] = FIELD_CONTENT_LENGTH,
            ['h' & 31] = FIELD_HTTP2_SETTINGS,
            ['x' & 31] = FIELD_X_ORIGINAL_URL},
    [15] = {['c' & 31] = FIELD_CLIENT_CERT,
            ['f' & 31] = FIELD_FRONT_END_HTTPS,
            ['p' & 31] = FIELD_PERSISTENT_AUTH,
            ['w' & 31] = FIELD_WEBHOOK_REQUEST,
            ['x' & 31] = FIELD_X_FORWARDED_FOR},
    [16] = {['c' & 31] = FIELD_CONTENT_ENCODING,
            ['p' & 31] = FIELD_PROXY_CONNECTION,
            ['w' & 31] = FIELD_WWW_AUTHENTICATE,
            ['x' & 31] = FIELD_X_FORWARDED_HOST},
    [17] = {['c' & 31] = FIELD_CLIENT_CERT,
            ['t' & 31] = FIELD_TRANSFER_ENCODING,
            ['w' & 31] = FIELD_WEBHOOK_REQUEST,
            ['x' & 31] = FIELD_X_FORWARDED_PROTO},
    [18] = {['c' & 31] = FIELD_CLIENT_CERT,
            ['p' & 31] = FIELD_PROXY_AUTHENTICATE,
            ['w' & 31] = FIELD_WEBHOOK_REQUEST,
            ['x' & 31] = FIELD_X_FORWARDED},
    [19] = {['c' & 31] = FIELD_CLIENT_CERT,
            ['p' & 31] = FIELD_PROXY_AUTHORIZATION,
            ['w' & 31] = FIELD_WEBHOOK_REQUEST,
            ['x' & 31] = FIELD_X_FORWARDED},
    FAMILIES(20),
    FAMILIES(21),
    [22] = {['a' & 31] = FIELD_ACCESS_CONTROL_REQUEST,
            ['c' & 31] = FIELD_CLIENT_CERT,
            ['w' & 31] = FIELD_WEBHOOK_REQUEST,
            ['x' & 31] = FIELD_X_HTTP_METHOD_OVERRIDE},
    [LONG_NAME_BYTES] = {['a' & 31] = FIELD_ACCESS_CONTROL_REQUEST,
                         ['c' & 31] = FIELD_CLIENT_CERT,
                         ['w' & 31] = FIELD_WEBHOOK_REQUEST,
                         ['x' & 31] = FIELD_X_FORWARDED},
};

/* What follows on a candidate that a name is not: the next of the same length and first letter. */
static enum field_id next_candidate(enum field_id candidate)
{
    switch (candidate) {
    case FIELD_CACHE_CONTROL:
        return FIELD_CONTENT_RANGE;
    case FIELD_X_FORWARDED_FOR:
        return FIELD_X_PROXIED_HTTPS;
    case FIELD_X_FORWARDED_PROTO:
        return FIELD_X_METHOD_OVERRIDE;
    case FIELD_X_HTTP_METHOD:
        return FIELD_X_REWRITE_URL;
    case FIELD_X_REQUEST_ID:
        return FIELD_X_URL_SCHEME;
    case FIELD_X_REWRITE_URL:
        return FIELD_X_SCRIPT_NAME;
    default:
        return FIELD_OTHER;
    }
}

/* What a server that folds cannot tell from '-', itself included. */
static bool is_foldable(char c)
{
    char lower = ascii_lower(c);
    bool is_alphanumeric = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    return token_is_character(c) && !is_alphanumeric;
}

/* Whether the first bytes of `name` fold to those of `guarded`. */
static bool folds_to_prefix(struct slice name, struct slice guarded)
{
    for (size_t i = 0; i < guarded.length; i++) {
        char c = is_foldable(name.data[i]) ? '-' : ascii_lower(name.data[i]);
        if (c != guarded.data[i]) {
            return false;
        }
    }
    return true;
}

bool fields_folds_to(struct slice name, struct slice guarded)
{
    return name.length == guarded.length && folds_to_prefix(name, guarded);
}

/* Whether some byte makes a server that folds see another name than ours. */
static bool is_odd(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] != '-' && is_foldable(name.data[i])) {
            return true;
        }
    }
    return false;
}

static bool is_of_family(struct slice name, enum field_id family)
{
    struct slice known_name = fields_name(family);
    return name.length > known_name.length && is_foldable(name.data[known_name.length]) &&
           folds_to_prefix(name, known_name);
}

/* The id that the name folds into, or has. */
static enum field_id find_folded(enum field_id candidate, struct slice name)
{
    static const enum field_id families[] = {FIELD_ACCESS_CONTROL_REQUEST, FIELD_CLIENT_CERT,
                                             FIELD_WEBHOOK_REQUEST, FIELD_X_FORWARDED};
    for (enum field_id id = candidate; id != FIELD_OTHER; id = next_candidate(id)) {
        if (fields_folds_to(name, fields_name(id))) {
            return id;
        }
    }
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (is_of_family(name, families[i])) {
            return families[i];
        }
    }
    return FIELD_OTHER;
}

/* What a name is, and what it may be taken for. */
struct identity {
    unsigned char id;
    unsigned char folds_into;
};

/* Of a name that is not the candidate's: another name's, a family's, or a name in an odd spelling. An odd
 * member of a family may be both: "x-forwarded-a_b" is one, and some take it for another. */
RARE static struct identity identify_rarer(enum field_id candidate, struct slice name)
{
    enum field_id id = find_folded(candidate, name);
    if (id == FIELD_OTHER || !is_odd(name)) {
        return (struct identity){.id = (unsigned char)id};
    }
    struct slice known_name = fields_name(id);
    bool is_member = name.length > known_name.length && name.data[known_name.length] == '-' &&
                     slice_is_word(slice_make(name.data, known_name.length), known_name);
    return (struct identity){.id = is_member ? (unsigned char)id : FIELD_OTHER,
                             .folds_into = (unsigned char)id};
}

static struct identity identify(struct slice name)
{
    if (name.length == 0) {
        return (struct identity){FIELD_OTHER, FIELD_OTHER};
    }
    size_t row = name.length < LONG_NAME_BYTES ? name.length : LONG_NAME_BYTES;
    unsigned char candidate = candidates[row][name.data[0] & 31];
    /* A family's name has zeros behind it in its row, which no name has. */
    if (candidate == FIELD_OTHER ||
        (row < LONG_NAME_BYTES &&
         slice_is_word_text(name.data, known[candidate].name, name.length))) {
        return (struct identity){.id = candidate};
    }
    return identify_rarer((enum field_id)candidate, name);
}

enum field_id fields_id(struct slice name)
{
    return (enum field_id)identify(name).id;
}

enum field_id fields_fold(struct slice name)
{
    return (enum field_id)identify(name).folds_into;
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
    struct identity found = identify(name);
    fields->items[fields->count++] =
        (struct field){.name = name,
                       .value = value,
                       .id = (enum field_id)found.id,
                       .is_hop_by_hop = (hop_by_hop_fields >> found.id & 1) != 0,
                       .folds_into = found.folds_into};
    fields->present |= (uint64_t)1 << found.id;
    if (UNLIKELY(found.folds_into != FIELD_OTHER)) {
        fields->odd |= (uint64_t)1 << found.folds_into;
    }
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

void fields_withhold_odd(struct fields *fields, uint64_t ids)
{
    for (unsigned i = 0; i < fields->count; i++) {
        fields->items[i].is_hop_by_hop |= (ids >> fields->items[i].folds_into & 1) != 0;
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
