#include "patterns.h"

#include "options.h"
#include "verbgate/config/ini.h"
#include "verbgate/config/load.h"
#include "verbgate/http/target.h"
#include "verbgate/policy/host_name.h"

#include <stdio.h>
#include <stdlib.h>

/* Where a pattern was written: the path, else the host, else (entry NULL) the route itself. */
struct pattern_origin {
    const struct config_section *section;
    const struct config_entry *entry;
    struct slice part;
};

static void add_pattern(struct patterns *patterns, const struct route_pattern *pattern,
                        const struct pattern_origin *origin)
{
    if (patterns->count == patterns->capacity) {
        return; /* the capacity was counted, or found to be too large and reported */
    }
    patterns->items[patterns->count] = *pattern;
    patterns->origins[patterns->count++] = *origin;
}

static void lower_case(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        text[i] = ascii_lower(text[i]);
    }
}

/* A host in lower case and the one text that stands for it, in the policy's arena. */
static struct slice copy_host(struct builder *builder, struct slice word)
{
    char canonical[HOST_NAME_CANONICAL_MAX];
    word = host_name_canonical(word, canonical);
    char *copy = arena_take(&builder->policy->arena, word.length + 1);
    if (copy == NULL) {
        builder->is_out_of_memory = true;
        return slice_make(NULL, 0);
    }
    memcpy(copy, word.data, word.length);
    lower_case(copy, word.length);
    return slice_make(copy, word.length);
}

static bool next_item(const struct config_entry **entry, struct slice *rest, struct slice *word)
{
    while (*entry != NULL) {
        if (options_next_word(rest, " \t", word)) {
            return true;
        }
        *entry = document_next_entry(*entry);
        *rest = *entry != NULL ? (*entry)->value : slice_make(NULL, 0);
    }
    return false;
}

/* All words of a key in the policy's arena; *count is 0 when the key is not set. */
static struct slice *copy_words(struct builder *builder, const struct config_entry *first,
                                unsigned *count)
{
    struct slice word;
    *count = 0;
    const struct config_entry *entry = first;
    struct slice rest = first != NULL ? first->value : slice_make(NULL, 0);
    while (next_item(&entry, &rest, &word)) {
        (*count)++;
    }
    struct slice *words = arena_take_array(&builder->policy->arena, *count, sizeof *words);
    builder->is_out_of_memory |= words == NULL;
    entry = first;
    rest = first != NULL ? first->value : slice_make(NULL, 0);
    for (unsigned i = 0; words != NULL && next_item(&entry, &rest, &word); i++) {
        bool is_host = entry->option->type == SCHEMA_HOST;
        words[i] = is_host ? copy_host(builder, word) : options_copy(builder, word);
    }
    return words;
}

/* One pattern for each path under one host; `host_origin` is where the host was written. */
static void add_paths(struct patterns *patterns, struct policy_route *route, struct slice host,
                      const struct pattern_origin *host_origin)
{
    const struct config_section *section = host_origin->section;
    const struct config_entry *entry = options_entry(section, "path");
    struct route_pattern pattern = {.host = host, .route = route};
    if (entry == NULL) {
        pattern.source = host_origin->entry != NULL ? options_source(host_origin->entry)
                                                    : options_section_source(section);
        add_pattern(patterns, &pattern, host_origin);
        return;
    }
    struct slice rest = entry->value;
    struct slice word;
    for (unsigned i = 0; next_item(&entry, &rest, &word); i++) {
        pattern.path = route->paths[i];
        pattern.source = options_source(entry);
        add_pattern(patterns, &pattern, &(struct pattern_origin){section, entry, word});
    }
}

void patterns_add(struct patterns *patterns, const struct config_section *section,
                  struct policy_route *route)
{
    struct builder *builder = patterns->builder;
    const struct config_entry *entry = options_entry(section, "host");
    route->hosts = copy_words(builder, entry, &route->host_count);
    route->paths = copy_words(builder, options_entry(section, "path"), &route->path_count);
    if (builder->is_out_of_memory) {
        return;
    }
    if (entry == NULL) {
        add_paths(patterns, route, slice_make(NULL, 0),
                  &(struct pattern_origin){.section = section, .entry = NULL});
        return;
    }
    struct slice rest = entry->value;
    struct slice word;
    for (unsigned i = 0; next_item(&entry, &rest, &word); i++) {
        add_paths(patterns, route, route->hosts[i], &(struct pattern_origin){section, entry, word});
    }
}

/* A path that is refused whatever the policy says (http/target.h) needs no route. */
static void check_reading(struct builder *builder, const struct config_entry *entry,
                          struct slice path)
{
    char buffer[2 * INI_LINE_MAX];
    struct target_readings readings;
    const unsigned judging = PATH_READING_NORMAL | PATH_READING_LENIENT;
    if ((judging & ~builder->policy->gateway.left_out_readings) != 0 && target_is_ambiguous(path) &&
        target_read(path, buffer, &readings) != FAULT_NONE) {
        struct diagnostic place = document_at_part(entry, path, DIAGNOSTIC_WARNING);
        diagnostics_add(builder->diagnostics, &place,
                        "path-readings = written judges paths as they are written",
                        "no request comes here: this path is refused, since backends read it "
                        "in different ways");
    }
}

/* A host that is refused whatever the policy says (policy/host_name.h) needs no route. */
static void check_host(struct builder *builder, const struct config_entry *entry, struct slice host)
{
    bool is_wildcard = slice_starts_with(host, SLICE("*."));
    const char *problem = host_name_problem(is_wildcard ? slice_after(host, 2) : host);
    if (problem != NULL) {
        struct diagnostic place = document_at_part(entry, host, DIAGNOSTIC_WARNING);
        diagnostics_add(builder->diagnostics, &place, NULL,
                        "no request comes here: this host is refused, since %s", problem);
    }
}

/* Checks every word of a host or path key and counts them; a key without a word is refused. */
static uint64_t check_words(struct builder *builder, const struct config_section *section,
                            const char *key)
{
    uint64_t count = 0;
    char lower[INI_LINE_MAX];
    for (const struct config_entry *entry = options_entry(section, key); entry != NULL;
         entry = document_next_entry(entry)) {
        struct slice rest = entry->value;
        struct slice word;
        uint64_t before = count;
        for (; options_next_word(&rest, " \t", &word); count++) {
            const char *problem;
            if (entry->option->type == SCHEMA_HOST) {
                memcpy(lower, word.data, word.length);
                lower_case(lower, word.length);
                problem = policy_host_problem(slice_make(lower, word.length));
            } else {
                problem = policy_path_problem(word);
            }
            if (problem != NULL) {
                struct diagnostic place = document_at_part(entry, word, DIAGNOSTIC_ERROR);
                diagnostics_add(builder->diagnostics, &place, NULL, "bad value for \"%s\": %s", key,
                                problem);
            } else if (entry->option->type == SCHEMA_PATH) {
                check_reading(builder, entry, word);
            } else {
                check_host(builder, entry, word);
            }
        }
        if (count == before) {
            options_refuse(builder, entry, entry->value, "it is empty",
                           "leave the key out to match any");
        }
    }
    return count;
}

bool patterns_prepare(struct patterns *patterns, struct builder *builder)
{
    *patterns = (struct patterns){.builder = builder};
    uint64_t total = 0;
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        if (section->kind != SCHEMA_ROUTE) {
            continue;
        }
        uint64_t hosts = check_words(builder, section, "host");
        uint64_t paths = check_words(builder, section, "path");
        total += (hosts == 0 ? 1 : hosts) * (paths == 0 ? 1 : paths);
        if (total > CONFIG_PATTERNS_MAX) {
            struct diagnostic place = document_at_section(section, DIAGNOSTIC_ERROR);
            diagnostics_add(builder->diagnostics, &place,
                            "each host of a route counts once for each of its paths",
                            "the routes have more than %d pairs of host and path",
                            CONFIG_PATTERNS_MAX);
            return false;
        }
    }
    struct arena *scratch = &builder->document->arena;
    patterns->capacity = (unsigned)total;
    patterns->items = arena_take_array(scratch, total, sizeof patterns->items[0]);
    patterns->origins = arena_take_array(scratch, total, sizeof patterns->origins[0]);
    if (patterns->items == NULL || patterns->origins == NULL) {
        builder->is_out_of_memory = true;
        return false;
    }
    return true;
}

static int compare_slices(struct slice a, struct slice b)
{
    if (a.length != b.length) {
        return a.length < b.length ? -1 : 1;
    }
    return a.length == 0 ? 0 : memcmp(a.data, b.data, a.length);
}

static int compare_patterns(const void *left, const void *right)
{
    const struct route_pattern *a = *(const struct route_pattern *const *)left;
    const struct route_pattern *b = *(const struct route_pattern *const *)right;
    int order = compare_slices(a->host, b->host);
    order = order != 0 ? order : compare_slices(a->path, b->path);
    if (order != 0) {
        return order;
    }
    return a < b ? -1 : a > b; /* both stand in one array, in the order of the files */
}

static void report_conflict(const struct patterns *patterns, const struct route_pattern *one,
                            const struct route_pattern *other)
{
    const struct pattern_origin *origin = &patterns->origins[other - patterns->items];
    struct diagnostic place = origin->entry != NULL
                                  ? document_at_part(origin->entry, origin->part, DIAGNOSTIC_ERROR)
                                  : document_at_section(origin->section, DIAGNOSTIC_ERROR);
    char hint[512];
    snprintf(hint, sizeof hint, "the first is [route %.*s] at %s:%u", SLICE_PRINT(one->route->name),
             one->source.file, one->source.line);
    diagnostics_add(patterns->builder->diagnostics, &place, hint, "%s: %.*s %.*s",
                    one->route == other->route ? "this route has the same host and path twice"
                                               : "two routes have the same host and path",
                    SLICE_PRINT(other->host.length > 0 ? other->host : SLICE("any host,")),
                    SLICE_PRINT(other->path.length > 0 ? other->path : SLICE("any path")));
}

/* The prefix of all paths takes every path of a host: nothing is left for a route that takes any. */
static void warn_shadowed(const struct patterns *patterns, const struct route_pattern *shadowed,
                          const struct route_pattern *by)
{
    const struct pattern_origin *origin = &patterns->origins[shadowed - patterns->items];
    struct diagnostic place =
        origin->entry != NULL ? document_at_part(origin->entry, origin->part, DIAGNOSTIC_WARNING)
                              : document_at_section(origin->section, DIAGNOSTIC_WARNING);
    char hint[512];
    snprintf(hint, sizeof hint, "its path = /* is at %s:%u", by->source.file, by->source.line);
    diagnostics_add(patterns->builder->diagnostics, &place, hint,
                    "[route %.*s] never gets a request for %.*s: [route %.*s] takes every path",
                    SLICE_PRINT(shadowed->route->name),
                    SLICE_PRINT(shadowed->host.length > 0 ? shadowed->host : SLICE("any host")),
                    SLICE_PRINT(by->route->name));
}

/* In `sorted` the pattern for any path stands before all others of its host. */
static void report_shadowed(const struct patterns *patterns,
                            const struct route_pattern *const *sorted)
{
    const struct route_pattern *any_path = NULL;
    for (unsigned i = 0; i < patterns->count; i++) {
        if (sorted[i]->path.length == 0) {
            any_path = sorted[i];
        } else if (any_path != NULL && slice_equal(sorted[i]->path, SLICE("/*")) &&
                   slice_equal(sorted[i]->host, any_path->host)) {
            warn_shadowed(patterns, any_path, sorted[i]);
        }
    }
}

/* The seal would find one conflict; sorting finds them all. */
void patterns_report_conflicts(struct patterns *patterns)
{
    unsigned count = patterns->count;
    const struct route_pattern **sorted =
        arena_take_array(&patterns->builder->document->arena, count, sizeof(void *));
    if (sorted == NULL) {
        patterns->builder->is_out_of_memory = true;
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        sorted[i] = &patterns->items[i];
    }
    qsort(sorted, count, sizeof(void *), compare_patterns);
    unsigned first = 0;
    for (unsigned i = 1; i < count; i++) {
        bool is_equal = compare_slices(sorted[first]->host, sorted[i]->host) == 0 &&
                        compare_slices(sorted[first]->path, sorted[i]->path) == 0;
        if (is_equal) {
            report_conflict(patterns, sorted[first], sorted[i]);
        } else {
            first = i;
        }
    }
    report_shadowed(patterns, sorted);
}

/* A pattern with its path as servers see it that fold what the readings in force fold. */
struct twin {
    const struct route_pattern *pattern;
    struct slice path;
};

enum { TWINS_MAX = 16 }; /* each of them is judged at each request for one of them */

static int compare_twins(const void *left, const void *right)
{
    const struct twin *a = left;
    const struct twin *b = right;
    int order = compare_slices(a->pattern->host, b->pattern->host);
    order = order != 0 ? order : compare_slices(a->path, b->path);
    return order != 0 ? order : (a->pattern > b->pattern) - (a->pattern < b->pattern);
}

static void report_twin(const struct patterns *patterns, const struct route_pattern *first,
                        const struct route_pattern *other, bool are_too_many)
{
    const struct pattern_origin *origin = &patterns->origins[other - patterns->items];
    if (origin->entry == NULL) {
        return; /* patterns without a path are equal, not twins */
    }
    struct diagnostic place = document_at_part(
        origin->entry, origin->part, are_too_many ? DIAGNOSTIC_ERROR : DIAGNOSTIC_WARNING);
    if (are_too_many) {
        diagnostics_add(
            patterns->builder->diagnostics, &place,
            "path-readings = all -case -slash tells them apart",
            "more than %d paths of one host differ only by case, or by a slash at the end",
            TWINS_MAX);
        return;
    }
    char hint[512];
    snprintf(hint, sizeof hint,
             "path-readings = all -case -slash tells them apart; the first is at %s:%u",
             first->source.file, first->source.line);
    diagnostics_add(
        patterns->builder->diagnostics, &place, hint,
        "%.*s and %.*s differ only by case, or by a slash at the end: what one of their "
        "routes refuses is refused for both",
        SLICE_PRINT(first->path), SLICE_PRINT(other->path));
}

static void report_group(const struct patterns *patterns, const struct twin *twins, unsigned count)
{
    const struct route_pattern *first = twins[0].pattern;
    for (unsigned i = 1; i < count; i++) {
        const struct route_pattern *other = twins[i].pattern;
        bool shares_rules =
            other->route == first->route || other->route->upstream != first->route->upstream;
        bool are_too_many = i == TWINS_MAX;
        if (are_too_many ||
            (!shares_rules && i < TWINS_MAX && !slice_equal(first->path, other->path))) {
            report_twin(patterns, first, other, are_too_many);
        }
    }
}

/* `scratch` has room for all paths. */
static void report_sorted(const struct patterns *patterns, struct twin *twins, char *scratch,
                          unsigned folding)
{
    for (unsigned i = 0; i < patterns->count; i++) {
        struct slice path = patterns->items[i].path;
        twins[i] = (struct twin){&patterns->items[i], policy_fold_pattern(path, folding, scratch)};
        scratch += path.length;
    }
    qsort(twins, patterns->count, sizeof twins[0], compare_twins);
    for (unsigned i = 0; i < patterns->count;) {
        unsigned count = 1;
        while (i + count < patterns->count &&
               slice_equal(twins[i].pattern->host, twins[i + count].pattern->host) &&
               slice_equal(twins[i].path, twins[i + count].path)) {
            count++;
        }
        report_group(patterns, twins + i, count);
        i += count;
    }
}

void patterns_report_twins(struct patterns *patterns)
{
    unsigned left_out = patterns->builder->policy->gateway.left_out_readings;
    unsigned folding = ((left_out & PATH_READING_CASE) == 0 ? FOLDS_CASE : 0) |
                       ((left_out & PATH_READING_SLASH) == 0 ? FOLDS_SLASH : 0);
    size_t bytes = 1;
    for (unsigned i = 0; i < patterns->count; i++) {
        bytes += patterns->items[i].path.length;
    }
    struct arena *arena = &patterns->builder->document->arena;
    char *scratch = arena_take(arena, bytes);
    struct twin *twins = arena_take_array(arena, patterns->count, sizeof *twins);
    if (scratch == NULL || twins == NULL) {
        patterns->builder->is_out_of_memory = true;
        return;
    }
    report_sorted(patterns, twins, scratch, folding);
}
