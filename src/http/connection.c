#include "verbgate/http/connection.h"

#include "verbgate/http/guarded.h"
#include "verbgate/http/token.h"

static const bool is_protected[FIELD_ID_COUNT] = {
#define X(identifier, name, hop, protected) [FIELD_##identifier] = protected,
    HTTP_FIELDS(X)
#undef X
};

struct options {
    unsigned count;
    bool has_close;
    bool has_keep_alive;
    bool has_upgrade;
    bool has_te;
};

/* RFC 9110 section 7.6.1: a field that Connection names goes no further. A client that names a
 * protected one would take away what this or the next hop decides by, so that is not obeyed. */
static void nominate(struct fields *fields, struct slice option)
{
    enum field_id id = fields_id(option);
    if (is_protected[id] || !fields_has(fields, id)) {
        return;
    }
    for (unsigned i = 0; i < fields->count; i++) {
        struct field *field = &fields->items[i];
        if (field->id == id && slice_equal_ignoring_case(field->name, option)) {
            field->is_hop_by_hop = true;
        }
    }
}

static void note_option(struct options *options, struct slice option)
{
    if (slice_is_word(option, SLICE("close"))) {
        options->has_close = true;
    } else if (slice_is_word(option, SLICE("keep-alive"))) {
        options->has_keep_alive = true;
    } else if (slice_is_word(option, SLICE("upgrade"))) {
        options->has_upgrade = true;
    } else if (slice_is_word(option, SLICE("te"))) {
        options->has_te = true;
    }
}

/* The limit bounds the walks over the fields that options can cause. */
static enum http_fault read_options(struct fields *fields, struct slice value,
                                    struct options *options)
{
    /* The value that nearly all messages have. The field that it names is hop-by-hop by the table of fields.h. */
    if (slice_is_word(value, SLICE("keep-alive")) && options->count < CONNECTION_OPTIONS_MAX) {
        options->count++;
        options->has_keep_alive = true;
        return FAULT_NONE;
    }
    struct slice option;
    while (token_list_next(&value, &option)) {
        if (++options->count > CONNECTION_OPTIONS_MAX || !token_is_valid(option)) {
            return FAULT_CONNECTION_OPTIONS;
        }
        note_option(options, option);
        nominate(fields, option);
    }
    return FAULT_NONE;
}

void connection_nominate_trailers(const struct fields *fields, struct fields *trailers)
{
    const struct field *field = fields_find(fields, FIELD_CONNECTION);
    for (; field != NULL; field = fields_find_next(fields, field)) {
        struct slice rest = field->value;
        struct slice option;
        while (token_list_next(&rest, &option)) {
            nominate(trailers, option);
        }
    }
}

/* RFC 9110 section 10.1.4. */
RARE static bool has_te_trailers(const struct fields *fields)
{
    for (const struct field *field = fields_find(fields, FIELD_TE); field != NULL;
         field = fields_find_next(fields, field)) {
        if (token_list_has(field->value, SLICE("trailers"))) {
            return true;
        }
    }
    return false;
}

/* RFC 9110 section 7.8: an Upgrade field counts only when Connection has the option. */
static bool has_upgrade_value(const struct fields *fields)
{
    const struct field *field = fields_find(fields, FIELD_UPGRADE);
    return field != NULL && field->value.length > 0;
}

enum http_fault connection_read(struct fields *fields, unsigned version_minor,
                                struct connection_info *info)
{
    struct options options = {0};
    const struct field *field = fields_find(fields, FIELD_CONNECTION);
    /* In a response only; of a request they are faults (framing_twin). */
    if (UNLIKELY(guarded_has_odd(fields, GUARDED_FRAMING))) {
        fields_withhold_odd(fields, GUARDED_FRAMING);
    }
    for (; field != NULL; field = fields_find_next(fields, field)) {
        enum http_fault fault = read_options(fields, field->value, &options);
        if (fault != FAULT_NONE) {
            return fault;
        }
    }
    bool is_modern = version_minor > 0;
    /* RFC 9112 section 9.3. */
    info->is_persistent = !options.has_close && (is_modern || options.has_keep_alive);
    info->wants_upgrade = is_modern && options.has_upgrade && has_upgrade_value(fields);
    info->takes_trailers = is_modern && options.has_te && has_te_trailers(fields);
    return FAULT_NONE;
}
