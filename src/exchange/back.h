/* A response's way to its client: interim responses, the head, the content, the end. */
#ifndef VERBGATE_EXCHANGE_BACK_H
#define VERBGATE_EXCHANGE_BACK_H

#include "verbgate/exchange/exchange.h"

/* Where the server's next bytes go; no room: not now; NULL: out of memory. */
uv_buf_t back_room(struct exchange *exchange);

/* All of these return why the exchange has to end, or REASON_NONE: then it goes on with an event. */

/* Bytes came from the server. */
enum close_reason back_bytes(struct exchange *exchange, char *data, size_t length);

/* The server's connection has ended behind its head, or is broken: `error` is UV_EOF or another libuv error. */
enum close_reason back_end(struct exchange *exchange, int error);

/* The server's socket is readable while content is spliced; and nothing is queued for the client any more. */
enum close_reason back_spliced(struct exchange *exchange);
enum close_reason back_drained(struct exchange *exchange);

/* Sends more of what is kept, until the client takes no more for now. */
enum close_reason back_stored(struct exchange *exchange);

/* A response to HEAD whose content, which came since a GET was sent, is dropped: the rest of it is not
 * waited for. */
void back_end_dropped(struct exchange *exchange);

static inline bool back_is_dropping(const struct exchange *exchange)
{
    return exchange->back.state == FLOW_DROP;
}

#endif
