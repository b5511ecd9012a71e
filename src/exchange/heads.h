/* What the heads say that go on to a server and back to a client. */
#ifndef VERBGATE_EXCHANGE_HEADS_H
#define VERBGATE_EXCHANGE_HEADS_H

#include "verbgate/exchange/exchange.h"

/* How the content goes to the server. RFC 9110 section 8.6: a POST without content says so. */
struct framing heads_framing_onward(const struct exchange *exchange);

/* Writes the request's head for the server to context->out, and decides whether the server is asked to close. */
void heads_write_request(struct exchange *exchange, struct framing framing);

/* Fills the head of the final response, whose content comes to the gateway as `framing` says. */
void heads_make_response(struct exchange *exchange, struct framing framing,
                         struct response_head *head);

#endif
