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
    struct writer *out = &context->out;
    /* It is made for the largest head that the policy lets in. */
    assert(!out->overflow);
    bool is_joined = join(out, &content) && join(out, &tail);
    struct slice slices[] = {writer_slice(out), content, tail};
    out->length = 0;
    return stream_write(stream, slices, is_joined ? 1 : 3);
}

enum stream_write_status relay_send_chunk(struct context *context, struct stream *stream,
                                          struct slice content, bool is_last,
                                          const struct trailers *trailers)
{
    context->tail.length = 0;
    if (content.length > 0) {
        serialise_chunk_head(&context->out, content.length);
    }
    write_tail(context, content.length > 0, is_last, trailers);
    /* It is made for the largest trailer section that the policy lets in. */
    assert(!context->tail.overflow);
    return relay_write(context, stream, content, writer_slice(&context->tail));
}
