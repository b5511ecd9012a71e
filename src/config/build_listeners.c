#include "build.h"

#include "options.h"

#include <stdio.h>

enum { FAMILY_V4 = 1, FAMILY_V6 = 2 };

/* The families that an address takes a port of; none for a name, which is resolved later. */
static unsigned families(const struct address *address)
{
    switch (address->kind) {
    case ADDRESS_ANY:
        return FAMILY_V4 | FAMILY_V6;
    case ADDRESS_IP:
        return slice_find(address->host, ':') < address->host.length ? FAMILY_V6 : FAMILY_V4;
    default:
        return 0;
    }
}

/* Those of which it takes every address. */
static unsigned whole_families(const struct address *address)
{
    bool is_whole = address->kind == ADDRESS_ANY || slice_equal(address->host, SLICE("0.0.0.0")) ||
                    slice_equal(address->host, SLICE("::"));
    return is_whole ? families(address) : 0;
}

bool build_is_same_address(const struct address *a, const struct address *b)
{
    bool is_tcp_a = a->kind != ADDRESS_UNIX && a->kind != ADDRESS_INHERITED;
    bool is_tcp_b = b->kind != ADDRESS_UNIX && b->kind != ADDRESS_INHERITED;
    if (!is_tcp_a || !is_tcp_b) {
        return a->kind == b->kind && slice_equal(a->host, b->host);
    }
    if (a->port != b->port || a->port == 0) {
        return false; /* port 0 takes a free port each time */
    }
    return slice_equal_ignoring_case(a->host, b->host) || (whole_families(a) & families(b)) != 0 ||
           (whole_families(b) & families(a)) != 0;
}

static void check_bind(struct builder *builder, const struct config_entry *entry,
                       const struct policy_listener *listener)
{
    for (const struct policy_listener *other = builder->policy->listeners; other < listener;
         other++) {
        if (other->bind_text.length == 0 || !build_is_same_address(&other->bind, &listener->bind)) {
            continue;
        }
        struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
        char hint[256];
        snprintf(hint, sizeof hint,
                 whole_families(&other->bind) != 0
                     ? "[listener %.*s] at %s:%u has every address of this port"
                     : "[listener %.*s] at %s:%u has it",
                 SLICE_PRINT(other->name), other->source.file, other->source.line);
        diagnostics_add(builder->diagnostics, &place, hint,
                        "two listeners cannot bind the same address");
        return;
    }
}

static void read_bind(struct builder *builder, const struct config_section *section,
                      struct policy_listener *listener)
{
    const struct config_entry *entry = options_required(builder, section, "bind");
    if (entry == NULL) {
        return;
    }
    struct slice text = options_copy(builder, entry->value);
    if (text.data == NULL) {
        return;
    }
    const char *problem = address_parse(text, &listener->bind);
    if (problem == NULL && listener->bind.kind == ADDRESS_BUILTIN) {
        problem = "builtin: is for the server of an upstream";
    }
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
        return;
    }
    listener->bind_text = text;
    check_bind(builder, entry, listener);
}

static void check_mode(struct builder *builder, const struct config_section *section,
                       const struct policy_listener *listener)
{
    const struct config_entry *entry = options_entry(section, "mode");
    if (entry == NULL || listener->bind_text.length == 0 || listener->bind.kind == ADDRESS_UNIX) {
        return;
    }
    struct diagnostic place = document_at_key(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place, "mode is for bind = unix:/path",
                    "only a Unix socket that is bound here has permissions: \"mode\" does nothing");
}

static unsigned count_sections(const struct builder *builder)
{
    unsigned count = 0;
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        count += section->kind == SCHEMA_LISTENER;
    }
    return count;
}

void build_listeners(struct builder *builder)
{
    struct policy *policy = builder->policy;
    unsigned count = count_sections(builder);
    policy->listeners = arena_take_array(&policy->arena, count, sizeof policy->listeners[0]);
    if (policy->listeners == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        if (section->kind != SCHEMA_LISTENER) {
            continue;
        }
        struct policy_listener *listener = &policy->listeners[policy->listener_count++];
        listener->name = options_copy(builder, section->name);
        listener->source = options_section_source(section);
        listener->backlog = options_unsigned(builder, section, "backlog");
        listener->mode = options_unsigned(builder, section, "mode");
        read_bind(builder, section, listener);
        check_mode(builder, section, listener);
    }
}
