#include "exchange_steps.h"

#include <assert.h>

static void write_tail(struct proxy *proxy, bool has_content, bool is_last,
                       const struct trailers *trailers)
{
    if (has_content) {
        writer_literal(&proxy->tail, "\r\n");
    }
    if (is_last) {
        serialise_last_chunk(&proxy->tail, trailers);
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

enum stream_write_status relay_write(struct proxy *proxy, struct stream *stream,
                                     struct slice content, struct slice tail)
{
    bool is_joined = join(&proxy->out, &content) && join(&proxy->out, &tail);
    struct slice slices[] = {writer_slice(&proxy->out), content, tail};
    proxy->out.length = 0;
    return stream_write(stream, slices, is_joined ? 1 : 3);
}

enum stream_write_status relay_send(struct proxy *proxy, struct stream *stream,
                                    enum framing_kind framing, struct slice content, bool is_last,
                                    const struct trailers *trailers)
{
    proxy->tail.length = 0;
    if (framing == FRAMING_CHUNKED) {
        if (content.length > 0) {
            serialise_chunk_head(&proxy->out, content.length);
        }
        write_tail(proxy, content.length > 0, is_last, trailers);
    }
    /* Both buffers are made for the largest head and trailer section that the policy lets in. */
    assert(!proxy->out.overflow && !proxy->tail.overflow);
    return relay_write(proxy, stream, content, writer_slice(&proxy->tail));
}
