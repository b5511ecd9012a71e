/* How an exchange ends: complete, with an answer of the gateway's own, or cut. */
#ifndef VERBGATE_EXCHANGE_ENDS_H
#define VERBGATE_EXCHANGE_ENDS_H

#include "verbgate/exchange/exchange.h"

/* Ends the exchange when both directions are done and everything is sent. Returns true when it did: the exchange must
 * not be touched any more. */
MUST_CHECK bool ends_if_complete(struct exchange *exchange);

/* Something went wrong for `reason`. When no byte of an answer was sent, and the reason has a status, the client gets
 * that, and false is returned: the exchange goes on until it is sent. Otherwise the exchange is over, and the client's
 * connection with it, so that the answer is seen to be incomplete: true. */
MUST_CHECK bool ends_with_failure(struct exchange *exchange, enum close_reason reason);

/* Ends the exchange and the client's connection without another byte. */
void ends_now(struct exchange *exchange, enum close_reason reason);

#endif
