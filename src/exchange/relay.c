#include "verbgate/exchange/relay.h"

#include "verbgate/http/serialise.h"

#include <assert.h>

static void write_tail(struct context *context, bool has_content, bool is_last,
                       const struct trailers *trailers)
{
    if (has_content) {
        writer_literal(&context->tail, "\r\n");
    }
    if (is_last) {
        serialise_last_chunk(&context->tail, trailers);
    }
}

/* Below this a copy is cheaper than a second piece for the kernel to gather. */
enum { JOINED_BYTES_MAX = 2048 };

/* Moves a small piece behind what `out` holds; false when it has to go out as a piece of its own. */
static bool join(struct writer *out, struct slice *piece)
{
    if (piece->length > JOINED_BYTES_MAX || piece->length > out->capacity - out->length) {
        return false;
    }
    writer_put(out, *piece);
    piece->length = 0;
    return true;
}

enum stream_write_status relay_write(struct context *context, struct stream *stream,
                                     struct slice content, struct slice tail)
{
    bool is_joined = join(&context->out, &content) && join(&context->out, &tail);
    struct slice slices[] = {writer_slice(&context->out), content, tail};
    context->out.length = 0;
    return stream_write(stream, slices, is_joined ? 1 : 3);
}

enum stream_write_status relay_send(struct context *context, struct stream *stream,
                                    enum framing_kind framing, struct slice content, bool is_last,
                                    const struct trailers *trailers)
{
    context->tail.length = 0;
    if (framing == FRAMING_CHUNKED) {
        if (content.length > 0) {
            serialise_chunk_head(&context->out, content.length);
        }
        write_tail(context, content.length > 0, is_last, trailers);
    }
    /* Both buffers are made for the largest head and trailer section that the policy lets in. */
    assert(!context->out.overflow && !context->tail.overflow);
    return relay_write(context, stream, content, writer_slice(&context->tail));
}
