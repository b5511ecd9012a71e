/* What the error log says of exchanges. Each line names the client's connection and the request's id, so that the lines
 * of one exchange can be found. At most some lines a second are written (context_may_log). */
#ifndef VERBGATE_EXCHANGE_LOG_LINES_H
#define VERBGATE_EXCHANGE_LOG_LINES_H

#include "verbgate/exchange/exchange.h"

/* It failed for a reason that is somebody's error; others are not logged. */
void log_lines_failure(struct exchange *exchange, enum close_reason reason);

/* report-only kept it from being refused. */
void log_lines_reported(struct exchange *exchange);

/* Content cannot be kept; `error` is an errno value. */
void log_lines_no_storage(struct exchange *exchange, int error);

#endif
