/* Local answers: what the gateway says itself, for the policy or for a failure. */
#ifndef VERBGATE_EXCHANGE_ANSWER_H
#define VERBGATE_EXCHANGE_ANSWER_H

#include "verbgate/exchange/exchange.h"

/* Both end the response, and let go of the request's content. They return REASON_NONE, or REASON_CLIENT_GONE. */

/* Answers what the verdict says. */
enum close_reason answer_verdict(struct exchange *exchange);

/* Answers with a status that is not the policy's: a fault of the request or of the server. */
enum close_reason answer_error(struct exchange *exchange, unsigned status, const char *proxy_error,
                               struct slice details);

#endif
