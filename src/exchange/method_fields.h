/* What the rules for methods (policy/method_rules.h) add to the head of a response. */
#ifndef VERBGATE_EXCHANGE_METHOD_FIELDS_H
#define VERBGATE_EXCHANGE_METHOD_FIELDS_H

#include "verbgate/exchange/exchange.h"

/* Keeps fields of the server's response, if there is one, from the client. */
void method_fields_withhold(struct exchange *exchange, struct slice name);

/* The fields of the final response that are for CORS, for a webhook's handshake, or static. */
void method_fields_put(struct exchange *exchange, struct writer *writer);

#endif
