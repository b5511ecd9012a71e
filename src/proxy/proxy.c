#include "verbgate/proxy/proxy.h"

#include "verbgate/base/log.h"
#include "verbgate/http/error_body.h"
#include "verbgate/proxy/exchange.h"

#include <assert.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum {
    KEEP_DOWNSTREAMS = 1024, /* spare objects that are kept for the next burst */
    KEEP_EXCHANGES = 128,
    KEEP_RESPONSES = 32, /* few are out at once, as most answers come whole */
    KEEP_UPSTREAMS = 256,
    /* X-Forwarded-Host repeats the host, and host-header may be as long as a line of the policy. */
    HOST_HEADER_MAX = 8 * 1024,
    TAIL_BYTES = 2 * MESSAGE_TRAILER_BYTES,
};

static size_t region_bytes_of(const struct policy *policy)
{
    return policy->gateway.max_head + PROXY_CONTENT_ROOM;
}

static size_t out_bytes_of(const struct policy *policy)
{
    return 2 * policy->gateway.max_head + PROXY_HEAD_EXTRA + HOST_HEADER_MAX;
}

/* The buffers only grow: an exchange under an older policy may still need the larger ones. */
static bool grow_out(struct proxy *proxy, size_t bytes)
{
    if (proxy->out.capacity >= bytes) {
        return true;
    }
    char *data = realloc(proxy->out.data, bytes);
    if (data == NULL) {
        return false;
    }
    proxy->out = writer_make(data, bytes);
    return true;
}

static void init_lists(struct proxy *proxy)
{
    list_init(&proxy->connections);
    list_init(&proxy->idle);
    counter_set(&proxy->idle_due_ms, UINT64_MAX);
    list_init(&proxy->ready);
    list_init(&proxy->pools);
    list_init(&proxy->private_idle);
    clock_init(&proxy->clock);
}

static bool take_buffers(struct proxy *proxy)
{
    proxy->scratch = malloc(PROXY_SCRATCH_BYTES);
    proxy->tail = writer_make(malloc(TAIL_BYTES), TAIL_BYTES);
    proxy->extra = writer_make(malloc(PROXY_EXTRA_BYTES), PROXY_EXTRA_BYTES);
    proxy->body = writer_make(malloc(ERROR_BODY_MAX), ERROR_BODY_MAX);
    return proxy->scratch != NULL && proxy->tail.data != NULL && proxy->extra.data != NULL &&
           proxy->body.data != NULL;
}

static void free_buffers(struct proxy *proxy)
{
    free(proxy->scratch);
    free(proxy->out.data);
    free(proxy->tail.data);
    free(proxy->extra.data);
    free(proxy->body.data);
}

/* Asked once: ids cost no system call. */
static bool seed_random(struct random *random)
{
    unsigned char seed[RANDOM_SEED_BYTES];
    if (uv_random(NULL, NULL, seed, sizeof seed, 0, NULL) != 0) {
        return false;
    }
    random_seed(random, seed);
    return true;
}

/* glibc keeps what was freed between blocks that are in use; other libraries have no such call. */
static void on_trim(struct deadline *deadline)
{
    struct proxy *proxy = LIST_OBJECT(deadline, struct proxy, trim);
    proxy->exchanges.freed = proxy->responses.freed = 0;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void proxy_consider_trimming(struct proxy *proxy)
{
    size_t freed = proxy->exchanges.freed + proxy->responses.freed;
    if (UNLIKELY(freed >= PROXY_TRIM_OBJECTS) && !deadline_is_armed(&proxy->trim) &&
        !proxy->is_draining) {
        deadline_arm(&proxy->deadlines, &proxy->trim, PROXY_TRIM_MS);
    }
}

/* For the other workers, which compare whose client has been idle for longest. */
static void tell_longest_idle(struct proxy *proxy)
{
    uint64_t due_ms = UINT64_MAX;
    if (!list_is_empty(&proxy->idle)) {
        due_ms = LIST_OBJECT(proxy->idle.next, struct downstream, ready_node)->deadline.due_ms;
    }
    counter_set(&proxy->idle_due_ms, due_ms);
}

static void on_turn_begin(uv_prepare_t *prepare)
{
    struct proxy *proxy = LIST_OBJECT(prepare, struct proxy, turn_counter);
    proxy->turn_number++;
    deadlines_begin_turn(&proxy->deadlines);
    tell_longest_idle(proxy);
}

/* Neither call can fail for these two kinds. */
static void init_turns(struct proxy *proxy)
{
    uv_idle_init(proxy->loop, &proxy->turn);
    uv_prepare_init(proxy->loop, &proxy->turn_counter);
    uv_prepare_start(&proxy->turn_counter, on_turn_begin);
    uv_unref((uv_handle_t *)&proxy->turn_counter);
}

bool proxy_init(struct proxy *proxy, uv_loop_t *loop, const struct policy *policy,
                struct proxy_limits limits, const struct proxy_events *events, void *owner)
{
    /* One that is closing, and one that is taken in beyond the limit, when the process stops. */
    unsigned max_connections = limits.connections + 1;
    *proxy =
        (struct proxy){.loop = loop,
                       .events = events,
                       .owner = owner,
                       .region_bytes = region_bytes_of(policy),
                       .store_memory = {.most = PROXY_STORE_BYTES},
                       .private_most = limits.private_connections > 0 ? limits.private_connections
                                                                      : limits.connections,
                       .pipes = {.most = limits.pipes}};
    init_lists(proxy);
    slab_init(&proxy->downstreams, sizeof(struct downstream), max_connections, KEEP_DOWNSTREAMS);
    slab_init(&proxy->exchanges, exchange_object_bytes(proxy->region_bytes), max_connections,
              KEEP_EXCHANGES);
    slab_init(&proxy->responses, exchange_response_object_bytes(proxy->region_bytes),
              max_connections, KEEP_RESPONSES);
    /* Each exchange has at most one upstream; a closing one may overlap with its successor, and
     * idle ones come on top. */
    slab_init(&proxy->upstreams, sizeof(struct upstream), 4 * (size_t)max_connections + 1024,
              KEEP_UPSTREAMS);
    if (!seed_random(&proxy->random) || !take_buffers(proxy) ||
        !grow_out(proxy, out_bytes_of(policy))) {
        free_buffers(proxy);
        return false;
    }
    proxy->snapshot = snapshot_create(proxy, policy);
    if (proxy->snapshot == NULL) {
        free_buffers(proxy);
        return false;
    }
    init_turns(proxy);
    deadline_init(&proxy->trim, on_trim);
    deadlines_init(&proxy->deadlines, loop);
    return true;
}

bool proxy_install(struct proxy *proxy, const struct policy *policy)
{
    if (!grow_out(proxy, out_bytes_of(policy))) {
        return false;
    }
    struct snapshot *snapshot = snapshot_create(proxy, policy);
    if (snapshot == NULL) {
        return false;
    }
    snapshot_release(proxy->snapshot);
    proxy->snapshot = snapshot;
    if (proxy->region_bytes != region_bytes_of(policy)) {
        proxy->region_bytes = region_bytes_of(policy);
        slab_resize(&proxy->exchanges, exchange_object_bytes(proxy->region_bytes));
        slab_resize(&proxy->responses, exchange_response_object_bytes(proxy->region_bytes));
    }
    return true;
}

bool proxy_accept(struct proxy *proxy, int descriptor, const struct socket_address *peer)
{
    return downstream_open(proxy, descriptor, peer);
}

/* Those whose next request has come already are passed over: this turn of the loop takes them up. */
void proxy_close_idle(struct proxy *proxy, unsigned count)
{
    unsigned looks = count + PROXY_IDLE_LOOKS;
    uint64_t latest_due_ms = uv_now(proxy->loop) +
                             proxy->snapshot->policy->gateway.idle_timeout_ms - PROXY_IDLE_LEAST_MS;
    struct list_node *node = proxy->idle.next;
    while (node != &proxy->idle && count > 0 && looks-- > 0) {
        struct list_node *next = node->next;
        struct downstream *downstream = LIST_OBJECT(node, struct downstream, ready_node);
        if (downstream->deadline.due_ms > latest_due_ms) {
            break; /* as those behind it */
        }
        if (downstream_end_idle(downstream, REASON_CLIENT_DISPLACED)) {
            counter_increment(&proxy->counters.connections_displaced);
            count--;
        }
        node = next;
    }
}

/* ---- requests that wait for the next turn */

static void on_turn(uv_idle_t *idle)
{
    struct proxy *proxy = LIST_OBJECT(idle, struct proxy, turn);
    /* Those that are put back now belong to the next turn. */
    struct list_node now;
    list_init(&now);
    while (!list_is_empty(&proxy->ready)) {
        struct list_node *node = proxy->ready.next;
        list_remove(node);
        list_append(&now, node);
    }
    while (!list_is_empty(&now)) {
        struct downstream *downstream = LIST_OBJECT(now.next, struct downstream, ready_node);
        list_remove(&downstream->ready_node);
        downstream_run_again(downstream);
    }
    if (list_is_empty(&proxy->ready)) {
        uv_idle_stop(idle);
    }
}

void proxy_run_later(struct proxy *proxy, struct list_node *ready_node)
{
    list_remove(ready_node);
    list_append(&proxy->ready, ready_node);
    uv_idle_start(&proxy->turn, on_turn);
}

/* ---- ends */

static void drain(struct proxy *proxy, bool keeps_idle)
{
    proxy->is_draining = true;
    proxy->keeps_idle = keeps_idle;
    struct list_node *node = proxy->connections.next;
    while (node != &proxy->connections) {
        struct list_node *next = node->next;
        downstream_drain(LIST_OBJECT(node, struct downstream, node));
        node = next;
    }
}

void proxy_drain(struct proxy *proxy)
{
    drain(proxy, false);
}

void proxy_retire(struct proxy *proxy)
{
    drain(proxy, true);
}

void proxy_abort(struct proxy *proxy)
{
    proxy->is_draining = true;
    struct list_node *node = proxy->connections.next;
    while (node != &proxy->connections) {
        struct list_node *next = node->next;
        struct downstream *downstream = LIST_OBJECT(node, struct downstream, node);
        if (downstream->state == DOWNSTREAM_ACTIVE) {
            exchange_abort(downstream->exchange, REASON_DRAINED);
        } else {
            downstream_close(downstream, REASON_DRAINED);
        }
        node = next;
    }
}

void proxy_close(struct proxy *proxy)
{
    assert(list_is_empty(&proxy->connections));
    proxy->is_draining = true;
    snapshot_release(proxy->snapshot);
    proxy->snapshot = NULL;
    uv_close((uv_handle_t *)&proxy->turn, NULL);
    uv_close((uv_handle_t *)&proxy->turn_counter, NULL);
    deadline_cancel(&proxy->trim);
    deadlines_close(&proxy->deadlines);
}

void proxy_finish(struct proxy *proxy)
{
    assert(list_is_empty(&proxy->pools) && proxy->pipes.count == 0);
    slab_finish(&proxy->downstreams);
    slab_finish(&proxy->exchanges);
    slab_finish(&proxy->responses);
    slab_finish(&proxy->upstreams);
    free_buffers(proxy);
}

/* ---- small services */

void proxy_tick(struct proxy *proxy)
{
    clock_set(&proxy->clock, time(NULL));
}

bool proxy_may_log(struct proxy *proxy)
{
    uint64_t second = uv_now(proxy->loop) / 1000;
    if (second != proxy->log_second) {
        if (proxy->log_lines > PROXY_LOG_LINES_PER_SECOND) {
            log_warn("%u more lines like these were left out",
                     proxy->log_lines - PROXY_LOG_LINES_PER_SECOND);
        }
        proxy->log_second = second;
        proxy->log_lines = 0;
    }
    proxy->log_lines++;
    if (proxy->log_lines > PROXY_LOG_LINES_PER_SECOND) {
        counter_increment(&proxy->counters.suppressed_log_lines);
        return false;
    }
    return true;
}
