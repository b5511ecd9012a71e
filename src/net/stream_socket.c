/*
 * The operations of a plain socket, TCP or Unix, and how a stream gets its socket.
 *
 * libuv owns the socket, reports when it is ready, and sends what is queued. It gets no buffer to read into: recv(2) and
 * send(2) are the shortest ways into the kernel, since they skip the file checks of read(2) and write(2), and recv(2)
 * reports a reset that libuv would show as a clean end when it comes with the last bytes.
 */
#include "verbgate/net/stream.h"

#include "verbgate/base/list.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- reading */

static void on_no_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)handle, (void)suggested;
    *buffer = uv_buf_init(NULL, 0);
}

/* libuv calls this with UV_ENOBUFS, since it got no buffer. The socket itself says what there is. */
static void on_readable(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer)
{
    (void)count, (void)buffer;
    stream_readable(LIST_OBJECT(handle, struct stream, uv));
}

static int socket_start_reading(struct stream *stream)
{
    return uv_read_start(&stream->uv.stream, on_no_buffer, on_readable);
}

static void socket_stop_reading(struct stream *stream)
{
    uv_read_stop(&stream->uv.stream);
}

static ssize_t socket_read(struct stream *stream, char *room, size_t size)
{
    ssize_t count = recv(stream->descriptor, room, size, MSG_DONTWAIT);
    if (count > 0) {
        return count;
    }
    if (count == 0) {
        return UV_EOF;
    }
    bool is_nothing = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return is_nothing ? 0 : uv_translate_sys_error(errno);
}

static bool socket_is_quiet(const struct stream *stream)
{
    char byte;
    return recv(stream->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

static size_t socket_unread(const struct stream *stream)
{
    int count = 0;
    bool is_known = ioctl(stream->descriptor, FIONREAD, &count) == 0 && count >= 0;
    return is_known ? (size_t)count : 0;
}

/* ---- writing */

/* A single piece goes by send(2). Nothing is queued in libuv when this is called, so the order of the bytes is safe. */
static int send_piece(struct stream *stream, const uv_buf_t *buffer)
{
    ssize_t taken =
        send(stream->descriptor, buffer->base, buffer->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return taken < 0 ? uv_translate_sys_error(errno) : (int)taken;
}

static enum stream_write_status socket_write(struct stream *stream, const uv_buf_t *buffers,
                                             unsigned count, size_t total)
{
    int taken = count == 1 && total <= INT_MAX ? send_piece(stream, buffers)
                                               : uv_try_write(&stream->uv.stream, buffers, count);
    if (taken > 0 && (size_t)taken == total) {
        return STREAM_SENT;
    }
    if (taken < 0 && taken != UV_EAGAIN && taken != UV_EINTR) {
        return STREAM_FAILED;
    }
    return stream_queue_rest(stream, buffers, count, taken > 0 ? (size_t)taken : 0, total);
}

static void on_written(uv_write_t *request, int error)
{
    struct stream_queue *queue = LIST_OBJECT(request, struct stream_queue, request);
    stream_written(queue->stream, queue, error);
}

static int socket_write_queue(struct stream *stream, struct stream_queue *queue)
{
    uv_buf_t buffer = stream_queue_buffer(queue);
    return uv_write(&queue->request, &stream->uv.stream, &buffer, 1, on_written);
}

static size_t socket_unsent(const struct stream *stream)
{
    int count = 0;
    size_t queued = uv_stream_get_write_queue_size(&stream->uv.stream);
    bool is_known = ioctl(stream->descriptor, SIOCOUTQ, &count) == 0 && count >= 0;
    return is_known ? queued + (size_t)count : queued;
}

/* An error means that the peer is gone already; reading will tell. */
static void socket_shutdown(struct stream *stream)
{
    (void)shutdown(stream->descriptor, SHUT_WR);
}

/* ---- the table */

static void socket_connected(struct stream *stream, int error)
{
    stream->events->on_connected(stream, error);
}

const struct stream_operations stream_socket_operations = {
    .start_reading = socket_start_reading,
    .stop_reading = socket_stop_reading,
    .read = socket_read,
    .write = socket_write,
    .write_queue = socket_write_queue,
    .shutdown = socket_shutdown,
    .connected = socket_connected,
    .is_quiet = socket_is_quiet,
    .unread = socket_unread,
    .unsent = socket_unsent,
    .is_plain = true,
};

/* ---- how a stream gets its socket */

/* Makes the libuv handle; it cannot fail for these two kinds without flags. */
static void init_handle(struct stream *stream, uv_loop_t *loop, bool is_unix,
                        const struct stream_events *events)
{
    int error =
        is_unix ? uv_pipe_init(loop, &stream->uv.pipe, 0) : uv_tcp_init(loop, &stream->uv.tcp);
    assert(error == 0);
    (void)error;
    stream->uv.handle.data = NULL;
    stream->operations = &stream_socket_operations;
    stream->events = events;
    stream->queue = NULL;
    stream->descriptor = -1;
    stream->is_reading = false;
    stream->is_closing = false;
    stream->owes_drained = false;
    stream->is_half_closed = false;
}

/* Does nothing when there is no socket because none could be made. */
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

static void on_connected(uv_connect_t *request, int error)
{
    struct stream *stream = LIST_OBJECT(request->handle, struct stream, uv);
    if (!stream->is_closing) {
        stream->operations->connected(stream, error);
    }
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

/* ---- what is the same with an engine on top of the socket */

void stream_reset(struct stream *stream)
{
    if (!stream->is_closing) {
        /* Linger 0 makes close(2) send RST. On a Unix socket it has no effect and does no harm. */
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(stream->descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    stream_close(stream);
}

/* POLLHUP is that both directions are closed: where one was before, it is a clean end. */
bool stream_is_cut(const struct stream *stream)
{
    struct pollfd look = {.fd = stream->descriptor};
    int ends = stream->is_half_closed ? POLLERR : POLLERR | POLLHUP;
    return poll(&look, 1, 0) > 0 && (look.revents & ends) != 0;
}
