/* Warnings about settings that have no effect, or end earlier than they say, once all sections are read. */
#include "build.h"

#include "options.h"

/* ---- webhook-rate: part of the answer to a handshake, which is answered only where senders are listed */

/* Marks the upstreams that answer handshakes, on any of their routes or without one. Returns whether one does. */
static bool find_handshakes(const struct policy *policy, bool *is_answered)
{
    bool is_any = false;
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        is_answered[i] = method_rules_has_webhook(&policy->upstreams[i].settings.methods);
        is_any |= is_answered[i];
    }
    for (unsigned i = 0; i < policy->route_count; i++) {
        const struct policy_route *route = &policy->routes[i];
        if (method_rules_has_webhook(&route->settings.methods)) {
            is_answered[route->upstream->index] = true;
            is_any = true;
        }
    }
    return is_any;
}

static bool has_handshakes(const struct policy *policy, const struct config_section *section,
                           const bool *is_answered, bool is_any)
{
    switch (section->kind) {
    case SCHEMA_UPSTREAM:
        return is_answered[section->index];
    case SCHEMA_ROUTE:
        return method_rules_has_webhook(&policy->routes[section->index].settings.methods);
    default:
        return is_any;
    }
}

static void warn_rates(struct builder *builder)
{
    const struct policy *policy = builder->policy;
    bool *is_answered =
        arena_take_array(&builder->document->arena, policy->upstream_count, sizeof(bool));
    if (is_answered == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    bool is_any = find_handshakes(policy, is_answered);
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        if (schema_find(section->kind, SLICE("webhook-rate")) == NULL) {
            continue;
        }
        const struct config_entry *entry = options_entry(section, "webhook-rate");
        bool is_limit = entry != NULL && !slice_equal(entry->value, SLICE("*"));
        if (is_limit && !has_handshakes(policy, section, is_answered, is_any)) {
            struct diagnostic place = document_at_key(entry, DIAGNOSTIC_WARNING);
            diagnostics_add(builder->diagnostics, &place,
                            "list the senders in webhook-origins, or leave this out",
                            "it has no effect: no handshake is answered without webhook-origins");
        }
    }
}

/* ---- max-body, where content is buffered and buffer-max is less */

static bool is_cut(const struct policy_settings *settings)
{
    return settings->translation.buffer_request != BUFFER_REQUEST_OFF &&
           settings->limits.max_body != UINT64_MAX &&
           settings->limits.max_body > settings->translation.buffer_max;
}

/* Of an upstream or a route; NULL for other sections. */
static const struct policy_settings *settings_of(const struct policy *policy,
                                                 const struct config_section *section)
{
    switch (section->kind) {
    case SCHEMA_UPSTREAM:
        return &policy->upstreams[section->index].settings;
    case SCHEMA_ROUTE:
        return &policy->routes[section->index].settings;
    default:
        return NULL;
    }
}

static bool sets_any(const struct config_section *section)
{
    return options_entry(section, "max-body") != NULL ||
           options_entry(section, "buffer-request") != NULL ||
           options_entry(section, "buffer-max") != NULL;
}

/* The line that says what max-body is for a section. There is one, since no limit is the default. */
static const struct config_entry *find_max_body(const struct builder *builder,
                                                const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "max-body");
    if (entry == NULL && section->kind == SCHEMA_ROUTE) {
        struct slice name = builder->policy->routes[section->index].upstream->name;
        entry = options_entry(document_find(builder->document, SCHEMA_UPSTREAM, name), "max-body");
    }
    return entry != NULL ? entry : options_entry(document_gateway(builder->document), "max-body");
}

static void warn_cut(struct builder *builder, const struct config_section *section,
                     const struct policy_settings *settings)
{
    struct diagnostic place =
        document_at_value(find_max_body(builder, section), DIAGNOSTIC_WARNING);
    diagnostics_add(
        builder->diagnostics, &place, "raise buffer-max, or lower max-body",
        "[%s %.*s] buffers content, of which more than buffer-max = %llu bytes gets 413",
        schema_section_name(section->kind), SLICE_PRINT(section->name),
        (unsigned long long)settings->translation.buffer_max);
}

/* What several inherit is said of the first of them. */
static void warn_limits(struct builder *builder)
{
    bool is_told = false;
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        const struct policy_settings *settings = settings_of(builder->policy, section);
        if (settings == NULL || !is_cut(settings)) {
            continue;
        }
        bool is_own = sets_any(section);
        if (is_own || (section->kind == SCHEMA_UPSTREAM && !is_told)) {
            warn_cut(builder, section, settings);
        }
        is_told |= !is_own;
    }
}

void build_warn_effects(struct builder *builder)
{
    warn_rates(builder);
    warn_limits(builder);
}
