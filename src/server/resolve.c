#include "verbgate/server/resolve.h"

#include "verbgate/net/resolver.h"

#include <stdio.h>

static bool is_legacy(const struct policy_server *server)
{
    return server->address.kind == ADDRESS_BUILTIN &&
           slice_equal(server->address.host, SLICE("legacy"));
}

bool resolve_needs_legacy(const struct policy *policy)
{
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        const struct policy_upstream *upstream = &policy->upstreams[i];
        for (unsigned j = 0; j < upstream->server_count; j++) {
            if (is_legacy(&upstream->servers[j])) {
                return true;
            }
        }
    }
    return false;
}

static const char *resolve_server(struct policy *policy, struct policy_server *server,
                                  const struct socket_address *legacy)
{
    struct socket_address sockets[RESOLVER_ADDRESSES_MAX];
    unsigned count = 1;
    if (server->address.kind == ADDRESS_BUILTIN) {
        if (!is_legacy(server) || legacy == NULL) {
            return "there is no such built-in backend";
        }
        sockets[0] = *legacy;
    } else {
        const char *problem = resolver_resolve(&server->address, sockets, &count);
        if (problem != NULL) {
            return problem;
        }
    }
    return policy_set_sockets(policy, server, sockets, count) ? NULL : "out of memory";
}

bool resolve_policy(struct policy *policy, const struct socket_address *legacy,
                    char problem[RESOLVE_PROBLEM_MAX])
{
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        struct policy_upstream *upstream = &policy->upstreams[i];
        for (unsigned j = 0; j < upstream->server_count; j++) {
            struct policy_server *server = &upstream->servers[j];
            const char *reason = resolve_server(policy, server, legacy);
            if (reason != NULL) {
                snprintf(
                    problem, RESOLVE_PROBLEM_MAX,
                    "%s:%u: the server %.*s of upstream %.*s cannot be resolved: %s; correct the "
                    "name, or write an address",
                    server->source.file, server->source.line, SLICE_PRINT(server->text),
                    SLICE_PRINT(upstream->name), reason);
                return false;
            }
        }
    }
    return true;
}
