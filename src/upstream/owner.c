#include "verbgate/upstream/owner.h"

#include "verbgate/upstream/connection.h"

void owner_add(struct private_owner *owner, struct upstream_connection *connection)
{
    connection->next_private = owner->first;
    owner->first = connection;
    owner->count++;
}

void owner_remove(struct upstream_connection *connection)
{
    struct upstream_connection **place = &connection->owner->first;
    while (*place != connection) {
        place = &(*place)->next_private;
    }
    *place = connection->next_private;
    connection->owner->count--;
}

struct upstream_connection *owner_last(const struct private_owner *owner)
{
    struct upstream_connection *last = owner->first;
    while (last->next_private != NULL) {
        last = last->next_private;
    }
    return last;
}

void owner_forget(struct upstream_connection *connection)
{
    if (connection->owner == NULL) {
        return;
    }
    connection->owner->has_lost_login |= connection->is_in_login;
    owner_remove(connection);
    list_remove(&connection->node);
    connection->owner = NULL;
    connection->pool->private_count--;
    counter_decrement(&connection->pool->context->counters.upstream_private);
}
