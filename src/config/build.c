#include "build.h"

#include "methods.h"
#include "options.h"
#include "verbgate/config/load.h"
#include "verbgate/http/token.h"

#include <stdio.h>

enum { HINT_BYTES = 256 };

void build_report_memory(const struct config_document *document, struct diagnostics *diagnostics)
{
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR};
    if (document->first_file != NULL) {
        place = document_at_file(document->first_file, DIAGNOSTIC_ERROR);
    }
    diagnostics_add(diagnostics, &place, NULL, "the configuration needs more than 64 MiB");
}

/* Goes into the Via and Proxy-Status fields as it is: a token for both (RFC 9110 section 7.6.3,
 * RFC 8941 section 3.3.4). */
static const char *name_problem(struct slice name)
{
    enum { NAME_MAX_BYTES = 64 };
    if (!token_is_valid(name)) {
        return "it has a character that no token has";
    }
    if (name.length > NAME_MAX_BYTES) {
        return "it is longer than 64 bytes";
    }
    char first = ascii_lower(name.data[0]);
    return first >= 'a' && first <= 'z' ? NULL : "it starts with something else than a letter";
}

static struct slice read_name(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "name");
    const char *problem = entry == NULL ? NULL : name_problem(entry->value);
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
    }
    return options_copy(builder, options_text(section, "name"));
}

static const char *read_directory(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "buffer-directory");
    struct slice text = options_text(section, "buffer-directory");
    if (entry != NULL && !slice_starts_with(text, SLICE("/"))) {
        options_refuse(builder, entry, text, "it does not start with '/'", NULL);
    }
    return options_copy(builder, text).data;
}

static void check_target(struct builder *builder, const struct config_section *section)
{
    struct policy_gateway *gateway = &builder->policy->gateway;
    if (gateway->max_target < gateway->max_head) {
        return;
    }
    const struct config_entry *entry = options_entry(section, "max-target");
    entry = entry != NULL ? entry : options_entry(section, "max-head");
    if (entry == NULL) {
        return;
    }
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
    char hint[HINT_BYTES];
    snprintf(hint, sizeof hint,
             "max-target is %zu bytes, max-head %zu, and a head has more than its target",
             gateway->max_target, gateway->max_head);
    diagnostics_add(builder->diagnostics, &place, hint, "max-target must be below max-head");
}

static void read_timeouts(struct builder *builder, const struct config_section *section)
{
    struct policy_gateway *gateway = &builder->policy->gateway;
    gateway->head_timeout_ms = options_unsigned(builder, section, "head-timeout");
    gateway->idle_timeout_ms = options_unsigned(builder, section, "idle-timeout");
    gateway->body_timeout_ms = options_unsigned(builder, section, "body-timeout");
    gateway->linger_timeout_ms = options_unsigned(builder, section, "linger-timeout");
    gateway->half_close_timeout_ms = options_unsigned(builder, section, "half-close-timeout");
    gateway->reuse_delay_ms = options_unsigned(builder, section, "reuse-delay");
    gateway->tunnel_timeout_ms = options_unsigned(builder, section, "tunnel-timeout");
}

static void read_process(struct builder *builder, const struct config_section *section)
{
    struct policy_process *process = &builder->policy->process;
    process->workers = options_unsigned(builder, section, "workers");
    process->max_connections = options_unsigned(builder, section, "max-connections");
    /* The words of the table stand in the order of the enum. */
    process->log_level = (enum log_level)options_word(builder, section, "log-level");
    process->watch_ms = options_unsigned(builder, section, "watch");
    process->drain_timeout_ms = options_unsigned(builder, section, "drain-timeout");
}

void build_gateway(struct builder *builder)
{
    const struct config_section *section = document_gateway(builder->document);
    struct policy_gateway *gateway = &builder->policy->gateway;
    read_process(builder, section);
    build_observation(builder, section);
    gateway->name = read_name(builder, section);
    /* The words of the table stand in the order of these enums. */
    gateway->forwarded = (enum forwarded_mode)options_word(builder, section, "x-forwarded");
    gateway->left_out_readings = PATH_READING_ALL & ~build_path_readings(builder, section);
    gateway->normalises_methods = options_word(builder, section, "method-case") == 1;
    read_timeouts(builder, section);
    gateway->max_requests = options_unsigned(builder, section, "max-requests");
    gateway->max_head = options_number(builder, section, "max-head");
    gateway->max_target = options_number(builder, section, "max-target");
    gateway->max_fields = options_unsigned(builder, section, "max-fields");
    gateway->drain_body = options_number(builder, section, "drain-body");
    gateway->buffer_directory = read_directory(builder, section);
    gateway->buffer_directory_source = options_source(options_entry(section, "buffer-directory"));
    build_settings(builder, section, NULL, &gateway->settings);
    build_observe(builder, section);
    check_target(builder, section);
}

/* by_name has sections of one kind and name next to each other, in the order they were read. */
static void report_duplicates(struct builder *builder)
{
    struct config_document *document = builder->document;
    unsigned first = 0;
    for (unsigned i = 1; i < document->section_count; i++) {
        const struct config_section *one = document->by_name[first];
        const struct config_section *other = document->by_name[i];
        if (one->kind != other->kind || !slice_equal(one->name, other->name)) {
            first = i;
            continue;
        }
        document->has_refused_section = true;
        struct diagnostic place = document_at_section(other, DIAGNOSTIC_ERROR);
        char hint[HINT_BYTES];
        snprintf(hint, sizeof hint, "the first is at %s:%u", one->file->path, one->line);
        diagnostics_add(builder->diagnostics, &place, hint, "there are two sections [%s%s%.*s]",
                        schema_section_name(one->kind), one->name.length > 0 ? " " : "",
                        SLICE_PRINT(one->name));
    }
}

static void copy_paths(struct builder *builder)
{
    for (struct config_file *file = builder->document->first_file; file != NULL;
         file = file->next) {
        file->policy_path = options_copy(builder, slice_of(file->path)).data;
    }
}

static bool has_section(const struct builder *builder, enum schema_section kind)
{
    const struct config_section *section = builder->document->first_section;
    while (section != NULL && section->kind != kind) {
        section = section->next;
    }
    return section != NULL;
}

/* The sections without which there is no policy. */
static void check_presence(struct builder *builder)
{
    if (builder->document->has_refused_section) {
        return;
    }
    struct diagnostic place = document_at_file(builder->document->first_file, DIAGNOSTIC_ERROR);
    if (!has_section(builder, SCHEMA_LISTENER)) {
        diagnostics_add(builder->diagnostics, &place,
                        "add, for example:\n\n    [listener public]\n    bind = 127.0.0.1:8080",
                        "no [listener]: there is nowhere to take requests from");
    }
    if (!has_section(builder, SCHEMA_UPSTREAM)) {
        diagnostics_add(builder->diagnostics, &place,
                        "add, for example:\n\n    [upstream app]\n    server = 127.0.0.1:9000",
                        "no [upstream]: there is nowhere to send requests to");
    }
    if (builder->policy->upstream_count > 1 && !has_section(builder, SCHEMA_ROUTE)) {
        diagnostics_add(builder->diagnostics, &place,
                        "add a [route NAME] with host or path, and upstream = NAME",
                        "several upstreams and no [route]: nothing says which one to use");
    }
}

static void seal(struct builder *builder, const struct route_pattern *patterns, unsigned count)
{
    unsigned first = 0;
    unsigned second = 0;
    switch (policy_seal(builder->policy, patterns, count, &first, &second)) {
    case POLICY_SEALED:
        return;
    case POLICY_SEAL_MEMORY:
        builder->is_out_of_memory = true;
        return;
    case POLICY_SEAL_CONFLICT: {
        /* build_routes compares as the table does; this is for the day when one of them changes. */
        struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                                   .file = slice_of(patterns[second].source.file),
                                   .line = patterns[second].source.line};
        diagnostics_add(builder->diagnostics, &place, NULL,
                        "routes \"%.*s\" and \"%.*s\" match the same requests",
                        SLICE_PRINT(patterns[first].route->name),
                        SLICE_PRINT(patterns[second].route->name));
        return;
    }
    }
}

struct policy *build_policy(struct config_document *document,
                            const struct config_environment *environment,
                            struct diagnostics *diagnostics)
{
    struct builder builder = {.document = document,
                              .environment = environment,
                              .diagnostics = diagnostics,
                              .policy = policy_create(CONFIG_ARENA_MAX)};
    if (builder.policy == NULL) {
        build_report_memory(document, diagnostics);
        return NULL;
    }
    unsigned pattern_count = 0;
    copy_paths(&builder);
    report_duplicates(&builder);
    methods_check_all(&builder);
    build_gateway(&builder);
    build_listeners(&builder);
    build_admin(&builder);
    build_upstreams(&builder);
    const struct route_pattern *patterns = build_routes(&builder, &pattern_count);
    check_presence(&builder);
    if (diagnostics->error_count == 0 && !builder.is_out_of_memory) {
        build_warn_effects(&builder);
        seal(&builder, patterns, pattern_count);
    }
    if (builder.is_out_of_memory) {
        build_report_memory(document, diagnostics);
    }
    if (diagnostics->error_count > 0) {
        policy_release(builder.policy);
        return NULL;
    }
    return builder.policy;
}
