/*
 * Connections to servers that belong to one client connection. The login of NTLM and Negotiate is a connection's
 * (http/login.h), so a connection on which one was offered or sent carries that client's requests from then on and
 * nobody else's, and it ends with the client.
 *
 *   anybody's --private_claim--> BUSY --private_put--> IDLE --private_take--> BUSY
 *
 * One that has to rest (kept.h) is waited for, as its client can use no other.
 *
 * A client has a few of them, one for each server that asks it for a login, in order of use. It does not queue for
 * what is its own. Idle ones of a worker stand in one list, the longest idle first: they are the first to go when
 * descriptors run out, and when there are more of them than clients may be.
 *
 * A handshake takes several requests on one connection. When that ends in between, the next step must not go to
 * another connection unnoticed: an idle client is closed (on_login_cut), and one that sends the next step gets 502.
 */
#ifndef VERBGATE_UPSTREAM_PRIVATE_H
#define VERBGATE_UPSTREAM_PRIVATE_H

#include "verbgate/upstream/connection.h"
#include "verbgate/upstream/snapshot.h"

/* Makes a busy connection its client's. Nothing happens where it is that already. */
void private_claim(struct upstream_connection *connection, struct private_owner *owner);

/* The client's connection to one of the targets, which is idle or resting; *server is the index of its server. NULL:
 * there is none. */
MUST_CHECK struct upstream_connection *private_find(const struct private_owner *owner,
                                                    const struct snapshot_upstream *targets,
                                                    unsigned *server);

/* It carries its client's next exchange (BUSY). */
void private_take(struct upstream_connection *connection, const struct upstream_events *events,
                  void *holder);

/* Keeps a connection whose exchange is through for its client: IDLE or RESTING for `length_ms`. */
void private_put(struct upstream_connection *connection, uint32_t length_ms);

/* Lets `waiter` wait for a resting connection: waiter->on_rested follows. */
void private_await(struct upstream_connection *connection, struct pool_waiter *waiter);

/* It has been silent for long enough: it goes to the exchange that waits for it, or is idle. */
void private_end_rest(struct upstream_connection *connection);

/* The server has ended an idle or resting connection, or sent what it should not, or its time is over. */
void private_end(struct upstream_connection *connection);

/* Closes those of a client, of a pool, and the one that has been idle for longest (false: there is none). */
void private_close_all(struct private_owner *owner);
void private_close_of(struct pool *pool);
bool private_shed(struct context *context);

#endif
