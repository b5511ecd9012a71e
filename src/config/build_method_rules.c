/* HEAD, OPTIONS, CORS, the webhook handshake, report-only, and fields that responses always have. */
#include "build.h"

#include "options.h"
#include "verbgate/http/token.h"
#include "verbgate/policy/cors.h"

static const char word_separators[] = " \t,";

static unsigned count_words(struct slice text)
{
    struct slice word;
    unsigned count = 0;
    while (options_next_word(&text, word_separators, &word)) {
        count++;
    }
    return count;
}

/* A bare host of `webhook-origins`. */
static const char *sender_problem(struct slice word)
{
    const char *problem = policy_host_problem(word);
    if (problem == NULL && word.data[0] == '*') {
        return "a sender is written out, without '*'";
    }
    return problem;
}

/* Reads a list of origins into the policy's arena; "*" sets *takes_any instead. `most` bounds it. */
static const struct slice *read_origins(struct builder *builder, const struct config_entry *entry,
                                        const char *(*problem_of)(struct slice), unsigned most,
                                        unsigned *count, bool *takes_any)
{
    unsigned words = count_words(entry->value);
    struct slice *origins =
        arena_take_array(&builder->policy->arena, words == 0 ? 1 : words, sizeof *origins);
    struct slice rest = entry->value;
    struct slice word;
    *count = 0;
    *takes_any = false;
    if (origins == NULL || words > most) {
        builder->is_out_of_memory |= origins == NULL;
        if (words > most) {
            options_refuse(builder, entry, entry->value, "it lists more than 64", NULL);
        }
        return origins;
    }
    while (options_next_word(&rest, word_separators, &word)) {
        if (slice_equal(word, SLICE("*"))) {
            *takes_any = true;
            continue;
        }
        const char *problem = problem_of(word);
        if (problem != NULL) {
            options_refuse(builder, entry, word, problem, NULL);
            continue;
        }
        origins[(*count)++] = options_copy(builder, word);
    }
    return origins;
}

/* Reads a list of field names as it will be sent: "a, b". */
static struct slice read_names(struct builder *builder, const struct config_entry *entry,
                               bool *takes_any)
{
    char text[CORS_LIST_MAX];
    struct writer list = writer_make(text, sizeof text);
    struct slice rest = entry->value;
    struct slice word;
    *takes_any = false;
    while (options_next_word(&rest, word_separators, &word)) {
        if (slice_equal(word, SLICE("*"))) {
            *takes_any = true;
            continue;
        }
        if (!token_is_valid(word)) {
            options_refuse(builder, entry, word, "it has a character that no field name has", NULL);
            continue;
        }
        writer_string(&list, list.length > 0 ? ", " : "");
        writer_put(&list, word);
    }
    if (list.overflow) {
        options_refuse(builder, entry, entry->value, "the list is longer than 512 bytes", NULL);
    }
    return options_copy(builder, writer_slice(&list));
}

static const char *const cors_keys[] = {"cors-origins", "cors-headers",     "cors-expose",
                                        "cors-max-age", "cors-credentials", NULL};

static bool sets_any(const struct config_section *section, const char *const *keys)
{
    while (*keys != NULL && !options_sets(section, *keys)) {
        keys++;
    }
    return *keys != NULL;
}

static void read_cors(struct builder *builder, const struct config_section *section,
                      struct cors_rules *cors)
{
    const struct config_entry *origins = options_entry(section, "cors-origins");
    const struct config_entry *headers = options_entry(section, "cors-headers");
    const struct config_entry *expose = options_entry(section, "cors-expose");
    if (origins != NULL) {
        cors->origins = read_origins(builder, origins, cors_origin_problem, CORS_ORIGINS_MAX,
                                     &cors->origin_count, &cors->takes_any_origin);
    }
    if (headers != NULL) {
        cors->headers = read_names(builder, headers, &cors->takes_any_header);
    }
    if (expose != NULL) {
        bool exposes_all = false;
        cors->expose = read_names(builder, expose, &exposes_all);
        if (exposes_all) {
            cors->expose = SLICE("*");
        }
    }
    if (options_sets(section, "cors-max-age")) {
        cors->max_age_s = options_unsigned(builder, section, "cors-max-age") / 1000;
    }
    if (options_sets(section, "cors-credentials")) {
        cors->takes_credentials = options_word(builder, section, "cors-credentials") == 1;
    }
}

/* The Fetch standard has no "*" together with credentials, since every page of the web could then act
 * as the user. */
static void check_cors(struct builder *builder, const struct config_section *section,
                       const struct cors_rules *cors)
{
    if (!cors->takes_credentials) {
        return;
    }
    const struct config_entry *culprit = options_entry(section, "cors-origins");
    culprit = culprit != NULL ? culprit : options_entry(section, "cors-credentials");
    if (cors->takes_any_origin && culprit != NULL) {
        options_refuse(builder, culprit, culprit->value,
                       "with cors-credentials = yes, cors-origins cannot be *", "list the origins");
    }
    const struct config_entry *expose = options_entry(section, "cors-expose");
    expose = expose != NULL ? expose : options_entry(section, "cors-credentials");
    if (slice_equal(cors->expose, SLICE("*")) && expose != NULL) {
        options_refuse(builder, expose, expose->value,
                       "with cors-credentials = yes, browsers take * for a name", "list the names");
    }
}

static void build_cors(struct builder *builder, const struct config_section *section,
                       struct method_rules *rules)
{
    if (rules->cors != NULL && !sets_any(section, cors_keys)) {
        return;
    }
    struct cors_rules *cors = arena_take_array(&builder->policy->arena, 1, sizeof *cors);
    if (cors == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    if (rules->cors != NULL) {
        *cors = *rules->cors;
    }
    read_cors(builder, section, cors);
    check_cors(builder, section, cors);
    rules->cors = cors;
}

/* Nobody could call: a preflight that is never granted is a mistake of whoever wrote `cors`. */
static void warn_no_origin(struct builder *builder, const struct config_section *section,
                           const struct method_rules *rules)
{
    const struct config_entry *entry = options_entry(section, "options");
    if (entry == NULL || rules->options != OPTIONS_CORS || rules->cors == NULL ||
        rules->cors->takes_any_origin || rules->cors->origin_count > 0) {
        return;
    }
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place, "add cors-origins = https://app.example.com",
                    "no origin is listed, so that no preflight is granted here");
}

static void build_webhook(struct builder *builder, const struct config_section *section,
                          struct method_rules *rules)
{
    static const char *const keys[] = {"webhook-origins", "webhook-rate", NULL};
    const struct config_entry *entry = options_entry(section, "webhook-origins");
    if (!sets_any(section, keys)) {
        return;
    }
    struct webhook_rules *webhook = arena_take_array(&builder->policy->arena, 1, sizeof *webhook);
    if (webhook == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    if (rules->webhook != NULL) {
        *webhook = *rules->webhook;
    }
    if (entry != NULL) {
        webhook->origins = read_origins(builder, entry, sender_problem, WEBHOOK_ORIGINS_MAX,
                                        &webhook->origin_count, &webhook->takes_any_origin);
    }
    if (options_sets(section, "webhook-rate")) {
        webhook->rate = options_unsigned(builder, section, "webhook-rate");
    }
    rules->webhook = webhook;
}

static void read_field(struct builder *builder, const struct config_entry *entry,
                       struct writer *lines, struct slice *name)
{
    size_t colon = slice_find(entry->value, ':');
    bool has_colon = colon < entry->value.length;
    struct slice value = slice_after(entry->value, has_colon ? colon + 1 : colon);
    value = slice_trim(value);
    *name = slice_make(entry->value.data, colon);
    const char *problem = has_colon ? method_rules_field_problem(*name, value)
                                    : "it does not begin with a field name and a colon";
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
        return;
    }
    writer_put(lines, *name);
    writer_literal(lines, ": ");
    writer_put(lines, value);
    writer_literal(lines, "\r\n");
    *name = options_copy(builder, *name);
}

/* A level that sets any field replaces the whole list; one empty line empties it. */
static void build_fields(struct builder *builder, const struct config_section *section,
                         struct method_rules *rules)
{
    const struct config_entry *entry = options_entry(section, "response-field");
    if (entry == NULL) {
        return;
    }
    char text[STATIC_FIELDS_BYTES];
    struct writer lines = writer_make(text, sizeof text);
    struct static_fields *fields = arena_take_array(&builder->policy->arena, 1, sizeof *fields);
    struct slice *names =
        arena_take_array(&builder->policy->arena, STATIC_FIELDS_MAX, sizeof *names);
    if (fields == NULL || names == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    for (; entry != NULL; entry = document_next_entry(entry)) {
        if (fields->count == STATIC_FIELDS_MAX) {
            options_refuse(builder, entry, entry->value, "there are more than 16 of them", NULL);
            break;
        }
        if (entry->value.length > 0) {
            read_field(builder, entry, &lines, &names[fields->count++]);
        }
        if (lines.overflow) {
            options_refuse(builder, entry, entry->value, "they come to more than 4096 bytes", NULL);
            break;
        }
    }
    fields->names = names;
    fields->lines = options_copy(builder, writer_slice(&lines));
    rules->fields = fields->count > 0 ? fields : NULL;
}

void build_method_rules(struct builder *builder, const struct config_section *section,
                        struct method_rules *rules)
{
    if (options_sets(section, "report-only")) {
        rules->is_report_only = options_word(builder, section, "report-only") == 1;
    }
    if (options_sets(section, "head")) {
        rules->head = (enum head_rule)options_word(builder, section, "head");
        rules->head_source = options_source(options_entry(section, "head"));
    }
    if (options_sets(section, "options")) {
        rules->options = (enum options_rule)options_word(builder, section, "options");
    }
    build_cors(builder, section, rules);
    build_webhook(builder, section, rules);
    build_fields(builder, section, rules);
    warn_no_origin(builder, section, rules);
}
