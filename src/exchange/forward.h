/* A request's way to its server: the head, the content, and what to do when that fails. */
#ifndef VERBGATE_EXCHANGE_FORWARD_H
#define VERBGATE_EXCHANGE_FORWARD_H

#include "verbgate/exchange/exchange.h"

/* All of these return why the exchange has to end, or REASON_NONE: then it goes on with an event. */

/* The verdict is to forward. */
enum close_reason forward_begin(struct exchange *exchange);

/* The connection that was opened is there (0), or not: a libuv error. */
enum close_reason forward_connected(struct exchange *exchange, int error);

/* It is the exchange's turn in a pool's queue. *serves is false when there is no connection for it. */
enum close_reason forward_in_turn(struct exchange *exchange, bool *serves);

/* The connection that it waits for has rested; NULL: it has ended. */
enum close_reason forward_rested(struct exchange *exchange, struct upstream_connection *connection);

/* Content came that goes to the server, or is kept for it. */
enum close_reason forward_content(struct exchange *exchange, struct slice content, bool is_last);

/* Sends more of what is kept, until the server takes no more for now. */
enum close_reason forward_stored(struct exchange *exchange);

/* The client's socket is readable while content is spliced; and nothing is queued for the server any more. */
enum close_reason forward_spliced(struct exchange *exchange);
enum close_reason forward_drained(struct exchange *exchange, int error);

/* A connection that was kept turned out to be dead: the server has ended it without a word. Tries once more on a fresh
 * one where that is safe, and returns true with the reason of what followed. */
bool forward_retry(struct exchange *exchange, enum close_reason *reason);

#endif
