/* Streams whose socket takes little, or late: what a slow peer does, without a slow peer. */
#ifndef VERBGATE_TEST_HINDRANCE_H
#define VERBGATE_TEST_HINDRANCE_H

#include "verbgate/net/stream.h"

/* What is in the way of one side's writes. All zero: nothing, the calls are only counted. */
struct hindrance {
    size_t most;           /* bytes that the socket takes at once; 0: all */
    unsigned blocked_call; /* this call, counted from 1, takes nothing; 0: none does */
    unsigned hold_turns;   /* turns of the loop before what is queued moves on */
    unsigned calls;
};

/* One stream under a hindrance. */
struct hindered {
    struct stream *stream;
    struct hindrance *hindrance;
    const struct stream_events *events; /* the stream's own */
    struct stream_events watched;       /* the same, but its end is noticed here */
    struct stream_queue *held;
    size_t held_sent;
    unsigned held_turns;
};

enum { HINDERED_MAX = 16 };
static struct hindered hindered_streams[HINDERED_MAX];

static inline struct hindered *hindered_of(const struct stream *stream)
{
    for (unsigned i = 0; i < HINDERED_MAX; i++) {
        if (hindered_streams[i].stream == stream) {
            return &hindered_streams[i];
        }
    }
    return NULL;
}

static inline int hindered_try_write(struct stream *stream, const uv_buf_t *buffers, unsigned count)
{
    struct hindrance *hindrance = hindered_of(stream)->hindrance;
    if (++hindrance->calls == hindrance->blocked_call) {
        return 0;
    }
    if (hindrance->most == 0) {
        return stream_socket_operations.try_write(stream, buffers, count);
    }
    uv_buf_t first = buffers[0];
    first.len = first.len < hindrance->most ? first.len : hindrance->most;
    return stream_socket_operations.try_write(stream, &first, 1);
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

static inline void hindered_start_nothing(struct hindered *hindered)
{
    *hindered = (struct hindered){.stream = NULL};
}

static inline void hindered_on_closed(struct stream *stream)
{
    struct hindered *hindered = hindered_of(stream);
    const struct stream_events *events = hindered->events;
    if (hindered->held != NULL) {
        stream_written(stream, hindered->held, UV_ECANCELED);
    }
    hindered_start_nothing(hindered);
    events->on_closed(stream);
}

/* Puts a stream under a hindrance, once; until it is closed. */
static inline void hinder(struct stream *stream, struct hindrance *hindrance)
{
    static struct stream_operations operations;
    if (hindered_of(stream) != NULL || stream->is_closing) {
        return;
    }
    operations = stream_socket_operations;
    operations.try_write = hindered_try_write;
    operations.write_queue = hindered_write_queue;
    struct hindered *hindered = hindered_of(NULL);
    cr_assert(hindered != NULL, "too many streams at one time");
    hindered->stream = stream;
    hindered->hindrance = hindrance;
    hindered->events = stream->events;
    hindered->watched = *stream->events;
    hindered->watched.on_closed = hindered_on_closed;
    stream->events = &hindered->watched;
    stream->operations = &operations;
}

static inline void hindered_move_on(struct hindered *hindered)
{
    struct stream *stream = hindered->stream;
    struct stream_queue *queue = hindered->held;
    if (hindered->held_turns > 0) {
        hindered->held_turns--;
        return;
    }
    uv_buf_t rest = stream_queue_buffer(queue);
    rest.base += hindered->held_sent;
    rest.len -= hindered->held_sent;
    size_t left = rest.len;
    size_t most = hindered->hindrance->most;
    rest.len = most != 0 && most < left ? most : left;
    int taken = stream_socket_operations.try_write(stream, &rest, 1);
    if (taken >= 0 && (size_t)taken < left) {
        hindered->held_sent += (size_t)taken;
        return;
    }
    hindered->held = NULL;
    stream_written(stream, queue, taken < 0 ? taken : 0);
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

#endif
