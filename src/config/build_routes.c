/* Routes: which upstream, and which methods. */
#include "build.h"

#include "methods.h"
#include "options.h"
#include "patterns.h"

#include <stdio.h>

enum { HINT_BYTES = 512 };

static struct slice nearest_upstream(const struct builder *builder, struct slice name)
{
    struct slice nearest = SLICE("");
    unsigned best = 3;
    for (unsigned i = 0; i < builder->policy->upstream_count; i++) {
        struct slice candidate = builder->policy->upstreams[i].name;
        unsigned distance = slice_equal_ignoring_case(candidate, name)
                                ? 0
                                : slice_distance(candidate, name, best - 1);
        if (distance < best && distance < name.length) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

static void refuse_upstream(struct builder *builder, const struct config_entry *entry)
{
    if (builder->document->has_refused_section || builder->policy->upstream_count == 0) {
        return; /* what is missing was reported already */
    }
    if (entry->value.length == 0) {
        options_refuse(builder, entry, entry->value, "it is empty", NULL);
        return;
    }
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
    struct slice near = nearest_upstream(builder, entry->value);
    char hint[HINT_BYTES];
    snprintf(hint, sizeof hint, "did you mean \"%.*s\"?", SLICE_PRINT(near));
    diagnostics_add(builder->diagnostics, &place, near.length > 0 ? hint : NULL,
                    "there is no [upstream %.*s]", SLICE_PRINT(entry->value));
}

/* The upstream of a route, or NULL when that is an error. */
static const struct policy_upstream *choose_upstream(struct builder *builder,
                                                     const struct config_section *section)
{
    const struct policy *policy = builder->policy;
    const struct config_entry *entry = options_entry(section, "upstream");
    if (entry == NULL && policy->upstream_count == 1) {
        return &policy->upstreams[0];
    }
    if (entry == NULL) {
        if (policy->upstream_count > 1 && !builder->document->has_refused_section) {
            struct diagnostic place = document_at_section(section, DIAGNOSTIC_ERROR);
            diagnostics_add(builder->diagnostics, &place, "add upstream = NAME",
                            "[route %.*s] names no upstream, and there are %u",
                            SLICE_PRINT(section->name), policy->upstream_count);
        }
        return NULL;
    }
    const struct config_section *found =
        document_find(builder->document, SCHEMA_UPSTREAM, entry->value);
    if (found == NULL) {
        refuse_upstream(builder, entry);
        return NULL;
    }
    return &policy->upstreams[found->index];
}

/* A method that is written out in `allow` and that the upstream lacks is a contradiction: the
 * answer would be 501 and never what the route says. Presets and "*" are cut down silently. */
static void report_missing(struct builder *builder, const struct config_entry *entry,
                           const struct policy_upstream *upstream, const struct method_set *missing)
{
    char hint[HINT_BYTES];
    struct writer writer = writer_make(hint, sizeof hint - 1);
    writer_literal(&writer, "it implements ");
    method_set_write(&writer, &upstream->implements, &builder->policy->extensions);
    writer_format(&writer, " (%s:%u)", upstream->implements_source.file,
                  upstream->implements_source.line);
    hint[writer.length] = '\0';
    struct slice rest = entry->value;
    struct slice word;
    bool is_taken_away;
    while (methods_next_word(&rest, &word, &is_taken_away)) {
        enum method method = method_extensions_find(&builder->policy->extensions, word);
        if (is_taken_away || method == METHOD_UNKNOWN || !method_set_has(missing, method)) {
            continue;
        }
        struct diagnostic place = document_at_part(entry, word, DIAGNOSTIC_ERROR);
        diagnostics_add(builder->diagnostics, &place, hint,
                        "%.*s is allowed here, but [upstream %.*s] does not implement it",
                        SLICE_PRINT(word), SLICE_PRINT(upstream->name));
    }
}

/* HEAD and OPTIONS that the gateway itself answers or rewrites need not be implemented. */
static void take_answered(const struct method_rules *rules, struct method_set *missing)
{
    if (rules->head == HEAD_FROM_GET) {
        method_set_remove(missing, METHOD_HEAD);
    }
    if (rules->options != OPTIONS_FORWARD) {
        method_set_remove(missing, METHOD_OPTIONS);
    }
}

/* What the upstream implements, and what this route has sent to it as POST. */
static struct method_set taken_by(const struct policy_route *route)
{
    struct method_set takes = route->upstream->implements;
    method_set_unite(&takes, &route->settings.translation.send_as_post);
    return takes;
}

static void read_allow(struct builder *builder, const struct config_section *section,
                       struct policy_route *route)
{
    const struct config_entry *entry = options_entry(section, "allow");
    const struct policy_upstream *upstream = route->upstream;
    struct methods_list list;
    route->has_allow = entry != NULL;
    route->allow_source = options_source(entry);
    if (entry == NULL) {
        route->allow = upstream != NULL ? taken_by(route) : methods_any(builder);
        return;
    }
    if (!methods_read(builder, entry, &list) || upstream == NULL ||
        method_set_is_empty(&upstream->implements)) {
        return; /* reported already */
    }
    struct method_set takes = taken_by(route);
    struct method_set missing = method_set_without(&list.named, &takes);
    take_answered(&route->settings.methods, &missing);
    route->allow = list.set;
    method_set_intersect(&route->allow, &takes);
    if (!method_set_is_empty(&missing)) {
        report_missing(builder, entry, upstream, &missing);
    } else if (method_set_is_empty(&route->allow)) {
        options_refuse(builder, entry, entry->value,
                       "the upstream implements none of these methods", NULL);
    }
}

static void warn_unused(struct builder *builder, const bool *is_used)
{
    if (builder->document->has_refused_section) {
        return;
    }
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        if (section->kind == SCHEMA_UPSTREAM && !is_used[section->index]) {
            struct diagnostic place = document_at_section(section, DIAGNOSTIC_WARNING);
            diagnostics_add(builder->diagnostics, &place, NULL,
                            "no route uses [upstream %.*s]: it gets no requests",
                            SLICE_PRINT(section->name));
        }
    }
}

static void read_route(struct builder *builder, const struct config_section *section,
                       struct policy_route *route)
{
    route->index = section->index;
    route->name = options_copy(builder, section->name);
    route->source = options_section_source(section);
    route->upstream = choose_upstream(builder, section);
    build_settings(builder, section,
                   route->upstream == NULL ? &builder->policy->gateway.settings
                                           : &route->upstream->settings,
                   &route->settings);
    if (route->upstream != NULL) {
        build_warn_post(builder, section, route->upstream);
    }
    read_allow(builder, section, route);
}

/* Makes policy->routes; false when memory is short. */
static bool prepare(struct builder *builder)
{
    struct policy *policy = builder->policy;
    unsigned count = 0;
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        count += section->kind == SCHEMA_ROUTE;
    }
    policy->routes = arena_take_array(&policy->arena, count, sizeof policy->routes[0]);
    if (policy->routes == NULL) {
        builder->is_out_of_memory = true;
        return false;
    }
    policy->route_count = count;
    return true;
}

const struct route_pattern *build_routes(struct builder *builder, unsigned *count)
{
    struct policy *policy = builder->policy;
    struct patterns patterns;
    bool *is_used =
        arena_take_array(&builder->document->arena, policy->upstream_count, sizeof(bool));
    builder->is_out_of_memory |= is_used == NULL;
    if (builder->is_out_of_memory || !prepare(builder) || policy->route_count == 0 ||
        !patterns_prepare(&patterns, builder)) {
        return NULL;
    }
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        if (section->kind != SCHEMA_ROUTE) {
            continue;
        }
        struct policy_route *route = &policy->routes[section->index];
        read_route(builder, section, route);
        patterns_add(&patterns, section, route);
        if (route->upstream != NULL) {
            is_used[route->upstream->index] = true;
        }
    }
    patterns_report_conflicts(&patterns);
    patterns_report_twins(&patterns);
    warn_unused(builder, is_used);
    *count = patterns.count;
    return patterns.items;
}
