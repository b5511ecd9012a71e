/*
 * A stream: one connected socket with its write queue. The stream copies what the socket does not take at once, and
 * sends it when the socket can take it. The owner sees that (STREAM_QUEUED), stops producing, and goes on in
 * on_drained. So at most what one call writes is ever queued.
 *
 * Life: stream_init_* -> reads and writes -> stream_close -> on_closed, after which the memory may
 * go. After stream_close the stream calls nothing but on_closed.
 *
 * What a plain socket and an engine on top of it (TLS) do differently is a table of operations, see
 * struct stream_operations. stream_socket.c has the operations of a plain socket, TCP or Unix.
 */
#ifndef VERBGATE_NET_STREAM_H
#define VERBGATE_NET_STREAM_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/net/turns.h"

#include <uv.h>

struct stream;

struct stream_events {
    /* Returns where the next bytes go. The stream calls it right before each read. No room: the stream reads nothing in
     * this turn of the loop, and asks again in the next one; with a plain socket that costs no system call, as the
     * kernel repeats that there is something to read. NULL: memory is short; on_read_end follows with UV_ENOBUFS. */
    uv_buf_t (*on_allocate)(struct stream *stream);
    /* Bytes came: `length` > 0 at `data`, which on_allocate gave. */
    void (*on_read)(struct stream *stream, char *data, size_t length);
    /* No more bytes come: `error` is UV_EOF or another libuv error. Reading has stopped. */
    void (*on_read_end)(struct stream *stream, int error);
    /* The stream has read nothing after all: it does not use the room that on_allocate gave. May be NULL. */
    void (*on_read_nothing)(struct stream *stream);
    /* The queue is empty again (0), or writing failed (a libuv error; nothing more can be sent). */
    void (*on_drained)(struct stream *stream, int error);
    /* The connection that stream_init_connecting began is there (0), or there is none (a libuv error). */
    void (*on_connected)(struct stream *stream, int error);
    void (*on_closed)(struct stream *stream);
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

/* Bytes that wait for the socket. The stream makes and frees this. */
struct stream_queue {
    uv_write_t request;
    struct stream *stream;
    size_t length;
    char bytes[];
};

/*
 * All that differs between a plain socket and an engine on top of one. An engine uses what it has in common with a plain
 * socket from stream_socket_operations: `start_reading` and `stop_reading`, `write` for what it has encrypted,
 * `write_queue`, `unsent`.
 *
 * An engine sends bytes of its own, too: a handshake, an alert. It does so only while nothing is queued. Where the socket
 * does not take such bytes, `read` returns 0 and `is_quiet` returns false until `drained` was called, and nothing is
 * pending: the owner takes for granted that nothing is queued that it did not write itself. It hears of such a queue
 * neither by on_drained nor otherwise.
 */
struct stream_operations {
    /* Has the loop call stream_readable when the socket has bytes, an end or an error. An engine that has a handshake to
     * do first calls stream_readable later. Returns 0 or a libuv error. */
    int (*start_reading)(struct stream *stream);
    void (*stop_reading)(struct stream *stream);

    /* Reads up to `size` > 0 bytes into `room`. Returns how many bytes came; 0: none for now; UV_EOF: a clean end (of
     * TLS: close_notify); another libuv error: the connection is of no use any more, or was cut. */
    ssize_t (*read)(struct stream *stream, char *room, size_t size);
    /* Returns whether `read` has something to return, bytes or an end, that the loop will not announce, since the
     * engine took it out of the socket. While this is true and the stream is read from, the stream reads in each turn
     * of the loop; so after true `read` must not return 0. An end stays pending. It may become true in `read`, `drained`
     * and `is_quiet`, or before reading starts: the stream asks then. NULL: always false. */
    bool (*has_pending)(const struct stream *stream);

    /* Sends `count` buffers, none of them empty, `total` bytes together. Nothing is queued. What the socket does not
     * take goes to stream_queue_rest. An engine encrypts all, and calls the `write` of the socket with the result: the
     * queue is one of ciphertext. */
    enum stream_write_status (*write)(struct stream *stream, const uv_buf_t *buffers,
                                      unsigned count, size_t total);
    /* Sends all of `queue`, then calls stream_written. Returns 0 or a libuv error. */
    int (*write_queue)(struct stream *stream, struct stream_queue *queue);
    /* The queue is gone: sent (0), or writing failed (a libuv error). Sends what the engine itself still has to send.
     * Returns the error that the owner is told of, or 0. Where it queues something, on_drained waits for that, too.
     * NULL: returns `error`. */
    int (*drained)(struct stream *stream, int error);
    /* Ends the direction to the peer. Nothing is queued. TLS sends close_notify first; where that is queued, FIN follows
     * in `drained`. */
    void (*shutdown)(struct stream *stream);

    /* The socket is connected (0), or could not be (a libuv error). Calls on_connected, at once or, after a handshake,
     * later. */
    void (*connected)(struct stream *stream, int error);
    /* See the functions of these names. */
    bool (*is_quiet)(const struct stream *stream);
    size_t (*unread)(const struct stream *stream);
    size_t (*unsent)(const struct stream *stream);

    /* The stream is closed; on_closed follows at once. Frees what the engine owns. NULL: nothing to do. */
    void (*closed)(struct stream *stream);

    bool is_plain; /* see stream_is_plain */
};

extern const struct stream_operations stream_socket_operations;

/* What the stream needs of an engine that keeps bytes. It is a member of the engine's own block, which LIST_OBJECT finds.
 * A plain socket has none. */
struct stream_engine {
    struct stream *stream;
    struct turns *turns; /* of the stream's loop */
    struct turn turn;    /* waits while the stream is read from and has something pending */
};

struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv; /* its `data` is the engine */
    const struct stream_operations *operations;
    const struct stream_events *events;
    struct stream_queue *queue; /* NULL when everything was sent; owned */
    int descriptor; /* the socket, which libuv owns; -1: none, which every call refuses */
    bool is_reading;
    bool is_closing;
    bool owes_drained;   /* the owner knows of the queue, and waits for on_drained */
    bool is_half_closed; /* FIN was sent, or read */
};

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

/* Puts `engine` between the stream and its owner: `operations` are the stream's from here on. To be called right after
 * stream_init_*, before anything is read. The caller owns the engine's memory, at least until `closed`. */
void stream_attach_engine(struct stream *stream, struct stream_engine *engine,
                          const struct stream_operations *operations, struct turns *turns);

/* Returns the stream's engine, or NULL. It is in libuv's handle, so that no idle client is larger for it. */
static inline struct stream_engine *stream_engine(const struct stream *stream)
{
    return stream->uv.handle.data;
}

/* Returns whether the bytes on the socket are the owner's own. Only then may they be spliced, and only then does a read
 * that does not fill its room say that there was no more. */
static inline bool stream_is_plain(const struct stream *stream)
{
    return stream->operations->is_plain;
}

/* Returns whether the stream holds bytes or an end that the loop does not announce. */
static inline bool stream_has_pending(const struct stream *stream)
{
    return stream->operations->has_pending != NULL && stream->operations->has_pending(stream);
}

/* Returns whether nobody hears when the peer resets the connection: the stream is not read from, and nothing is queued.
 * The kernel repeats that there are unread bytes, so libuv forgets a socket that it does not read from, and its errors
 * with it. */
static inline bool stream_is_deaf(const struct stream *stream)
{
    return !stream->is_reading && stream->queue == NULL && !stream->is_closing;
}

/* Looks whether the peer has reset the connection, or closed both directions of it; what it has sent before may
 * still be unread. Costs a system call. */
bool stream_is_cut(const struct stream *stream);

/* Starts or stops reading; both may be called in any state and do nothing when nothing changes. Neither of them calls
 * back. */
void stream_start_reading(struct stream *stream);
void stream_stop_reading(struct stream *stream);

/* Sends `count` <= STREAM_VECTOR_MAX slices in order. Must not be called while bytes are queued. */
MUST_CHECK enum stream_write_status stream_write(struct stream *stream, const struct slice *slices,
                                                 unsigned count);

static inline bool stream_is_queued(const struct stream *stream)
{
    return stream->queue != NULL;
}

/* Ends the direction to the peer; queued bytes would be lost, so there must be none. An engine may queue its own last
 * bytes; then on_drained follows. */
void stream_shutdown(struct stream *stream);

/* Closes; drops what is queued. May be called again. */
void stream_close(struct stream *stream);

/* Closes with a reset (TCP), so that the peer cannot take the end for a clean one. */
void stream_reset(struct stream *stream);

/* Returns how many bytes have arrived and were not read yet. 0 also where the system does not say. An engine may count
 * bytes that are not content, but returns 0 only when nothing has arrived. */
size_t stream_unread(const struct stream *stream);

/* Returns how many bytes the peer has not confirmed yet: those queued here and those in the kernel. */
size_t stream_unsent(const struct stream *stream);

/* Returns the socket, for what libuv has no call for; -1 when the stream is not plain, or has no socket yet. */
int stream_descriptor(const struct stream *stream);

/* Returns whether neither bytes nor an end have arrived: then a kept connection is fit for another use. What an engine
 * keeps to itself, such as a session ticket, is no such byte. */
bool stream_is_quiet(const struct stream *stream);

/* ---- for operations */

/* Reads, and gives the owner what there is, until there is no more, the owner stops or has no room, or the stream has
 * had its share of this turn of the loop. The stream must be read from. */
void stream_readable(struct stream *stream);

/* Queues a copy of what lies behind the first `taken` < `total` bytes of the buffers, and calls `write_queue`. Returns
 * STREAM_QUEUED; when memory is short STREAM_FAILED, or STREAM_CUT where something was taken. */
MUST_CHECK enum stream_write_status stream_queue_rest(struct stream *stream,
                                                      const uv_buf_t *buffers, unsigned count,
                                                      size_t taken, size_t total);
uv_buf_t stream_queue_buffer(struct stream_queue *queue);

/* All of `queue` was sent (0), or writing failed (a libuv error). Frees the queue, and tells the engine and the owner. */
void stream_written(struct stream *stream, struct stream_queue *queue, int error);

#endif
