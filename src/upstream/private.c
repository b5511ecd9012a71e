#include "verbgate/upstream/private.h"

#include "verbgate/base/log.h"

#include <assert.h>

void private_claim(struct upstream_connection *connection, struct private_owner *owner)
{
    struct context *context = connection->pool->context;
    assert(connection->owner == NULL || connection->owner == owner);
    if (connection->owner != NULL) {
        return;
    }
    /* The others are idle, as a client that logs in has one exchange at a time. */
    if (owner->count == PRIVATE_MOST) {
        upstream_close(owner_last(owner));
    }
    if (counter_read(&context->counters.upstream_private) >= context->private_most) {
        (void)private_shed(context);
    }
    connection->owner = owner;
    owner_add(owner, connection);
    connection->pool->private_count++;
    counter_increment(&context->counters.upstream_private);
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

struct upstream_connection *private_find(const struct private_owner *owner,
                                         const struct snapshot_upstream *targets, unsigned *server)
{
    for (struct upstream_connection *each = owner->first; each != NULL; each = each->next_private) {
        bool is_free = each->state == UPSTREAM_IDLE || each->state == UPSTREAM_RESTING;
        int index = is_free ? find_server(targets, each->pool) : -1;
        if (index >= 0) {
            *server = (unsigned)index;
            return each;
        }
    }
    return NULL;
}

void private_take(struct upstream_connection *connection, const struct upstream_events *events,
                  void *holder)
{
    list_remove(&connection->node);
    deadline_cancel(&connection->deadline);
    upstream_hold(connection, events, holder);
}

void private_put(struct upstream_connection *connection, uint32_t length_ms)
{
    struct context *context = connection->pool->context;
    if (connection->pool->references == 0 || context->phase == CONTEXT_DRAINS) {
        upstream_close(connection);
        return;
    }
    owner_remove(connection);
    owner_add(connection->owner, connection);
    list_append(&context->private_idle, &connection->node);
    deadline_arm(&context->deadlines, &connection->deadline, length_ms);
    stream_start_reading(&connection->stream); /* to hear of its end */
}

void private_await(struct upstream_connection *connection, struct pool_waiter *waiter)
{
    list_remove(&connection->node); /* it does not give way any more */
    connection->awaited_by = waiter;
}

void private_end_rest(struct upstream_connection *connection)
{
    struct pool_waiter *waiter = connection->awaited_by;
    upstream_end_rest(connection);
    list_remove(&connection->node);
    if (waiter != NULL) {
        connection->awaited_by = NULL;
        waiter->on_rested(waiter, connection);
    } else {
        private_put(connection, connection->idle_timeout_ms);
    }
}

void private_end(struct upstream_connection *connection)
{
    struct context *context = connection->pool->context;
    struct private_owner *owner = connection->owner;
    struct pool_waiter *waiter = connection->awaited_by;
    bool was_in_login = connection->is_in_login;
    connection->awaited_by = NULL;
    upstream_close(connection);
    if (waiter != NULL) {
        waiter->on_rested(waiter, NULL);
    } else if (was_in_login) {
        context->on_login_cut(owner);
    }
}

void private_close_all(struct private_owner *owner)
{
    while (owner->first != NULL) {
        upstream_close(owner->first);
    }
}

void private_close_of(struct pool *pool)
{
    struct list_node *head = &pool->context->private_idle;
    struct list_node *node = head->next;
    while (node != head) {
        struct upstream_connection *connection =
            LIST_OBJECT(node, struct upstream_connection, node);
        node = node->next;
        if (connection->pool == pool) {
            upstream_close(connection);
        }
    }
}

bool private_shed(struct context *context)
{
    if (list_is_empty(&context->private_idle)) {
        return false;
    }
    upstream_close(LIST_OBJECT(context->private_idle.next, struct upstream_connection, node));
    return true;
}
