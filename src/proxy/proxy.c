#include "verbgate/proxy/proxy.h"

#include "verbgate/downstream/connection.h"

#include <assert.h>

enum {
    KEEP_DOWNSTREAMS = 1024, /* spare objects that are kept for the next burst */
    KEEP_REQUESTS = 128,
    KEEP_RESPONSES = 32, /* few are out at once, as most answers come whole */
    KEEP_UPSTREAMS = 256,
    HEAD_EXTRA =
        24 *
        1024, /* what a head may grow by on its way: the gateway's own fields, Via and others */
    /* X-Forwarded-Host repeats the host, and host-header may be as long as a line of the policy. */
    HOST_HEADER_MAX = 8 * 1024,
    STORE_BYTES = 64 * 1024 * 1024, /* of kept content in memory, per worker */
};

_Static_assert((int)CONTEXT_SCRATCH_BYTES >= (int)RELAY_ROOM_MOST, "the largest read has room");

static size_t region_bytes_of(const struct policy *policy)
{
    return policy->gateway.max_head + CONTEXT_CONTENT_ROOM;
}

static size_t out_bytes_of(const struct policy *policy)
{
    return 2 * policy->gateway.max_head + HEAD_EXTRA + HOST_HEADER_MAX;
}

/* ---- life */

static void init_slabs(struct context *context, unsigned connections)
{
    /* One that is closing, and one that is taken in beyond the limit, when the process stops. */
    unsigned most = connections + 1;
    slab_init(&context->downstreams, sizeof(struct downstream), most, KEEP_DOWNSTREAMS);
    slab_init(&context->requests, h1_object_bytes(context->region_bytes), most, KEEP_REQUESTS);
    slab_init(&context->responses, response_object_bytes(context->region_bytes), most,
              KEEP_RESPONSES);
    /* Each exchange has at most one connection to a server; a closing one may overlap with its successor, and
     * idle ones come on top. */
    slab_init(&context->upstreams, sizeof(struct upstream_connection), 4 * (size_t)most + 1024,
              KEEP_UPSTREAMS);
}

/* For the other workers, which compare whose client has been idle for longest. */
static void tell_longest_idle(struct context *context)
{
    uint64_t due_ms = UINT64_MAX;
    if (!list_is_empty(&context->idle)) {
        due_ms = LIST_OBJECT(context->idle.next, struct downstream, ready.node)->deadline.due_ms;
    }
    counter_set(&context->idle_due_ms, due_ms);
}

static void on_turn(uv_prepare_t *turn_counter)
{
    struct context *context = LIST_OBJECT(turn_counter, struct context, turn_counter);
    context_begin_turn(context);
    tell_longest_idle(context);
}

bool proxy_init(struct context *context, uv_loop_t *loop, const struct policy *policy,
                struct proxy_limits limits, const struct context_events *events, void *owner)
{
    if (!context_init(context, loop, events, owner)) {
        return false;
    }
    context->region_bytes = region_bytes_of(policy);
    context->store_memory.most = STORE_BYTES;
    context->pipes.most = limits.pipes;
    context->private_most =
        limits.private_connections > 0 ? limits.private_connections : limits.connections;
    context->on_login_cut = downstream_on_login_cut;
    init_slabs(context, limits.connections);
    if (context_grow_out(context, out_bytes_of(policy))) {
        context->snapshot = snapshot_create(context, policy);
    }
    if (context->snapshot == NULL) {
        context_finish(context);
        return false;
    }
    context_start(context, on_turn);
    return true;
}

bool proxy_install(struct context *context, const struct policy *policy)
{
    /* `out` only grows: an exchange under an older policy may still need the larger one. */
    if (!context_grow_out(context, out_bytes_of(policy))) {
        return false;
    }
    struct snapshot *snapshot = snapshot_create(context, policy);
    if (snapshot == NULL) {
        return false;
    }
    snapshot_release(context->snapshot);
    context->snapshot = snapshot;
    if (context->region_bytes != region_bytes_of(policy)) {
        context->region_bytes = region_bytes_of(policy);
        slab_resize(&context->requests, h1_object_bytes(context->region_bytes));
        slab_resize(&context->responses, response_object_bytes(context->region_bytes));
    }
    return true;
}

void proxy_close(struct context *context)
{
    assert(list_is_empty(&context->connections));
    context_enter_phase(context, CONTEXT_DRAINS);
    snapshot_release(context->snapshot);
    context->snapshot = NULL;
    context_close(context);
}

void proxy_finish(struct context *context)
{
    assert(list_is_empty(&context->pools));
    slab_finish(&context->downstreams);
    slab_finish(&context->requests);
    slab_finish(&context->responses);
    slab_finish(&context->upstreams);
    context_finish(context);
}

/* ---- connections */

bool proxy_accept(struct context *context, int descriptor, const struct socket_address *peer)
{
    return downstream_open(context, descriptor, peer);
}

/* Those whose next request has come already are passed over: this turn of the loop takes them up. */
void proxy_close_idle(struct context *context, unsigned count)
{
    unsigned looks = count + PROXY_IDLE_LOOKS;
    uint64_t latest_due_ms = uv_now(context->loop) +
                             context->snapshot->policy->gateway.idle_timeout_ms -
                             PROXY_IDLE_LEAST_MS;
    struct list_node *node = context->idle.next;
    while (node != &context->idle && count > 0 && looks-- > 0) {
        struct list_node *next = node->next;
        struct downstream *downstream = LIST_OBJECT(node, struct downstream, ready.node);
        if (downstream->deadline.due_ms > latest_due_ms) {
            break; /* as those behind it */
        }
        if (downstream_end_idle(downstream, REASON_CLIENT_DISPLACED)) {
            counter_increment(&context->counters.connections_displaced);
            count--;
        }
        node = next;
    }
}

/* ---- ends */

static void drain(struct context *context, enum context_phase phase)
{
    if (context->phase < phase) {
        context_enter_phase(context, phase);
    }
    struct list_node *node = context->connections.next;
    while (node != &context->connections) {
        struct list_node *next = node->next;
        downstream_drain(LIST_OBJECT(node, struct downstream, node));
        node = next;
    }
}

void proxy_drain(struct context *context)
{
    drain(context, CONTEXT_DRAINS);
}

void proxy_retire(struct context *context)
{
    drain(context, CONTEXT_RETIRES);
}

void proxy_abort(struct context *context)
{
    context_enter_phase(context, CONTEXT_DRAINS);
    struct list_node *node = context->connections.next;
    while (node != &context->connections) {
        struct list_node *next = node->next;
        downstream_cut(LIST_OBJECT(node, struct downstream, node), REASON_DRAINED);
        node = next;
    }
}
