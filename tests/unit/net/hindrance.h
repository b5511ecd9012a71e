/*
 * A scripted stream: a table of operations over a real socket that takes little, or late, and reads little at a time, or
 * ahead of its owner. So a test has what a slow peer and a TLS engine do, without either of them.
 */
#ifndef VERBGATE_TEST_HINDRANCE_H
#define VERBGATE_TEST_HINDRANCE_H

#include "verbgate/net/stream.h"

#include <errno.h>

/* What is in the way of one side. All zero: nothing, the stream only counts the writes. */
struct hindrance {
    size_t most;           /* bytes that the socket takes at once; 0: all */
    unsigned blocked_call; /* this write, counted from 1, finds the socket full; 0: none does */
    unsigned hold_turns;   /* turns of the loop before what is queued moves on */
    size_t read_most;      /* bytes that one read returns; 0: all that there are */
    bool reads_ahead;      /* takes all out of the socket, and keeps what a read does not return */
    unsigned calls;        /* writes so far */
};

enum { HINDERED_MAX = 16, HINDERED_KEEPS = 64 * 1024 };

/* One stream under a hindrance. */
struct hindered {
    struct stream *stream;
    struct hindrance *hindrance;
    struct stream_engine engine;
    struct stream_queue *held;
    size_t held_sent;
    unsigned held_turns;
    int end; /* that was read ahead; 0: none yet */
    size_t kept_length;
    char kept[HINDERED_KEEPS];
};

static struct hindered hindered_streams[HINDERED_MAX];
static struct turns hindrance_turns;

/* To be called before the first stream of a loop is hindered, and behind the last. */
static inline void hindrance_begin(uv_loop_t *loop)
{
    turns_init(&hindrance_turns, loop);
}

static inline void hindrance_end(void)
{
    turns_close(&hindrance_turns);
}

static inline struct hindered *hindered_of(const struct stream *stream)
{
    for (unsigned i = 0; i < HINDERED_MAX; i++) {
        if (hindered_streams[i].stream == stream) {
            return &hindered_streams[i];
        }
    }
    return NULL;
}

/* ---- reads ------------------------------------------------------------------------------- */

/* Leaves nothing in the socket that the loop could announce, as far as there is room. */
static inline void hindered_read_ahead(struct hindered *hindered)
{
    while (hindered->end == 0 && hindered->kept_length < HINDERED_KEEPS) {
        ssize_t count =
            stream_socket_operations.read(hindered->stream, hindered->kept + hindered->kept_length,
                                          HINDERED_KEEPS - hindered->kept_length);
        if (count == 0) {
            return;
        }
        hindered->kept_length += count > 0 ? (size_t)count : 0;
        hindered->end = count < 0 ? (int)count : 0;
    }
}

static inline ssize_t hindered_read(struct stream *stream, char *room, size_t size)
{
    struct hindered *hindered = hindered_of(stream);
    size_t most = hindered->hindrance->read_most;
    size = most != 0 && most < size ? most : size;
    if (hindered->hindrance->reads_ahead) {
        hindered_read_ahead(hindered);
    } else if (hindered->kept_length == 0 && hindered->end == 0) {
        return stream_socket_operations.read(stream, room, size);
    }
    if (hindered->kept_length == 0) {
        return hindered->end;
    }
    size_t length = size < hindered->kept_length ? size : hindered->kept_length;
    memcpy(room, hindered->kept, length);
    hindered->kept_length -= length;
    memmove(hindered->kept, hindered->kept + length, hindered->kept_length);
    return (ssize_t)length;
}

static inline bool hindered_has_pending(const struct stream *stream)
{
    const struct hindered *hindered = hindered_of(stream);
    return hindered->kept_length > 0 || hindered->end != 0;
}

static inline bool hindered_is_quiet(const struct stream *stream)
{
    struct hindered *hindered = hindered_of(stream);
    if (hindered->hindrance->reads_ahead) {
        hindered_read_ahead(hindered);
    }
    return !hindered_has_pending(stream) && stream_socket_operations.is_quiet(stream);
}

static inline size_t hindered_unread(const struct stream *stream)
{
    return hindered_of(stream)->kept_length + stream_socket_operations.unread(stream);
}

/* ---- writes ------------------------------------------------------------------------------ */

/* Sends a part of a piece. Returns how many bytes the socket took, or -1: nothing more can be sent. */
static inline ssize_t hindered_send(struct hindered *hindered, const char *bytes, size_t length)
{
    size_t most = hindered->hindrance->most;
    ssize_t taken = send(hindered->stream->descriptor, bytes,
                         most != 0 && most < length ? most : length, MSG_NOSIGNAL | MSG_DONTWAIT);
    return taken < 0 && errno == EAGAIN ? 0 : taken;
}

static inline enum stream_write_status
hindered_write(struct stream *stream, const uv_buf_t *buffers, unsigned count, size_t total)
{
    struct hindered *hindered = hindered_of(stream);
    if (++hindered->hindrance->calls == hindered->hindrance->blocked_call) {
        return stream_queue_rest(stream, buffers, count, 0, total);
    }
    if (hindered->hindrance->most == 0) {
        return stream_socket_operations.write(stream, buffers, count, total);
    }
    ssize_t taken = hindered_send(hindered, buffers[0].base, buffers[0].len);
    if (taken < 0) {
        return STREAM_FAILED;
    }
    return (size_t)taken == total ? STREAM_SENT
                                  : stream_queue_rest(stream, buffers, count, (size_t)taken, total);
}

static inline int hindered_write_queue(struct stream *stream, struct stream_queue *queue)
{
    struct hindered *hindered = hindered_of(stream);
    if (hindered->hindrance->most == 0 && hindered->hindrance->hold_turns == 0) {
        return stream_socket_operations.write_queue(stream, queue);
    }
    hindered->held = queue;
    hindered->held_sent = 0;
    hindered->held_turns = hindered->hindrance->hold_turns;
    return 0;
}

static inline void hindered_move_on(struct hindered *hindered)
{
    struct stream_queue *queue = hindered->held;
    if (hindered->held_turns > 0) {
        hindered->held_turns--;
        return;
    }
    uv_buf_t all = stream_queue_buffer(queue);
    size_t left = all.len - hindered->held_sent;
    ssize_t taken = hindered_send(hindered, all.base + hindered->held_sent, left);
    if (taken >= 0 && (size_t)taken < left) {
        hindered->held_sent += (size_t)taken;
        return;
    }
    int error = taken < 0 ? uv_translate_sys_error(errno) : 0;
    hindered->held = NULL;
    stream_written(hindered->stream, queue, error);
}

/* A turn of the loop is over: what is queued moves a little further. */
static inline void hindrance_turn(void)
{
    for (unsigned i = 0; i < HINDERED_MAX; i++) {
        if (hindered_streams[i].held != NULL && !hindered_streams[i].stream->is_closing) {
            hindered_move_on(&hindered_streams[i]);
        }
    }
}

/* ---- life -------------------------------------------------------------------------------- */

static inline void hindered_closed(struct stream *stream)
{
    struct hindered *hindered = hindered_of(stream);
    if (hindered->held != NULL) {
        stream_written(stream, hindered->held, UV_ECANCELED);
    }
    hindered->held = NULL;
    hindered->stream = NULL;
}

/* Puts a stream under a hindrance, once; until it is closed. */
static inline void hinder(struct stream *stream, struct hindrance *hindrance)
{
    static struct stream_operations operations;
    operations = stream_socket_operations;
    operations.read = hindered_read;
    operations.has_pending = hindered_has_pending;
    operations.write = hindered_write;
    operations.write_queue = hindered_write_queue;
    operations.is_quiet = hindered_is_quiet;
    operations.unread = hindered_unread;
    operations.closed = hindered_closed;
    operations.is_plain = false;
    if (hindered_of(stream) != NULL || stream->is_closing) {
        return;
    }
    struct hindered *hindered = hindered_of(NULL);
    cr_assert(hindered != NULL, "too many streams at one time");
    hindered->stream = stream;
    hindered->hindrance = hindrance;
    hindered->held = NULL;
    hindered->end = 0;
    hindered->kept_length = 0;
    stream_attach_engine(stream, &hindered->engine, &operations, &hindrance_turns);
}

#endif
