#include "small_policy.h"

#include <assert.h>

static struct policy *create(void)
{
    struct policy *policy = policy_create((size_t)64 * 1024);
    assert(policy != NULL);
    policy->upstreams = arena_take_array(&policy->arena, 1, sizeof *policy->upstreams);
    assert(policy->upstreams != NULL);
    policy->upstream_count = 1;
    policy->upstreams[0] = (struct policy_upstream){
        .name = SLICE("all"),
        .implements = {.any = true},
        .versions = POLICY_VERSION_ALL,
        .settings = {.limits = {.max_body = UINT64_MAX}},
    };
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT; i++) {
        method_set_add(&policy->upstreams[0].implements, (enum method)i);
    }
    return policy;
}

static void seal(struct policy *policy, const struct route_pattern *patterns, unsigned count)
{
    unsigned first;
    unsigned second;
    enum policy_seal_status status = policy_seal(policy, patterns, count, &first, &second);
    assert(status == POLICY_SEALED);
    (void)status;
}

const struct policy *small_policy_open(void)
{
    static struct policy *policy;
    if (policy == NULL) {
        policy = create();
        seal(policy, NULL, 0);
    }
    return policy;
}

static void add_route(struct policy *policy, const char *name)
{
    policy->routes[policy->route_count] = (struct policy_route){
        .index = policy->route_count,
        .name = slice_of(name),
        .upstream = &policy->upstreams[0],
        .settings = {.limits = {.max_body = UINT64_MAX}},
    };
    policy->route_count++;
}

const struct policy *small_policy_read_only(void)
{
    static struct policy *policy;
    if (policy == NULL) {
        policy = create();
        policy->routes = arena_take_array(&policy->arena, 3, sizeof *policy->routes);
        assert(policy->routes != NULL);
        add_route(policy, "read-only");
        add_route(policy, "open");
        add_route(policy, "read-only-exact");
        policy->routes[0].has_allow = policy->routes[2].has_allow = true;
        method_set_add(&policy->routes[0].allow, METHOD_GET);
        method_set_add(&policy->routes[2].allow, METHOD_GET);
        const struct route_pattern patterns[] = {
            {.path = SLICE("/ro/*"), .route = &policy->routes[0]},
            {.route = &policy->routes[1]},
            {.path = SLICE("/rp"), .route = &policy->routes[2]},
        };
        seal(policy, patterns, 3);
    }
    return policy;
}
