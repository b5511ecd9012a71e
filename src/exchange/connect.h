/* Which connection to which server carries a request: a kept one, a new one, or the next one that becomes free. */
#ifndef VERBGATE_EXCHANGE_CONNECT_H
#define VERBGATE_EXCHANGE_CONNECT_H

#include "verbgate/exchange/exchange.h"

enum connect_outcome {
    CONNECT_READY,  /* exchange->connection is BUSY, and nothing was sent on it yet */
    CONNECT_WAITS,  /* for an event: the connection opens, or the exchange waits for one */
    CONNECT_FAILED, /* for *reason */
};

/* Chooses a server and takes or opens a connection to it, or waits for one. Not `may_reuse`: a new connection is opened
 * at once. */
enum connect_outcome connect_find(struct exchange *exchange, bool may_reuse,
                                  enum close_reason *reason);

/* A connection to exchange->server could not be opened; it is closed, and another server is tried. `error` is libuv's. */
enum connect_outcome connect_again(struct exchange *exchange, int error, enum close_reason *reason);

/* It is the exchange's turn in the queue. False: there is no connection for it yet, and it stays in the queue. */
bool connect_in_turn(struct exchange *exchange, enum connect_outcome *outcome,
                     enum close_reason *reason);

/* The client's own connection that the exchange waits for has rested; NULL: it has ended. */
enum connect_outcome connect_rested(struct exchange *exchange,
                                    struct upstream_connection *connection,
                                    enum close_reason *reason);

/* Waits no more. */
RARE void connect_stop_waiting(struct exchange *exchange);

/* The same, or does nothing. */
static inline void connect_leave(struct exchange *exchange)
{
    if (UNLIKELY(exchange->waits_at != NULL || exchange->rests_at != NULL)) {
        connect_stop_waiting(exchange);
    }
}

#endif
