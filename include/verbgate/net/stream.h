/*
 * A stream: one connected socket with its write queue. What a socket does not take at once is
 * copied and sent when it can be; the owner sees that (STREAM_QUEUED), stops producing, and goes on
 * in on_drained. So at most what one call writes is ever queued.
 *
 * The transport is a table of operations: sockets (TCP and Unix) here, a scripted one in the tests; TLS
 * would be another. libuv owns the sockets, tells when one is ready, and sends what is queued; what is read
 * and what is sent at once goes by recv(2) and send(2).
 *
 * Life: stream_init_* -> (stream_connect) -> reads and writes -> stream_close -> on_closed, after
 * which the memory may go. Nothing but on_closed is called once stream_close was.
 */
#ifndef VERBGATE_NET_STREAM_H
#define VERBGATE_NET_STREAM_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <uv.h>

struct stream;

struct stream_events {
    /* Where the next bytes go. Called right before each read. No room: nothing is read in this turn of
     * the loop, and the next turn asks again; that costs no system call, as the kernel repeats that
     * there is something to read. NULL: memory is short; on_read_end follows with UV_ENOBUFS. */
    uv_buf_t (*on_allocate)(struct stream *stream);
    /* Bytes came: `length` > 0 at `data`, which on_allocate gave. */
    void (*on_read)(struct stream *stream, char *data, size_t length);
    /* No more bytes: `error` is UV_EOF or another libuv error. Reading has stopped. */
    void (*on_read_end)(struct stream *stream, int error);
    /* Nothing was read after all: room that on_allocate gave is not used. May be NULL. */
    void (*on_read_nothing)(struct stream *stream);
    /* The queue is empty again (0), or writing failed (a libuv error; nothing more can be sent). */
    void (*on_drained)(struct stream *stream, int error);
    /* stream_connect is through: 0 or a libuv error. */
    void (*on_connected)(struct stream *stream, int error);
    void (*on_closed)(struct stream *stream);
};

struct stream_queue; /* bytes on their way, with libuv's write request */

struct stream_operations {
    int (*start_reading)(struct stream *stream);
    void (*stop_reading)(struct stream *stream);
    /* Bytes taken (0: none now), or a negative libuv error. */
    int (*try_write)(struct stream *stream, const uv_buf_t *buffers, unsigned count);
    /* Sends all of `queue`, then calls stream_written. */
    int (*write_queue)(struct stream *stream, struct stream_queue *queue);
};

extern const struct stream_operations stream_socket_operations;

struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    const struct stream_operations *operations;
    const struct stream_events *events;
    struct stream_queue *queue; /* NULL when everything was sent; owned */
    int descriptor; /* the socket, which libuv owns; -1: none, which every call refuses */
    bool is_reading;
    bool is_closing;
    bool is_half_closed; /* FIN was sent, or read */
};

enum stream_write_status {
    STREAM_SENT,   /* the socket took it all */
    STREAM_QUEUED, /* some of it waits; on_drained follows */
    STREAM_FAILED, /* nothing of it was sent; the peer is gone, nothing more can be sent */
    STREAM_CUT,    /* the same after some of it was sent: memory is short */
};

static inline bool stream_has_failed(enum stream_write_status status)
{
    return status >= STREAM_FAILED;
}

/* Buffers of one stream_write at most. */
enum { STREAM_VECTOR_MAX = 4 };

/* Prepares a stream over the socket `descriptor`, as an acceptor hands it over. The stream owns it from
 * here on, also when this fails. Returns 0 or a libuv error; after an error the caller closes the
 * stream with stream_close and waits for on_closed like for any other. */
MUST_CHECK int stream_init_accepted(struct stream *stream, uv_loop_t *loop, int family,
                                    int descriptor, const struct stream_events *events);

/* Prepares a TCP stream over the next connection that `listener`, one of libuv's, has. Returns 0 or a libuv
 * error; after an error: as above. */
MUST_CHECK int stream_init_from(struct stream *stream, uv_stream_t *listener,
                                const struct stream_events *events);

/* Prepares a stream and starts to connect it; on_connected follows unless this returns an error.
 * `request` lives as long as the stream. After an error: as above. */
MUST_CHECK int stream_init_connecting(struct stream *stream, uv_loop_t *loop,
                                      const struct socket_address *address, uv_connect_t *request,
                                      const struct stream_events *events);

/* Whether nobody hears when the peer resets the connection: nothing is read, and nothing is queued. The kernel tells
 * of unread bytes each time, so libuv forgets a socket that it does not read from, and its errors with it. */
static inline bool stream_is_deaf(const struct stream *stream)
{
    return !stream->is_reading && stream->queue == NULL && !stream->is_closing;
}

/* Looks whether the peer has reset the connection, or closed both directions of it; what it has sent before may
 * still be unread. Costs a system call. */
bool stream_is_cut(const struct stream *stream);

/* Starts or stops reading; both may be called in any state and do nothing when nothing changes. */
void stream_start_reading(struct stream *stream);
void stream_stop_reading(struct stream *stream);

/* Sends `count` <= STREAM_VECTOR_MAX slices in order. Must not be called while bytes are queued. */
MUST_CHECK enum stream_write_status stream_write(struct stream *stream, const struct slice *slices,
                                                 unsigned count);

static inline bool stream_is_queued(const struct stream *stream)
{
    return stream->queue != NULL;
}

/* For operations: all of `queue` was sent, or `error`. */
void stream_written(struct stream *stream, struct stream_queue *queue, int error);
uv_buf_t stream_queue_buffer(struct stream_queue *queue);

/* Sends FIN; bytes that are queued would be lost, so there must be none. */
void stream_shutdown(struct stream *stream);

/* Closes; what is queued is dropped. May be called again. */
void stream_close(struct stream *stream);

/* Closes with a reset (TCP), so that the peer cannot take the end for a clean one. */
void stream_reset(struct stream *stream);

/* Bytes that have arrived and were not read yet, or 0. */
size_t stream_unread(const struct stream *stream);

/* Bytes that the peer has not confirmed yet: queued here or in the kernel. */
size_t stream_unsent(const struct stream *stream);

/* The socket, for what libuv has no call for; -1 when the stream is more than a socket, or is none yet. */
int stream_descriptor(const struct stream *stream);

/* True when neither bytes nor an end have arrived: a kept connection that is fit for another use.
 */
bool stream_is_quiet(const struct stream *stream);

#endif
