/* How refusals are answered: statuses, a link to documentation, own bodies, caching. */
#include "build.h"

#include "include.h"
#include "options.h"

/* Different files with bodies that one configuration may name. */
enum { OWN_BODIES_MAX = 256 };

/* Routes often share a file: it is read once. */
struct own_body {
    const char *path;
    struct slice text;
};

static const struct {
    const char *key;
    enum refusal refusal;
} statuses[] = {
    {"on-unimplemented", REFUSAL_UNIMPLEMENTED},
    {"on-not-allowed", REFUSAL_NOT_ALLOWED},
    {"on-version", REFUSAL_VERSION},
    {"on-no-route", REFUSAL_NO_ROUTE},
    {"on-too-large", REFUSAL_TOO_LARGE},
};

static const char *const body_keys[MEDIA_TYPE_COUNT] = {
    [MEDIA_TEXT] = "body-text",
    [MEDIA_HTML] = "body-html",
    [MEDIA_PROBLEM] = "body-json",
};

/* The option's words are statuses, and "close". */
static uint16_t read_status(struct builder *builder, const struct config_section *section,
                            const char *key)
{
    unsigned index = options_word(builder, section, key);
    struct slice rest = slice_of(schema_find(section->kind, slice_of(key))->words);
    struct slice word = {NULL, 0};
    uint64_t status = 0;
    for (unsigned i = 0; i <= index && options_next_word(&rest, " ", &word); i++) {
    }
    return slice_to_number(word, &status) ? (uint16_t)status : ANSWERS_CLOSE;
}

/* It goes into fields and pages, so it is held to what RFC 3986 lets a URL consist of. */
static const char *url_problem(struct slice url)
{
    if (!slice_starts_with(url, SLICE("http://")) && !slice_starts_with(url, SLICE("https://"))) {
        return "it does not start with http:// or https://";
    }
    struct slice host = slice_after(url, slice_find(url, '/') + 2);
    if (host.length == 0 || host.data[0] == '/') {
        return "it has no host";
    }
    if (url.length > ANSWERS_DOCS_MAX) {
        return "it is longer than 1024 bytes";
    }
    for (size_t i = 0; i < url.length; i++) {
        char c = url.data[i];
        if (c < 0x21 || c > 0x7e || strchr("\"<>\\^`{|}", c) != NULL) {
            return "it has a character that no URL has; write it percent-encoded";
        }
    }
    return NULL;
}

static void read_docs(struct builder *builder, const struct config_section *section,
                      struct policy_answers *answers)
{
    const struct config_entry *entry = options_entry(section, "docs");
    answers->docs = slice_make(NULL, 0);
    if (entry == NULL || entry->value.length == 0) {
        return;
    }
    const char *problem = url_problem(entry->value);
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
        return;
    }
    answers->docs = options_copy(builder, entry->value);
}

static void refuse_file(struct builder *builder, const struct config_entry *entry, const char *path,
                        const char *problem)
{
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
    diagnostics_add(builder->diagnostics, &place, NULL, "cannot use \"%s\" for %s: %s", path,
                    entry->option->key, problem);
}

static const struct own_body *find_body(const struct builder *builder, const char *path)
{
    for (unsigned i = 0; i < builder->own_body_count; i++) {
        if (strcmp(builder->own_bodies[i].path, path) == 0) {
            return &builder->own_bodies[i];
        }
    }
    return NULL;
}

/* Room for one more, or NULL. */
static struct own_body *add_body(struct builder *builder)
{
    if (builder->own_bodies == NULL) {
        builder->own_bodies = arena_take_array(&builder->document->arena, OWN_BODIES_MAX,
                                               sizeof builder->own_bodies[0]);
        builder->is_out_of_memory |= builder->own_bodies == NULL;
    }
    bool has_room = builder->own_bodies != NULL && builder->own_body_count < OWN_BODIES_MAX;
    return has_room ? &builder->own_bodies[builder->own_body_count] : NULL;
}

static const char *read_body(struct builder *builder, const char *path, struct slice *text)
{
    struct slice read = {NULL, 0};
    const char *problem = builder->environment->read_file(builder->environment->context, path,
                                                          &builder->document->arena, &read);
    if (problem != NULL) {
        return problem;
    }
    if (read.length == 0) {
        return "the file is empty";
    }
    if (read.length > ANSWERS_BODY_MAX) {
        return "the file is larger than 64k";
    }
    *text = options_copy(builder, read);
    return NULL;
}

/* The text of the file that `entry` names; empty for the body that is made here. */
static struct slice own_body(struct builder *builder, const struct config_entry *entry)
{
    struct slice none = {NULL, 0};
    if (entry == NULL || entry->value.length == 0) {
        return none;
    }
    const char *path = include_path(&builder->document->arena, entry);
    if (path == NULL) {
        builder->is_out_of_memory = true;
        return none;
    }
    const struct own_body *known = find_body(builder, path);
    if (known != NULL) {
        return known->text;
    }
    struct own_body *body = add_body(builder);
    if (body == NULL) {
        refuse_file(builder, entry, path, "a configuration has at most 256 files for bodies");
        return none;
    }
    const char *problem = read_body(builder, path, &body->text);
    if (problem != NULL) {
        refuse_file(builder, entry, path, problem);
        return none;
    }
    body->path = path;
    builder->own_body_count++;
    return body->text;
}

void build_answers(struct builder *builder, const struct config_section *section,
                   struct policy_answers *answers)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const char *key = statuses[i].key;
        bool is_of_section = schema_find(section->kind, slice_of(key)) != NULL;
        if (is_of_section && options_sets(section, key)) {
            answers->status[statuses[i].refusal] = read_status(builder, section, key);
        }
    }
    if (options_sets(section, "docs")) {
        read_docs(builder, section, answers);
    }
    if (options_sets(section, "cache-refusals")) {
        answers->max_age = options_unsigned(builder, section, "cache-refusals") / 1000;
    }
    for (unsigned i = 0; i < MEDIA_TYPE_COUNT; i++) {
        if (options_sets(section, body_keys[i])) {
            answers->bodies[i] = own_body(builder, options_entry(section, body_keys[i]));
        }
    }
}
