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
                            const struct policy_admin *admin)
{
    for (unsigned i = 0; i < builder->policy->listener_count; i++) {
        const struct policy_listener *listener = &builder->policy->listeners[i];
        if (listener->bind_text.length == 0 ||
            !build_is_same_address(&listener->bind, &admin->bind)) {
            continue;
        }
        struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
        char hint[256];
        snprintf(hint, sizeof hint, "[listener %.*s] at %s:%u has it", SLICE_PRINT(listener->name),
                 listener->source.file, listener->source.line);
        diagnostics_add(builder->diagnostics, &place, hint,
                        "admin and a listener cannot bind the same address");
        return;
    }
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

static void check_mode(struct builder *builder, const struct config_section *section,
                       const struct policy_admin *admin)
{
    const struct config_entry *entry = options_entry(section, "admin-mode");
    if (entry == NULL || !admin->is_on || admin->bind.kind == ADDRESS_UNIX) {
        return;
    }
    struct diagnostic place = document_at_key(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place, "admin-mode is for admin = unix:/path",
                    "a TCP listener has no permissions: \"admin-mode\" does nothing");
}

/* Who may reach a socket that systemd has opened cannot be told from here. */
static const char *admin_problem(struct slice text, struct address *address)
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

void build_admin(struct builder *builder)
{
    const struct config_section *section = document_gateway(builder->document);
    const struct config_entry *entry = options_entry(section, "admin");
    struct policy_admin *admin = &builder->policy->gateway.admin;
    builder->policy->gateway.drain_delay_ms = options_unsigned(builder, section, "drain-delay");
    admin->mode = options_unsigned(builder, section, "admin-mode");
    admin->is_public = options_word(builder, section, "admin-public") == 1;
    if (entry == NULL || slice_equal(entry->value, SLICE("off"))) {
        return;
    }
    admin->bind_text = options_copy(builder, entry->value);
    struct rule_source source = options_source(entry);
    admin->file = source.file;
    admin->line = source.line;
    const char *problem = admin_problem(admin->bind_text, &admin->bind);
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
        return;
    }
    admin->is_on = true;
    check_public(builder, entry, admin);
    check_listeners(builder, entry, admin);
    check_mode(builder, section, admin);
}
