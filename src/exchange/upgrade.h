/* Upgrade (RFC 9110 section 7.8): which of the protocols that the client asks for go on to the server, and which of the
 * server's answers are a switch. */
#ifndef VERBGATE_EXCHANGE_UPGRADE_H
#define VERBGATE_EXCHANGE_UPGRADE_H

#include "verbgate/exchange/exchange.h"

/* The Upgrade value for the server; empty when there is none to send. */
struct slice upgrade_onward(const struct exchange *exchange);

/* The same for a head that is about to be sent; a request that asks for more is counted. */
struct slice upgrade_offer(struct exchange *exchange);

/* The Upgrade value of the response; empty when there is none. */
struct slice upgrade_offered(const struct exchange *exchange);

/* Whether a 101 (Switching Protocols) in exchange->response->line is what the client asked for. */
bool upgrade_may_switch(const struct exchange *exchange);

#endif
