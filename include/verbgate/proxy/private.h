/*
 * Connections to servers that belong to one client connection. The login of NTLM and Negotiate is a connection's
 * (http/login), so a connection on which one was offered or sent carries that client's requests from then on and
 * nobody else's, and it ends with the client.
 *
 *   anybody's --private_claim--> BUSY --private_put--> IDLE --private_take--> BUSY
 *
 * One that has to rest (pool.h) is waited for, as its client can use no other.
 *
 * A client has a few of them, one for each server that asks it for a login, in order of use. It does not queue for
 * what is its own. Idle ones of a worker stand in one line, the longest idle first: they are the first to go when
 * descriptors run out, and when there are more of them than clients may be.
 *
 * A handshake takes several requests on one connection. When that ends in between, the next step must not go to
 * another connection unnoticed: an idle client is closed, and one that sends the next step gets 502.
 */
#ifndef VERBGATE_PROXY_PRIVATE_H
#define VERBGATE_PROXY_PRIVATE_H

#include "verbgate/proxy/downstream.h"
#include "verbgate/proxy/snapshot.h"
#include "verbgate/proxy/upstream.h"

/* Makes a busy connection its client's. Nothing happens where it is that already. */
void private_claim(struct upstream *upstream, struct downstream *owner);

/* The client's connection to one of the targets, which is idle or resting; *server is the index of its server. NULL: there is
 * none. */
MUST_CHECK struct upstream *private_find(const struct downstream *owner,
                                         const struct snapshot_upstream *targets, unsigned *server);

/* It carries its client's next exchange (BUSY). */
void private_take(struct upstream *upstream);

/* Keeps a connection whose exchange is through for its client: IDLE or RESTING for so long. */
void private_put(struct upstream *upstream, uint32_t length_ms);

/* It has been silent for long enough: it carries the exchange that waits for it, or is idle. */
void private_rested(struct upstream *upstream);

/* Lets its client's exchange wait for a resting connection. */
void private_await(struct upstream *upstream, struct exchange *exchange);

/* A connection is closing: it is nobody's from here on. */
void private_forget(struct upstream *upstream);

/* Closes those of a client, of a pool, and the one that has been idle for longest (false: there is none). */
void private_close_all(struct downstream *owner);
void private_close_of(struct pool *pool);
bool private_shed(struct proxy *proxy);

/* The server has ended an idle or resting connection, or sent what it should not: the client's connection ends with
 * it when a login was under way. */
void private_ended(struct upstream *upstream);

#endif
