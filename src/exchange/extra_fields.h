/* Fields that the gateway adds to heads on their way, beside those that every head has. They are written to
 * context->extra and valid until the next call. What they replace of the received fields is withheld. */
#ifndef VERBGATE_EXCHANGE_EXTRA_FIELDS_H
#define VERBGATE_EXCHANGE_EXTRA_FIELDS_H

#include "verbgate/exchange/exchange.h"

/* Before the first of these: drops and counts what the policy keeps from the server, once a request. */
void extra_fields_guard(struct exchange *exchange);

/* In the request for the server. */
struct slice extra_fields_onward(struct exchange *exchange);

/* In the final response to the client, the gateway's own or the server's. */
struct slice extra_fields_back(struct exchange *exchange);

#endif
