#include "verbgate/net/stream.h"

#include "verbgate/base/list.h"

#include <assert.h>
#include <stdlib.h>

/* Of one stream at once, when each read fills its room; then the others have their turn. */
enum { READS_MOST = 32 };

/* ---- reading */

static void end_reading(struct stream *stream, int error)
{
    stream_stop_reading(stream);
    stream->is_half_closed |= error == UV_EOF;
    stream->events->on_read_end(stream, error);
}

static void tell_nothing(struct stream *stream)
{
    if (stream->events->on_read_nothing != NULL) {
        stream->events->on_read_nothing(stream);
    }
}

/* True when there may be more to read at once. */
static bool read_once(struct stream *stream)
{
    uv_buf_t room = stream->events->on_allocate(stream);
    if (room.base == NULL) {
        end_reading(stream, UV_ENOBUFS);
        return false;
    }
    if (room.len == 0) {
        tell_nothing(stream);
        return false;
    }
    ssize_t count = stream->operations->read(stream, room.base, room.len);
    if (count > 0) {
        stream->events->on_read(stream, room.base, (size_t)count);
        return (size_t)count == room.len || stream_has_pending(stream);
    }
    if (count == 0) {
        tell_nothing(stream);
    } else {
        end_reading(stream, (int)count);
    }
    return false;
}

/* The loop does not announce what is pending, and reading it now would call the owner back from within its own call, or
 * take the turn of others. */
static void read_pending_later(const struct stream *stream)
{
    if (stream->is_reading && stream_has_pending(stream)) {
        turns_add(stream_engine(stream)->turns, &stream_engine(stream)->turn);
    }
}

void stream_readable(struct stream *stream)
{
    unsigned reads = 0;
    while (read_once(stream) && stream->is_reading && ++reads < READS_MOST) {
    }
    read_pending_later(stream);
}

/* What was pending may have been read since, because the socket had something, too. */
static void on_turn(struct turn *turn)
{
    struct stream *stream = LIST_OBJECT(turn, struct stream_engine, turn)->stream;
    if (stream_has_pending(stream)) {
        stream_readable(stream);
    }
}

void stream_attach_engine(struct stream *stream, struct stream_engine *engine,
                          const struct stream_operations *operations, struct turns *turns)
{
    engine->stream = stream;
    engine->turns = turns;
    turn_init(&engine->turn, on_turn);
    stream->uv.handle.data = engine;
    stream->operations = operations;
}

void stream_start_reading(struct stream *stream)
{
    if (stream->is_reading || stream->is_closing) {
        return;
    }
    /* Only a handle that is closing or was never connected refuses, and neither gets here. */
    stream->is_reading = stream->operations->start_reading(stream) == 0;
    read_pending_later(stream);
}

void stream_stop_reading(struct stream *stream)
{
    if (!stream->is_reading) {
        return;
    }
    stream->is_reading = false;
    stream->operations->stop_reading(stream);
    if (stream_engine(stream) != NULL) {
        turn_cancel(&stream_engine(stream)->turn);
    }
}

/* ---- ends */

void stream_shutdown(struct stream *stream)
{
    assert(stream->queue == NULL);
    stream->is_half_closed = true;
    stream->operations->shutdown(stream);
    stream->owes_drained = stream->queue != NULL;
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *stream = LIST_OBJECT(handle, struct stream, uv);
    if (stream->operations->closed != NULL) {
        stream->operations->closed(stream);
    }
    stream->events->on_closed(stream);
}

void stream_close(struct stream *stream)
{
    if (stream->is_closing) {
        return;
    }
    stream_stop_reading(stream);
    stream->is_closing = true;
    uv_close(&stream->uv.handle, on_closed);
    stream->descriptor = -1;
}

/* ---- what a stream knows of its connection */

size_t stream_unread(const struct stream *stream)
{
    return stream->operations->unread(stream);
}

size_t stream_unsent(const struct stream *stream)
{
    return stream->operations->unsent(stream);
}

int stream_descriptor(const struct stream *stream)
{
    return stream_is_plain(stream) ? stream->descriptor : -1;
}

/* The engine may have taken out of the socket what it saw there. */
bool stream_is_quiet(const struct stream *stream)
{
    bool is_quiet = stream->operations->is_quiet(stream);
    if (!is_quiet) {
        read_pending_later(stream);
    }
    return is_quiet;
}

/* ---- writing */

uv_buf_t stream_queue_buffer(struct stream_queue *queue)
{
    return (uv_buf_t){queue->bytes, queue->length};
}

/* Copies what lies behind the first `taken` bytes of all buffers together. */
static struct stream_queue *copy_rest(struct stream *stream, const uv_buf_t *buffers,
                                      unsigned count, size_t taken, size_t total)
{
    struct stream_queue *queue = malloc(sizeof *queue + (total - taken));
    if (queue == NULL) {
        return NULL;
    }
    queue->stream = stream;
    queue->length = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t skipped = taken < buffers[i].len ? taken : buffers[i].len;
        size_t rest = buffers[i].len - skipped;
        taken -= skipped;
        if (rest > 0) {
            memcpy(queue->bytes + queue->length, buffers[i].base + skipped, rest);
            queue->length += rest;
        }
    }
    return queue;
}

enum stream_write_status stream_queue_rest(struct stream *stream, const uv_buf_t *buffers,
                                           unsigned count, size_t taken, size_t total)
{
    assert(stream->queue == NULL && taken < total);
    struct stream_queue *queue = copy_rest(stream, buffers, count, taken, total);
    enum stream_write_status failure = taken > 0 ? STREAM_CUT : STREAM_FAILED;
    if (queue == NULL) {
        return failure;
    }
    stream->queue = queue;
    if (stream->operations->write_queue(stream, queue) != 0) {
        stream->queue = NULL;
        free(queue);
        return failure;
    }
    return STREAM_QUEUED;
}

enum stream_write_status stream_write(struct stream *stream, const struct slice *slices,
                                      unsigned count)
{
    assert(stream->queue == NULL && count <= STREAM_VECTOR_MAX);
    uv_buf_t buffers[STREAM_VECTOR_MAX];
    unsigned used = 0;
    size_t total = 0;
    for (unsigned i = 0; i < count; i++) {
        if (slices[i].length > 0) {
            /* uv_buf_t has no const; operations only read from it here. */
            buffers[used++] = (uv_buf_t){(char *)(uintptr_t)slices[i].data, slices[i].length};
            total += slices[i].length;
        }
    }
    if (total == 0) {
        return STREAM_SENT;
    }
    enum stream_write_status status = stream->operations->write(stream, buffers, used, total);
    stream->owes_drained = status == STREAM_QUEUED;
    return status;
}

/* The engine may write, or let the owner write: then it is the end of that queue which the owner waits for. What the
 * engine has held back because of the queue comes in the next turn. */
void stream_written(struct stream *stream, struct stream_queue *queue, int error)
{
    assert(stream->queue == queue);
    stream->queue = NULL;
    free(queue);
    if (stream->is_closing) {
        return;
    }
    if (stream->operations->drained != NULL) {
        error = stream->operations->drained(stream, error);
        read_pending_later(stream);
    }
    if (stream->owes_drained && stream->queue == NULL && !stream->is_closing) {
        stream->owes_drained = false;
        stream->events->on_drained(stream, error);
    }
}
