#include "verbgate/proxy/private.h"

#include "verbgate/base/log.h"
#include "verbgate/proxy/exchange.h"

#include <assert.h>

static void remove_from_owner(struct upstream *upstream)
{
    struct upstream **place = &upstream->owner->private;
    while (*place != upstream) {
        place = &(*place)->next_private;
    }
    *place = upstream->next_private;
    upstream->owner->private_count--;
}

static void add_to_owner(struct upstream *upstream)
{
    upstream->next_private = upstream->owner->private;
    upstream->owner->private = upstream;
    upstream->owner->private_count++;
}

/* The one that was not used for longest. */
static struct upstream *last_of(const struct downstream *owner)
{
    struct upstream *last = owner->private;
    while (last->next_private != NULL) {
        last = last->next_private;
    }
    return last;
}

void private_claim(struct upstream *upstream, struct downstream *owner)
{
    struct proxy *proxy = owner->proxy;
    assert(upstream->owner == NULL || upstream->owner == owner);
    if (upstream->owner != NULL) {
        return;
    }
    /* The others are idle, as a client has one exchange at a time. */
    if (owner->private_count == DOWNSTREAM_PRIVATE_MOST) {
        upstream_close(last_of(owner));
    }
    if (counter_read(&proxy->counters.upstream_private) >= proxy->private_most) {
        (void)private_shed(proxy);
    }
    upstream->owner = owner;
    add_to_owner(upstream);
    upstream->pool->private_count++;
    counter_increment(&proxy->counters.upstream_private);
    log_debug("a connection to a server belongs to its client now, since a login does");
}

/* The index in the upstream of the server that the pool is one of; -1: of none. */
static int find_server(const struct snapshot_upstream *targets, const struct pool *pool)
{
    for (unsigned i = 0; i < targets->target_count; i++) {
        if (targets->targets[i].pool == pool) {
            return (int)targets->targets[i].server;
        }
    }
    return -1;
}

struct upstream *private_find(const struct downstream *owner,
                              const struct snapshot_upstream *targets, unsigned *server)
{
    for (struct upstream *each = owner->private; each != NULL; each = each->next_private) {
        bool is_free = each->state == UPSTREAM_IDLE || each->state == UPSTREAM_RESTING;
        int index = is_free ? find_server(targets, each->pool) : -1;
        if (index >= 0) {
            *server = (unsigned)index;
            return each;
        }
    }
    return NULL;
}

void private_take(struct upstream *upstream)
{
    list_remove(&upstream->node);
    deadline_cancel(&upstream->deadline);
    upstream_begin_again(upstream, upstream->owner->exchange);
}

void private_put(struct upstream *upstream, uint32_t length_ms)
{
    struct proxy *proxy = upstream->pool->proxy;
    bool ends_now = proxy->is_draining && !proxy->keeps_idle;
    if (upstream->pool->references == 0 || ends_now) {
        upstream_close(upstream);
        return;
    }
    remove_from_owner(upstream);
    add_to_owner(upstream);
    list_append(&proxy->private_idle, &upstream->node);
    deadline_arm(&proxy->deadlines, &upstream->deadline, length_ms);
    stream_start_reading(&upstream->stream); /* to hear of its end */
}

static bool is_awaited(const struct upstream *upstream)
{
    const struct exchange *exchange = upstream->owner->exchange;
    return exchange != NULL && exchange->rests_at == upstream;
}

void private_await(struct upstream *upstream, struct exchange *exchange)
{
    list_remove(&upstream->node); /* it does not give way any more */
    exchange->rests_at = upstream;
}

void private_rested(struct upstream *upstream)
{
    upstream->state = UPSTREAM_IDLE;
    list_remove(&upstream->node);
    if (is_awaited(upstream)) {
        exchange_private_rested(upstream->owner->exchange);
    } else {
        private_put(upstream, upstream->idle_timeout_ms);
    }
}

void private_forget(struct upstream *upstream)
{
    if (upstream->owner == NULL) {
        return;
    }
    upstream->owner->has_lost_login |= upstream->is_in_login;
    remove_from_owner(upstream);
    list_remove(&upstream->node);
    upstream->owner = NULL;
    upstream->pool->private_count--;
    counter_decrement(&upstream->pool->proxy->counters.upstream_private);
}

void private_close_all(struct downstream *owner)
{
    while (owner->private != NULL) {
        upstream_close(owner->private);
    }
}

void private_close_of(struct pool *pool)
{
    struct list_node *head = &pool->proxy->private_idle;
    struct list_node *node = head->next;
    while (node != head) {
        struct upstream *upstream = LIST_OBJECT(node, struct upstream, node);
        node = node->next;
        if (upstream->pool == pool) {
            upstream_close(upstream);
        }
    }
}

bool private_shed(struct proxy *proxy)
{
    if (list_is_empty(&proxy->private_idle)) {
        return false;
    }
    upstream_close(LIST_OBJECT(proxy->private_idle.next, struct upstream, node));
    return true;
}

void private_ended(struct upstream *upstream)
{
    struct downstream *owner = upstream->owner;
    bool was_in_login = upstream->is_in_login;
    bool was_awaited = is_awaited(upstream);
    upstream_close(upstream);
    if (was_awaited) {
        owner->exchange->rests_at = NULL;
        exchange_find_upstream_again(owner->exchange);
    } else if (was_in_login) {
        (void)downstream_end_idle(owner, REASON_LOGIN_CUT);
    }
}
