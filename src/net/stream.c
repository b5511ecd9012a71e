#include "verbgate/net/stream.h"

#include "verbgate/base/list.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct stream_queue {
    uv_write_t request;
    struct stream *stream;
    size_t length;
    char bytes[];
};

/* Of one stream at once, when each read fills its room; then the others have their turn. */
enum { READS_MOST = 32 };

/* ---- reading
 *
 * libuv only tells that there is something to read: it is given no buffer, and says so. recv(2) is the
 * shortest way into the kernel, it leaves alone what read(2) looks at of a file, and what it says of an
 * end is the socket's own word (libuv takes a reset that comes with the last bytes for a clean end). */

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
    ssize_t count = recv(stream->descriptor, room.base, room.len, MSG_DONTWAIT);
    if (count > 0) {
        stream->events->on_read(stream, room.base, (size_t)count);
        return (size_t)count == room.len;
    }
    if (count == 0) {
        end_reading(stream, UV_EOF);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        tell_nothing(stream);
    } else {
        end_reading(stream, uv_translate_sys_error(errno));
    }
    return false;
}

static void on_no_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle, (void)suggested;
    *buffer = uv_buf_init(NULL, 0);
}

/* Called with UV_ENOBUFS, since there was no buffer; what there is, the socket tells. */
static void on_readable(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer)
{
    (void)count, (void)buffer;
    struct stream *stream = handle->data;
    unsigned reads = 0;
    while (read_once(stream) && stream->is_reading && ++reads < READS_MOST) {
    }
}

/* ---- libuv's other callbacks: cast, and hand on */

static void on_connected(uv_connect_t *request, int error)
{
    struct stream *stream = request->handle->data;
    if (!stream->is_closing) {
        stream->events->on_connected(stream, error);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    stream->events->on_closed(stream);
}

static void on_written(uv_write_t *request, int error)
{
    struct stream_queue *queue = LIST_OBJECT(request, struct stream_queue, request);
    stream_written(queue->stream, queue, error);
}

/* ---- operations over libuv's sockets */

static int socket_start_reading(struct stream *stream)
{
    return uv_read_start(&stream->uv.stream, on_no_buffer, on_readable);
}

static void socket_stop_reading(struct stream *stream)
{
    uv_read_stop(&stream->uv.stream);
}

/* A single piece goes by send(2), the shortest way into the kernel. Nothing is queued in libuv when this
 * is called, so the order of the bytes is safe. */
static int send_piece(struct stream *stream, const uv_buf_t *buffer)
{
    ssize_t taken =
        send(stream->descriptor, buffer->base, buffer->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return taken < 0 ? uv_translate_sys_error(errno) : (int)taken;
}

static int socket_try_write(struct stream *stream, const uv_buf_t *buffers, unsigned count)
{
    int taken = count == 1 && buffers->len <= INT_MAX
                    ? send_piece(stream, buffers)
                    : uv_try_write(&stream->uv.stream, buffers, count);
    return taken == UV_EAGAIN || taken == UV_EINTR ? 0 : taken;
}

static int socket_write_queue(struct stream *stream, struct stream_queue *queue)
{
    uv_buf_t buffer = stream_queue_buffer(queue);
    return uv_write(&queue->request, &stream->uv.stream, &buffer, 1, on_written);
}

const struct stream_operations stream_socket_operations = {
    .start_reading = socket_start_reading,
    .stop_reading = socket_stop_reading,
    .try_write = socket_try_write,
    .write_queue = socket_write_queue,
};

/* ---- life */

/* Makes the libuv handle; it cannot fail for these two kinds without flags. */
static void init_handle(struct stream *stream, uv_loop_t *loop, bool is_unix,
                        const struct stream_events *events)
{
    int error =
        is_unix ? uv_pipe_init(loop, &stream->uv.pipe, 0) : uv_tcp_init(loop, &stream->uv.tcp);
    assert(error == 0);
    (void)error;
    stream->uv.handle.data = stream;
    stream->operations = &stream_socket_operations;
    stream->events = events;
    stream->queue = NULL;
    stream->descriptor = -1;
    stream->is_reading = false;
    stream->is_closing = false;
    stream->is_half_closed = false;
}

/* Left as it is when there is no socket, since one could not be made. */
static void note_descriptor(struct stream *stream)
{
    uv_os_fd_t descriptor;
    if (uv_fileno(&stream->uv.handle, &descriptor) == 0) {
        stream->descriptor = descriptor;
    }
}

int stream_init_accepted(struct stream *stream, uv_loop_t *loop, int family, int descriptor,
                         const struct stream_events *events)
{
    init_handle(stream, loop, family == AF_UNIX, events);
    int error = family == AF_UNIX ? uv_pipe_open(&stream->uv.pipe, descriptor)
                                  : uv_tcp_open(&stream->uv.tcp, descriptor);
    if (error != 0) {
        close(descriptor);
        return error;
    }
    stream->descriptor = descriptor;
    return 0;
}

int stream_init_from(struct stream *stream, uv_stream_t *listener,
                     const struct stream_events *events)
{
    init_handle(stream, listener->loop, false, events);
    int error = uv_accept(listener, &stream->uv.stream);
    note_descriptor(stream);
    return error;
}

int stream_init_connecting(struct stream *stream, uv_loop_t *loop,
                           const struct socket_address *address, uv_connect_t *request,
                           const struct stream_events *events)
{
    bool is_unix = address->any.sa_family == AF_UNIX;
    init_handle(stream, loop, is_unix, events);
    if (is_unix) {
        uv_pipe_connect(request, &stream->uv.pipe, address->path.sun_path, on_connected);
        note_descriptor(stream);
        return 0;
    }
    int error = uv_tcp_connect(request, &stream->uv.tcp, &address->any, on_connected);
    note_descriptor(stream);
    if (error == 0) {
        uv_tcp_nodelay(&stream->uv.tcp, 1); /* a failure costs latency, nothing else */
    }
    return error;
}

void stream_start_reading(struct stream *stream)
{
    if (stream->is_reading || stream->is_closing) {
        return;
    }
    /* Only a handle that is closing or was never connected refuses, and neither gets here. */
    stream->is_reading = stream->operations->start_reading(stream) == 0;
}

void stream_stop_reading(struct stream *stream)
{
    if (stream->is_reading) {
        stream->is_reading = false;
        stream->operations->stop_reading(stream);
    }
}

void stream_shutdown(struct stream *stream)
{
    assert(stream->queue == NULL);
    stream->is_half_closed = true;
    /* An error means that the peer is gone already; reading will tell. */
    (void)shutdown(stream->descriptor, SHUT_WR);
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

void stream_reset(struct stream *stream)
{
    if (!stream->is_closing) {
        /* Linger 0 makes close(2) send RST. On a Unix socket it has no effect and does no harm. */
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(stream->descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    stream_close(stream);
}

size_t stream_unread(const struct stream *stream)
{
    int count = 0;
    bool is_known = ioctl(stream->descriptor, FIONREAD, &count) == 0 && count >= 0;
    return is_known ? (size_t)count : 0;
}

size_t stream_unsent(const struct stream *stream)
{
    int count = 0;
    size_t queued = uv_stream_get_write_queue_size(&stream->uv.stream);
    bool is_known = ioctl(stream->descriptor, SIOCOUTQ, &count) == 0 && count >= 0;
    return is_known ? queued + (size_t)count : queued;
}

int stream_descriptor(const struct stream *stream)
{
    return stream->operations == &stream_socket_operations ? stream->descriptor : -1;
}

/* POLLHUP is that both directions are closed: where one was before, it is a clean end. */
bool stream_is_cut(const struct stream *stream)
{
    struct pollfd look = {.fd = stream->descriptor};
    int ends = stream->is_half_closed ? POLLERR : POLLERR | POLLHUP;
    return poll(&look, 1, 0) > 0 && (look.revents & ends) != 0;
}

bool stream_is_quiet(const struct stream *stream)
{
    char byte;
    return recv(stream->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
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

enum stream_write_status stream_write(struct stream *stream, const struct slice *slices,
                                      unsigned count)
{
    assert(stream->queue == NULL && count <= STREAM_VECTOR_MAX);
    uv_buf_t buffers[STREAM_VECTOR_MAX];
    unsigned used = 0;
    size_t total = 0;
    for (unsigned i = 0; i < count; i++) {
        if (slices[i].length > 0) {
            /* uv_buf_t has no const; libuv only reads from it here. */
            buffers[used++] = (uv_buf_t){(char *)(uintptr_t)slices[i].data, slices[i].length};
            total += slices[i].length;
        }
    }
    if (total == 0) {
        return STREAM_SENT;
    }
    int taken = stream->operations->try_write(stream, buffers, used);
    if (taken < 0) {
        return STREAM_FAILED;
    }
    if ((size_t)taken == total) {
        return STREAM_SENT;
    }
    struct stream_queue *queue = copy_rest(stream, buffers, used, (size_t)taken, total);
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

void stream_written(struct stream *stream, struct stream_queue *queue, int error)
{
    assert(stream->queue == queue);
    stream->queue = NULL;
    free(queue);
    if (!stream->is_closing) {
        stream->events->on_drained(stream, error);
    }
}
