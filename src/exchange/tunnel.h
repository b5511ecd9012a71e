/*
 * Upgraded connections: after a 101 that the client asked for (upgrade.h), bytes pass both ways unread, under the same
 * two rules as content. Each side may end its direction alone; the tunnel ends with the second FIN, with an error on
 * either side, or when both have been silent for too long.
 */
#ifndef VERBGATE_EXCHANGE_TUNNEL_H
#define VERBGATE_EXCHANGE_TUNNEL_H

#include "verbgate/exchange/exchange.h"

/* All of them return why the exchange has to end, or REASON_NONE. */

/* Sends the 101 and makes the exchange a tunnel. */
enum close_reason tunnel_begin(struct exchange *exchange);

enum close_reason tunnel_from_client(struct exchange *exchange, struct slice bytes);
enum close_reason tunnel_from_server(struct exchange *exchange, struct slice bytes);

/* A side has ended, or what was queued for one is sent: an end that came is passed on, once what is queued is sent. */
enum close_reason tunnel_pass_ends(struct exchange *exchange);

#endif
