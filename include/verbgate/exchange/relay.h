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

/* The same of a piece of content in chunks. */
enum stream_write_status relay_send_chunk(struct context *context, struct stream *stream,
                                          struct slice content, bool is_last,
                                          const struct trailers *trailers);

/*
 * Sends what context->out holds (a head, or nothing), then a piece of content in the framing, then,
 * when `is_last`, what ends the framing; all in one write. `trailers` may be NULL. Empties
 * context->out.
 */
static inline enum stream_write_status relay_send(struct context *context, struct stream *stream,
                                                  enum framing_kind framing, struct slice content,
                                                  bool is_last, const struct trailers *trailers)
{
    return framing == FRAMING_CHUNKED
               ? relay_send_chunk(context, stream, content, is_last, trailers)
               : relay_write(context, stream, content, slice_make(NULL, 0));
}

#endif
