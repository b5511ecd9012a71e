/* What is told of an exchange at its end. */
#ifndef VERBGATE_EXCHANGE_RECORD_STEPS_H
#define VERBGATE_EXCHANGE_RECORD_STEPS_H

#include "verbgate/exchange/exchange.h"
#include "verbgate/exchange/record.h"

/* The text of the server that the request went to; empty: to none. */
struct slice record_server_text(const struct exchange *exchange);

/* Tells the worker's owner how the exchange ended; once, and while all of it is still there. */
void record_hand_over(struct exchange *exchange);

#endif
