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
    struct slice slices[] = {writer_slice(&proxy->out), content, writer_slice(&proxy->tail)};
    proxy->out.length = 0;
    return stream_write(stream, slices, 3);
}
