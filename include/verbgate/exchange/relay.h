/*
 * HTTP/1 on its way out: a head, content in its framing, and what ends that, in one write. Both directions use it.
 */
#ifndef VERBGATE_EXCHANGE_RELAY_H
#define VERBGATE_EXCHANGE_RELAY_H

#include "verbgate/context/context.h"
#include "verbgate/http/framing.h"
#include "verbgate/http/message.h"
#include "verbgate/net/stream.h"

/* Sends what context->out holds, then `content`, then `tail`, in one write. Empties context->out. */
enum stream_write_status relay_write(struct context *context, struct stream *stream,
                                     struct slice content, struct slice tail);

/*
 * Sends what context->out holds (a head, or nothing), then a piece of content in the framing, then,
 * when `is_last`, what ends the framing; all in one write. `trailers` may be NULL. Empties
 * context->out.
 */
enum stream_write_status relay_send(struct context *context, struct stream *stream,
                                    enum framing_kind framing, struct slice content, bool is_last,
                                    const struct trailers *trailers);

#endif
