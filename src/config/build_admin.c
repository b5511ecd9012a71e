#include "build.h"

#include "options.h"

#include <stdio.h>

/* RFC 6761 section 6.3: localhost is always loopback. Any other name may be anything by the time that
 * it is resolved. */
static bool is_loopback(const struct address *address)
{
    struct socket_address literal;
    switch (address->kind) {
    case ADDRESS_UNIX:
        return true;
    case ADDRESS_NAME:
        return slice_equal_ignoring_case(address->host, SLICE("localhost"));
    case ADDRESS_IP:
        return address_to_socket(address, &literal) && socket_address_is_loopback(&literal);
    case ADDRESS_ANY:
    case ADDRESS_BUILTIN:
    case ADDRESS_INHERITED:
        break;
    }
    return false;
}

/* A listener of the same address would leave only one of them a socket. */
static void check_listeners(struct builder *builder, const struct config_entry *entry,
                            const struct policy_admin *wanted)
{
    for (unsigned i = 0; i < builder->policy->listener_count; i++) {
        const struct policy_listener *listener = &builder->policy->listeners[i];
        if (listener->bind_text.length == 0 ||
            !build_is_same_address(&listener->bind, &wanted->bind)) {
            continue;
        }
        struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
        char hint[256];
        snprintf(hint, sizeof hint, "[listener %.*s] at %s:%u has it", SLICE_PRINT(listener->name),
                 listener->source.file, listener->source.line);
        diagnostics_add(builder->diagnostics, &place, hint,
                        "%s and a listener cannot bind the same address", entry->option->key);
        return;
    }
}

/* The admin listener serves the two pages of `health`, too. */
static void check_admin(struct builder *builder, const struct config_entry *entry,
                        const struct policy_admin *admin, const struct policy_admin *health)
{
    if (!admin->is_on || !build_is_same_address(&admin->bind, &health->bind)) {
        return;
    }
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
    diagnostics_add(
        builder->diagnostics, &place,
        "admin serves /healthz and /readyz, too: leave health out, or give it a port of its own",
        "health and admin cannot bind the same address");
}

static void check_public(struct builder *builder, const struct config_entry *entry,
                         const struct policy_admin *admin)
{
    if (admin->is_public || is_loopback(&admin->bind)) {
        return;
    }
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
    diagnostics_add(builder->diagnostics, &place,
                    "bind 127.0.0.1:PORT, [::1]:PORT or unix:/path, or set admin-public = yes",
                    "other machines could reach the admin listener at %.*s",
                    SLICE_PRINT(admin->bind_text));
}

static bool is_unix(const struct policy_admin *wanted)
{
    return wanted->is_on && wanted->bind.kind == ADDRESS_UNIX;
}

static void check_mode(struct builder *builder, const struct config_section *section,
                       const struct policy_admin *admin, const struct policy_admin *health)
{
    const struct config_entry *entry = options_entry(section, "admin-mode");
    bool has_listener = admin->is_on || health->is_on;
    if (entry == NULL || !has_listener || is_unix(admin) || is_unix(health)) {
        return;
    }
    struct diagnostic place = document_at_key(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place,
                    "admin-mode is for admin = unix:/path and health = unix:/path",
                    "a TCP listener has no permissions: \"admin-mode\" does nothing");
}

/* Who may reach a socket that systemd has opened cannot be told from here. */
static const char *bind_problem(struct slice text, struct address *address)
{
    const char *problem = address_parse(text, address);
    if (problem != NULL) {
        return problem;
    }
    switch (address->kind) {
    case ADDRESS_BUILTIN:
        return "builtin: is for the server of an upstream";
    case ADDRESS_INHERITED:
        return "systemd: is for the bind of a [listener]";
    default:
        return NULL;
    }
}

/* Reads the address; the entry, or NULL where there is no listener to look at further. */
static const struct config_entry *read_bind(struct builder *builder,
                                            const struct config_section *section, const char *key,
                                            struct policy_admin *wanted)
{
    const struct config_entry *entry = options_entry(section, key);
    if (entry == NULL || slice_equal(entry->value, SLICE("off"))) {
        return NULL;
    }
    wanted->bind_text = options_copy(builder, entry->value);
    struct rule_source source = options_source(entry);
    wanted->file = source.file;
    wanted->line = source.line;
    const char *problem = bind_problem(wanted->bind_text, &wanted->bind);
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
        return NULL;
    }
    wanted->is_on = true;
    return entry;
}

void build_admin(struct builder *builder)
{
    const struct config_section *section = document_gateway(builder->document);
    struct policy_admin *admin = &builder->policy->process.admin;
    struct policy_admin *health = &builder->policy->process.health;
    builder->policy->process.drain_delay_ms = options_unsigned(builder, section, "drain-delay");
    admin->mode = health->mode = options_unsigned(builder, section, "admin-mode");
    admin->is_public = options_word(builder, section, "admin-public") == 1;
    const struct config_entry *entry = read_bind(builder, section, "admin", admin);
    if (entry != NULL) {
        check_public(builder, entry, admin);
        check_listeners(builder, entry, admin);
    }
    /* Its two words are no secret. */
    health->is_public = true;
    entry = read_bind(builder, section, "health", health);
    if (entry != NULL) {
        check_listeners(builder, entry, health);
        check_admin(builder, entry, admin, health);
    }
    check_mode(builder, section, admin, health);
}
