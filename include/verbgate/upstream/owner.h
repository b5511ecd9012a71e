/*
 * The connections to servers that belong to one client: a short list, in order of use. What they are for is in
 * upstream/private.h; this is the list alone.
 */
#ifndef VERBGATE_UPSTREAM_OWNER_H
#define VERBGATE_UPSTREAM_OWNER_H

#include <stdbool.h>

/* Connections that one client may have to itself; the one that was not used for longest goes first. */
enum { PRIVATE_MOST = 4 };

struct upstream_connection;

/* A member of the client's connection. All zero: it has none. */
struct private_owner {
    struct upstream_connection *first; /* the last used one first */
    unsigned char count;
    bool has_lost_login; /* a connection has ended in the middle of a login */
};

void owner_add(struct private_owner *owner, struct upstream_connection *connection);
void owner_remove(struct upstream_connection *connection);

/* The one that was not used for longest; the owner has one. */
struct upstream_connection *owner_last(const struct private_owner *owner);

/* A connection is closing: it is nobody's from here on. Nothing happens where it is anybody's. */
void owner_forget(struct upstream_connection *connection);

#endif
