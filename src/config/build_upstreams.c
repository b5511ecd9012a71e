#include "build.h"

#include "methods.h"
#include "options.h"
#include "verbgate/http/target.h"

static const char *server_problem(struct slice text, struct address *address)
{
    const char *problem = address_parse(text, address);
    if (problem != NULL) {
        return problem;
    }
    switch (address->kind) {
    case ADDRESS_ANY:
        return "a server needs a host: write 127.0.0.1:PORT";
    case ADDRESS_NAME:
    case ADDRESS_IP:
        return address->port == 0 ? "nothing can be reached at port 0" : NULL;
    case ADDRESS_BUILTIN:
        return slice_equal(address->host, SLICE("legacy"))
                   ? NULL
                   : "the only backend inside verbgate is builtin:legacy";
    case ADDRESS_INHERITED:
        return "systemd: is for the bind of a listener";
    case ADDRESS_UNIX:
        break;
    }
    return NULL;
}

static void read_server(struct builder *builder, const struct config_entry *entry,
                        struct policy_server *server)
{
    server->text = options_copy(builder, entry->value);
    server->source = options_source(entry);
    if (server->text.data == NULL) {
        return;
    }
    const char *problem = server_problem(server->text, &server->address);
    if (problem != NULL) {
        options_refuse(builder, entry, entry->value, problem, NULL);
        return;
    }
    struct socket_address literal;
    if (address_to_socket(&server->address, &literal) &&
        !policy_set_sockets(builder->policy, server, &literal, 1)) {
        builder->is_out_of_memory = true;
    }
}

static void read_servers(struct builder *builder, const struct config_section *section,
                         struct policy_upstream *upstream)
{
    const struct config_entry *first = options_required(builder, section, "server");
    unsigned count = 0;
    for (const struct config_entry *entry = first; entry != NULL;
         entry = document_next_entry(entry)) {
        if (count == POLICY_SERVERS_MAX) {
            struct diagnostic place = document_at_key(entry, DIAGNOSTIC_ERROR);
            diagnostics_add(builder->diagnostics, &place, NULL,
                            "an upstream has at most %d servers", POLICY_SERVERS_MAX);
            break;
        }
        count++;
    }
    upstream->servers =
        arena_take_array(&builder->policy->arena, count, sizeof upstream->servers[0]);
    if (upstream->servers == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    for (const struct config_entry *entry = first; upstream->server_count < count;
         entry = document_next_entry(entry)) {
        read_server(builder, entry, &upstream->servers[upstream->server_count++]);
    }
}

/* RFC 9110 section 9.1: all general-purpose servers must support GET and HEAD, so a request with
 * one of them is answered 405 and not 501. It may be what a webhook receiver wants. */
static void warn_general(struct builder *builder, const struct config_entry *entry,
                         const struct policy_upstream *upstream)
{
    bool has_get = method_set_has(&upstream->implements, METHOD_GET);
    bool has_head = method_set_has(&upstream->implements, METHOD_HEAD) ||
                    upstream->settings.methods.head != HEAD_FORWARD; /* this is a choice */
    if (has_get && has_head) {
        return;
    }
    const char *missing = has_get ? "HEAD" : has_head ? "GET" : "GET and HEAD";
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place,
                    "RFC 9110 section 9.1: every general-purpose server supports GET and HEAD",
                    "[upstream %.*s] does not implement %s: answered 405, not 501",
                    SLICE_PRINT(upstream->name), missing);
}

/* Nobody knows what a backend does with a method that nobody has heard of. */
static void warn_any(struct builder *builder, const struct config_entry *entry,
                     const struct policy_upstream *upstream)
{
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place,
                    "name the methods that it implements, or @rfc9110 or @webdav",
                    "[upstream %.*s] gets every method, registered or not, but CONNECT, PRI, TRACE "
                    "and what is taken away",
                    SLICE_PRINT(upstream->name));
}

static void read_implements(struct builder *builder, const struct config_section *section,
                            struct policy_upstream *upstream)
{
    const struct config_entry *entry = options_entry(section, "implements");
    upstream->implements_source = options_source(entry);
    if (entry == NULL) {
        upstream->implements = methods_any(builder);
        return;
    }
    struct methods_list list;
    if (methods_read(builder, entry, &list)) {
        upstream->implements = list.set;
        warn_general(builder, entry, upstream);
        if (upstream->implements.any) {
            warn_any(builder, entry, upstream);
        }
    }
}

static void read_versions(struct builder *builder, const struct config_section *section,
                          struct policy_upstream *upstream)
{
    const struct config_entry *entry = options_entry(section, "versions");
    struct slice rest = options_text(section, "versions");
    struct slice word;
    upstream->versions_source = options_source(entry);
    while (options_next_word(&rest, " \t,", &word)) {
        if (slice_equal(word, SLICE("1.0"))) {
            upstream->versions |= POLICY_VERSION_1_0;
        } else if (slice_equal(word, SLICE("1.1"))) {
            upstream->versions |= POLICY_VERSION_1_1;
        } else {
            options_refuse(builder, entry, word, "there is no such version", NULL);
            return;
        }
    }
    if (upstream->versions == 0) {
        options_refuse(builder, entry, entry->value, "it names no version", NULL);
    }
}

/* RFC 9110 section 7.2: uri-host with an optional port. An empty value is the same as none. */
static void read_host_header(struct builder *builder, const struct config_section *section,
                             struct policy_upstream *upstream)
{
    const struct config_entry *entry = options_entry(section, "host-header");
    struct slice text = options_text(section, "host-header");
    struct slice host;
    if (text.length > 0 && target_split_host(text, false, &host) != FAULT_NONE) {
        options_refuse(builder, entry, text, "it is not what a Host field holds", NULL);
        return;
    }
    upstream->host_header = options_copy(builder, text);
}

static void read_upstream(struct builder *builder, const struct config_section *section,
                          struct policy_upstream *upstream)
{
    upstream->index = section->index;
    upstream->name = options_copy(builder, section->name);
    upstream->source = options_section_source(section);
    read_servers(builder, section, upstream);
    build_settings(builder, section, &builder->policy->gateway.settings, &upstream->settings);
    read_implements(builder, section, upstream);
    read_versions(builder, section, upstream);
    read_host_header(builder, section, upstream);
    upstream->connect_timeout_ms = options_unsigned(builder, section, "connect-timeout");
    upstream->response_timeout_ms = options_unsigned(builder, section, "response-timeout");
    upstream->idle_timeout_ms = options_unsigned(builder, section, "idle-timeout");
    upstream->reuse_delay_ms = options_entry(section, "reuse-delay") == NULL
                                   ? builder->policy->gateway.reuse_delay_ms
                                   : options_unsigned(builder, section, "reuse-delay");
    upstream->max_idle = options_unsigned(builder, section, "max-idle");
    upstream->sends_http_10 = options_word(builder, section, "send-version") == 1;
    build_warn_post(builder, section, upstream);
}

void build_upstreams(struct builder *builder)
{
    struct policy *policy = builder->policy;
    unsigned count = 0;
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        count += section->kind == SCHEMA_UPSTREAM;
    }
    policy->upstreams = arena_take_array(&policy->arena, count, sizeof policy->upstreams[0]);
    if (policy->upstreams == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    policy->upstream_count = count;
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        if (section->kind == SCHEMA_UPSTREAM) {
            read_upstream(builder, section, &policy->upstreams[section->index]);
        }
    }
}
