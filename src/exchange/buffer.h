/* Content that is kept until all of it has come, and then goes on with its length: for servers that cannot read chunks,
 * and for those that slow clients should not hold up. Either flow may keep its content. */
#ifndef VERBGATE_EXCHANGE_BUFFER_H
#define VERBGATE_EXCHANGE_BUFFER_H

#include "verbgate/exchange/exchange.h"

/* Whether the content of the request is read whole before a server is looked for. Only after a verdict to forward. */
bool buffer_is_needed(const struct exchange *exchange);

/* Whether the server is told of the client's Expect, and says itself whether it wants the content. An expectation that is
 * met by the gateway, or that the server has never heard of, ends here. Only after a verdict to forward. */
bool buffer_passes_expect(const struct exchange *exchange);

/* Moves a flow to STORE, with an empty store of at most `memory` bytes in memory, the rest in a file. Returns
 * REASON_NONE or REASON_NO_RESOURCES. */
MUST_CHECK enum close_reason buffer_begin(struct exchange *exchange, struct flow *flow,
                                          uint64_t memory);

/* Adds content. Returns REASON_NONE or REASON_NO_STORAGE. */
MUST_CHECK enum close_reason buffer_add(struct exchange *exchange, struct flow *flow,
                                        struct slice content);

/* The next piece to send, which may lie in the scratch buffer; empty when there is no more. Returns REASON_NONE or
 * REASON_NO_STORAGE. */
MUST_CHECK enum close_reason buffer_next(struct exchange *exchange, struct flow *flow,
                                         struct slice *piece);

#endif
