#include "verbgate/learn/openapi.h"

#include "json_load.h"
#include "verbgate/http/reply.h"
#include "verbgate/http/token.h"
#include "verbgate/learn/observed_path.h"
#include "verbgate/policy/policy.h"

#include <stdio.h>

enum {
    BASES_MAX = 16,       /* servers with different base paths */
    PATH_MAX_BYTES = 512, /* of a path with its base */
    SHOWN_MAX = 120,      /* bytes of a text in a comment or message */
    COMMENTS_MAX = 200,
};

struct reading {
    struct slice upstream;
    struct evidence_table *table;
    struct writer *comments;
    unsigned comment_count;
    char *problem;
};

struct bases {
    struct slice items[BASES_MAX];
    unsigned count;
};

/* Text of the file in a comment or a message: one line, and bounded. */
struct shown {
    char text[3 * SHOWN_MAX + 8];
};

static const char *show(struct shown *shown, struct slice text)
{
    struct writer writer = writer_make(shown->text, sizeof shown->text - 1);
    reply_write_shown(&writer, text, SHOWN_MAX);
    shown->text[writer.length] = '\0';
    return shown->text;
}

static void comment(struct reading *reading, struct slice path, const char *sentence)
{
    if (reading->comment_count++ < COMMENTS_MAX) {
        struct shown shown;
        writer_format(reading->comments, "; %s: %s\n", show(&shown, path), sentence);
    } else if (reading->comment_count == COMMENTS_MAX + 1) {
        writer_literal(reading->comments, "; ... and more of this kind\n");
    }
}

/* ---- patterns */

/* What an INI file could take for something else, and what a template has. */
static bool is_writable(struct slice segment)
{
    for (size_t i = 0; i < segment.length; i++) {
        char c = segment.data[i];
        if (c < 0x21 || c > 0x7e || strchr("\"#;$\\{}*?", c) != NULL) {
            return false;
        }
    }
    return true;
}

/* The pattern of a path that may have templates. Returns NULL, or why it cannot be taken. */
static const char *write_pattern(struct writer *pattern, struct slice path, bool *is_cut)
{
    *is_cut = false;
    if (path.length == 0 || path.data[0] != '/') {
        return "left out: it does not begin with '/'";
    }
    if (slice_equal(path, SLICE("/"))) {
        writer_put(pattern, path);
        return NULL;
    }
    while (path.length > 0) {
        path = slice_after(path, 1);
        size_t end = slice_find(path, '/');
        struct slice segment = slice_make(path.data, end);
        path = slice_after(path, end);
        if (slice_find(segment, '{') == segment.length && !is_writable(segment)) {
            return "left out: no policy can name it";
        }
        if (slice_find(segment, '{') < segment.length) {
            *is_cut = true;
            writer_literal(pattern, "/*");
            break;
        }
        writer_byte(pattern, '/');
        writer_put(pattern, segment);
    }
    if (pattern->overflow) {
        return "left out: it is too long";
    }
    return policy_path_problem(writer_slice(pattern)) != NULL ? "left out: no policy can name it"
                                                              : NULL;
}

static bool has_template_at_end(struct slice path)
{
    size_t open = slice_find(path, '{');
    return slice_find(slice_after(path, open), '/') == path.length - open;
}

static void add_method(struct reading *reading, struct slice pattern, struct slice method)
{
    struct evidence seen = {.upstream = reading->upstream,
                            .method = method,
                            .path = pattern,
                            .source = EVIDENCE_DECLARED,
                            .count = 1};
    evidence_add(reading->table, &seen);
}

/* ---- the operations of a path */

static const struct {
    const char *key;
    struct slice method;
} operations[] = {
    {"get", {"GET", 3}},         {"put", {"PUT", 3}},     {"post", {"POST", 4}},
    {"delete", {"DELETE", 6}},   {"head", {"HEAD", 4}},   {"patch", {"PATCH", 5}},
    {"options", {"OPTIONS", 7}}, {"trace", {"TRACE", 5}}, {"query", {"QUERY", 5}},
};

/* OpenAPI 3.2: additionalOperations has methods by their names. */
static void add_additional(struct reading *reading, struct slice path, struct slice pattern,
                           json_t *item)
{
    const char *name;
    json_t *operation;
    json_object_foreach(json_object_get(item, "additionalOperations"), name, operation)
    {
        struct slice method = slice_of(name);
        if (token_is_valid(method) && method.length <= EVIDENCE_METHOD_MAX) {
            add_method(reading, pattern, method);
        } else {
            comment(reading, path, "one of its additionalOperations is not a method");
        }
    }
}

static bool check_operation(struct reading *reading, struct slice path, const char *key,
                            const json_t *value)
{
    if (json_is_object(value)) {
        return true;
    }
    struct shown shown;
    snprintf(reading->problem, LEARN_PROBLEM_MAX, "paths[\"%s\"].%s is not an object",
             show(&shown, path), key);
    return false;
}

static bool add_operations(struct reading *reading, struct slice path, struct slice pattern,
                           json_t *item)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const json_t *value = json_object_get(item, operations[i].key);
        if (value == NULL) {
            continue;
        }
        if (!check_operation(reading, path, operations[i].key, value)) {
            return false;
        }
        add_method(reading, pattern, operations[i].method);
    }
    add_additional(reading, path, pattern, item);
    return true;
}

static bool add_path(struct reading *reading, struct slice base, struct slice path, json_t *item)
{
    char whole_text[PATH_MAX_BYTES];
    char pattern_text[PATH_MAX_BYTES + 2];
    struct writer whole = writer_make(whole_text, sizeof whole_text);
    struct writer pattern = writer_make(pattern_text, sizeof pattern_text);
    writer_put(&whole, base);
    writer_put(&whole, path);
    bool is_cut = false;
    const char *reason = whole.overflow ? "left out: it is too long"
                                        : write_pattern(&pattern, writer_slice(&whole), &is_cut);
    if (reason != NULL) {
        comment(reading, path, reason);
        return true;
    }
    if (is_cut && !has_template_at_end(writer_slice(&whole))) {
        char sentence[PATH_MAX_BYTES + 64];
        snprintf(sentence, sizeof sentence, "taken as %.*s, with all that is declared below it",
                 SLICE_PRINT(writer_slice(&pattern)));
        comment(reading, writer_slice(&whole), sentence);
    }
    return add_operations(reading, path, writer_slice(&pattern), item);
}

/* ---- servers */

/* The path of "https://host/base/", "/base" or "base-less": the part behind the host. */
static const char *base_of(struct slice url, struct slice *base)
{
    size_t colon = slice_find(url, ':');
    struct slice rest = slice_after(url, colon);
    if (slice_starts_with(rest, SLICE("://"))) {
        rest = slice_after(rest, 3);
        rest = slice_after(rest, slice_find(rest, '/'));
    } else {
        rest = url;
    }
    while (rest.length > 0 && rest.data[rest.length - 1] == '/') {
        rest.length--;
    }
    struct slice left = rest;
    while (left.length > 0) {
        if (left.data[0] != '/') {
            return "not taken as a base: its path does not begin with '/'";
        }
        left = slice_after(left, 1);
        size_t end = slice_find(left, '/');
        if (!observed_path_is_plain(slice_make(left.data, end))) {
            return "not taken as a base: its path is not plain";
        }
        left = slice_after(left, end);
    }
    *base = rest;
    return NULL;
}

static void add_base(struct bases *bases, struct slice base)
{
    for (unsigned i = 0; i < bases->count; i++) {
        if (slice_equal(bases->items[i], base)) {
            return;
        }
    }
    if (bases->count < BASES_MAX) {
        bases->items[bases->count++] = base;
    }
}

/* The bases that "servers" of `object` gives; those of the level above where it has none. */
static struct bases read_bases(struct reading *reading, const json_t *object,
                               const struct bases *inherited)
{
    const json_t *servers = json_object_get(object, "servers");
    struct bases bases = {.count = 0};
    for (size_t i = 0; i < json_array_size(servers); i++) {
        const json_t *value = json_object_get(json_array_get(servers, i), "url");
        struct slice url = slice_make(json_string_value(value), json_string_length(value));
        struct slice base = SLICE("");
        const char *reason = json_is_string(value) ? base_of(url, &base) : "no url of a server";
        if (reason != NULL) {
            comment(reading, url.data == NULL ? SLICE("servers") : url, reason);
        } else {
            add_base(&bases, base);
        }
    }
    if (bases.count > 0) {
        return bases;
    }
    if (inherited != NULL) {
        return *inherited;
    }
    add_base(&bases, SLICE(""));
    return bases;
}

/* ---- the file */

static bool read_paths(struct reading *reading, const json_t *root, json_t *paths)
{
    struct bases root_bases = read_bases(reading, root, NULL);
    const char *name;
    json_t *item;
    json_object_foreach(paths, name, item)
    {
        struct slice path = slice_of(name);
        if (slice_starts_with(path, SLICE("x-"))) {
            continue;
        }
        if (!json_is_object(item)) {
            struct shown shown;
            snprintf(reading->problem, LEARN_PROBLEM_MAX, "paths[\"%s\"] is not an object",
                     show(&shown, path));
            return false;
        }
        if (json_object_get(item, "$ref") != NULL) {
            comment(reading, path, "its $ref is not followed");
        }
        struct bases bases = read_bases(reading, item, &root_bases);
        for (unsigned i = 0; i < bases.count; i++) {
            if (!add_path(reading, bases.items[i], path, item)) {
                return false;
            }
        }
    }
    return true;
}

static bool read_root(struct reading *reading, const json_t *root)
{
    const char *version = json_string_value(json_object_get(root, "openapi"));
    json_t *paths = json_object_get(root, "paths");
    const char *reason = NULL;
    if (json_object_get(root, "swagger") != NULL) {
        reason = "this is Swagger 2: convert it to OpenAPI 3 first";
    } else if (version == NULL || strncmp(version, "3.", 2) != 0) {
        reason = "not OpenAPI 3: there is no \"openapi\": \"3...\" at its top";
    } else if (!json_is_object(paths)) {
        reason = "\"paths\" is not an object";
    }
    if (reason != NULL) {
        snprintf(reading->problem, LEARN_PROBLEM_MAX, "%s", reason);
        return false;
    }
    return read_paths(reading, root, paths);
}

bool openapi_read(struct slice text, struct slice upstream, struct evidence_table *table,
                  struct writer *comments, char problem[LEARN_PROBLEM_MAX])
{
    json_t *root = json_load_text(text, problem);
    if (root == NULL) {
        return false;
    }
    struct reading reading = {
        .upstream = upstream, .table = table, .comments = comments, .problem = problem};
    bool fine = read_root(&reading, root);
    json_decref(root);
    return fine;
}
