/* The requests of a client connection, one after another, and what becomes of the connection behind each. */
#ifndef VERBGATE_DOWNSTREAM_REQUESTS_H
#define VERBGATE_DOWNSTREAM_REQUESTS_H

#include "verbgate/downstream/connection.h"

/* HTTP/1 as exchanges see it. */
extern const struct client_operations requests_operations;

/* Runs the request's head, and the heads that follow it in the buffer, as far as they go and as the client's share of
 * this turn of the loop lasts. */
void requests_run(struct downstream *downstream);

#endif
