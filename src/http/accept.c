#include "verbgate/http/accept.h"

#include "verbgate/http/token.h"

#include <assert.h>

enum { WEIGHT_FULL = 1000, WEIGHT_BAD = WEIGHT_FULL + 1 };

/* How closely a range names a type; the closest one that does says the weight. */
enum closeness { CLOSE_NOT, CLOSE_ANY, CLOSE_KIND, CLOSE_ALIAS, CLOSE_NAMED };

struct preference {
    enum closeness closeness;
    unsigned weight; /* in thousandths */
};

static const struct {
    const char *name;
    const char *alias; /* asks for this type in the words of another; or NULL */
    const char *kind;
    const char *value;
} types[MEDIA_TYPE_COUNT] = {
    [MEDIA_TEXT] = {"text/plain", NULL, "text/*", "text/plain; charset=utf-8"},
    [MEDIA_HTML] = {"text/html", NULL, "text/*", "text/html; charset=utf-8"},
    [MEDIA_PROBLEM] = {"application/problem+json", "application/json", "application/*",
                       "application/problem+json"},
};

struct slice media_type_value(enum media_type media)
{
    assert(media < MEDIA_TYPE_COUNT);
    return slice_of(types[media].value);
}

/* RFC 9110 section 12.4.2: 0 or 1 with up to three decimals, in thousandths; else WEIGHT_BAD. */
static unsigned read_weight(struct slice text)
{
    enum { WEIGHT_TEXT_MAX = 5 };
    if (text.length == 0 || text.length > WEIGHT_TEXT_MAX ||
        (text.length > 1 && text.data[1] != '.')) {
        return WEIGHT_BAD;
    }
    unsigned weight = 0;
    unsigned unit = WEIGHT_FULL;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (i == 1) {
            continue; /* the point */
        }
        if (c < '0' || c > '9') {
            return WEIGHT_BAD;
        }
        weight += unit * (unsigned)(c - '0');
        unit /= 10;
    }
    return weight <= WEIGHT_FULL ? weight : WEIGHT_BAD;
}

/* Takes what stands before the next ';' outside a quoted string off the front of *rest, trimmed. */
static struct slice next_part(struct slice *rest)
{
    size_t end = 0;
    bool is_quoted = false;
    for (; end < rest->length && (is_quoted || rest->data[end] != ';'); end++) {
        if (is_quoted && rest->data[end] == '\\' && end + 1 < rest->length) {
            end++;
        } else if (rest->data[end] == '"') {
            is_quoted = !is_quoted;
        }
    }
    struct slice part = slice_trim(slice_make(rest->data, end));
    *rest = slice_after(*rest, end < rest->length ? end + 1 : end);
    return part;
}

/* The weight that a range's parameters give it. Others than q are passed over: no type that is sent
 * here has any that a client could mean. */
static unsigned weight_of(struct slice parameters)
{
    while (parameters.length > 0) {
        struct slice parameter = next_part(&parameters);
        if (parameter.length >= 2 && ascii_lower(parameter.data[0]) == 'q' &&
            parameter.data[1] == '=') {
            return read_weight(slice_after(parameter, 2));
        }
    }
    return WEIGHT_FULL;
}

static enum closeness closeness_of(enum media_type media, struct slice range)
{
    const char *alias = types[media].alias;
    if (slice_equal_ignoring_case(range, slice_of(types[media].name))) {
        return CLOSE_NAMED;
    }
    if (alias != NULL && slice_equal_ignoring_case(range, slice_of(alias))) {
        return CLOSE_ALIAS;
    }
    if (slice_equal_ignoring_case(range, slice_of(types[media].kind))) {
        return CLOSE_KIND;
    }
    return slice_equal(range, SLICE("*/*")) ? CLOSE_ANY : CLOSE_NOT;
}

/* RFC 9110 section 12.5.1: the most specific range that matches a type has precedence. */
static void weigh(struct preference *preferences, struct slice element)
{
    struct slice range = next_part(&element);
    unsigned weight = weight_of(element);
    if (weight == WEIGHT_BAD) {
        return;
    }
    for (unsigned i = 0; i < MEDIA_TYPE_COUNT; i++) {
        struct preference *preference = &preferences[i];
        enum closeness closeness = closeness_of((enum media_type)i, range);
        bool is_closer = closeness > preference->closeness;
        bool is_better = closeness == preference->closeness && weight > preference->weight;
        if (closeness != CLOSE_NOT && (is_closer || is_better)) {
            *preference = (struct preference){closeness, weight};
        }
    }
}

/* What most programs send: anything will do. */
static bool accepts_anything(const struct fields *fields)
{
    const struct field *field = fields_find(fields, FIELD_ACCEPT);
    return field != NULL && slice_equal(field->value, SLICE("*/*")) &&
           fields_find_next(fields, field) == NULL;
}

enum media_type accept_choose(const struct fields *fields)
{
    if (accepts_anything(fields)) {
        return MEDIA_TEXT;
    }
    struct preference preferences[MEDIA_TYPE_COUNT] = {{CLOSE_NOT, 0}};
    unsigned count = 0;
    for (const struct field *field = fields_find(fields, FIELD_ACCEPT); field != NULL;
         field = fields_find_next(fields, field)) {
        struct slice rest = field->value;
        struct slice element;
        while (count < ACCEPT_RANGES_MAX && token_list_next(&rest, &element)) {
            weigh(preferences, element);
            count++;
        }
    }
    enum media_type best = MEDIA_TEXT;
    for (unsigned i = 1; i < MEDIA_TYPE_COUNT; i++) {
        best = preferences[i].weight > preferences[best].weight ? (enum media_type)i : best;
    }
    return best;
}
