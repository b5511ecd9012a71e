/* The content of the request, as it comes from the client: counted, bounded, and dropped when nobody wants it. */
#ifndef VERBGATE_EXCHANGE_CONTENT_H
#define VERBGATE_EXCHANGE_CONTENT_H

#include "verbgate/exchange/exchange.h"

/* Takes the content that the codec holds, decoded; *is_last tells whether it ends there. Returns
 * false, with the fault set, when its framing is broken. */
MUST_CHECK bool content_pull(struct exchange *exchange, struct slice *content, bool *is_last);

/* Content has come: counts it. */
void content_note(struct exchange *exchange, struct slice content, bool is_last);

/* The request's trailers, where they are for the server; else NULL. */
const struct trailers *content_trailers(const struct exchange *exchange);

/* The most content that the request may have. Only after a verdict to forward. */
uint64_t content_most(const struct exchange *exchange);

/* Whether more content has come than max-body allows; what report-only lets through is noted. */
bool content_is_too_large(struct exchange *exchange);

/* Nobody wants the rest of the content: it is read and dropped when that is a bounded affair, or the
 * connection is marked to end with this exchange. */
void content_abandon(struct exchange *exchange);

/* Content came that is dropped. */
void content_drop(struct exchange *exchange, struct slice content, bool is_last);

/* Content that is dropped has broken framing: nobody knows where the next request would begin. */
void content_lose(struct exchange *exchange);

#endif
