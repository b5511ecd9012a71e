/* Whether a server's connection is kept behind a response, when, and for whom. */
#ifndef VERBGATE_EXCHANGE_KEEPING_H
#define VERBGATE_EXCHANGE_KEEPING_H

#include "verbgate/exchange/exchange.h"
#include "verbgate/http/login.h"

/* The response is through: its connection is kept, for everybody or for its client alone, or closed. */
void keeping_release(struct exchange *exchange);

/* Whether a server that gets a request with this framing is asked to close its connection behind the response. */
bool keeping_ends_server(const struct exchange *exchange, struct framing framing);

/* The final response names a login that belongs to the connection. */
RARE void keeping_note_login(struct exchange *exchange, enum login login);

#endif
