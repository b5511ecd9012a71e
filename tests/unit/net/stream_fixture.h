/* A scripted stream with an owner that notes what it hears, and the peer that the test plays. */
#ifndef VERBGATE_TEST_STREAM_FIXTURE_H
#define VERBGATE_TEST_STREAM_FIXTURE_H

#include "hindrance.h"

#include <unistd.h>

enum { BOUND_TURNS = 100000, BYTES_MAX = 4096, ROOM = 64 };

static uv_loop_t loop;
static struct stream stream;
static struct hindrance hindrance;
static int peer; /* the test's end */
static char room[ROOM];
static size_t room_length;
static char received[BYTES_MAX];
static size_t received_length;
static unsigned asked; /* calls of on_allocate */
static unsigned ends;  /* calls of on_read_end */
static int read_end;   /* the error of the last */
static unsigned nothings;
static unsigned drained;
static int drained_error;
static unsigned connected;
static unsigned closed;
static void (*after_read)(void); /* what the owner does then; NULL: nothing */

static inline uv_buf_t on_allocate(struct stream *of)
{
    cr_assert(of == &stream && !of->is_closing && of->is_reading);
    asked++;
    return (uv_buf_t){room, room_length};
}

static inline void on_read(struct stream *of, char *data, size_t length)
{
    cr_assert(of == &stream && data == room && length > 0 && length <= room_length);
    cr_assert(received_length + length <= sizeof received);
    memcpy(received + received_length, data, length);
    received_length += length;
    if (after_read != NULL) {
        after_read();
    }
}

static inline void on_read_end(struct stream *of, int error)
{
    cr_assert_not(of->is_reading);
    ends++;
    read_end = error;
}

static inline void on_read_nothing(struct stream *of)
{
    cr_assert(of == &stream);
    nothings++;
}

static inline void on_drained(struct stream *of, int error)
{
    cr_assert_not(stream_is_queued(of));
    drained++;
    drained_error = error;
}

static inline void on_connected(struct stream *of, int error)
{
    cr_assert(of == &stream && error == 0);
    connected++;
}

static inline void on_closed(struct stream *of)
{
    cr_assert(of == &stream && !stream_is_queued(of));
    closed++;
}

static const struct stream_events events = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_read_nothing = on_read_nothing,
    .on_drained = on_drained,
    .on_connected = on_connected,
    .on_closed = on_closed,
};

static inline void start_over(int family, int descriptor, int other)
{
    peer = other;
    room_length = ROOM;
    received_length = 0;
    asked = ends = nothings = drained = connected = closed = 0;
    read_end = drained_error = 0;
    after_read = NULL;
    cr_assert_eq(uv_loop_init(&loop), 0);
    hindrance_begin(&loop);
    cr_assert_eq(stream_init_accepted(&stream, &loop, family, descriptor, &events), 0);
    hinder(&stream, &hindrance);
}

static inline void start(struct hindrance with)
{
    int pair[2];
    hindrance = with;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    start_over(AF_UNIX, pair[0], pair[1]);
}

static inline int listen_on_loopback(struct socket_address *address)
{
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *address = (struct socket_address){.length = sizeof address->v4};
    address->v4.sin_family = AF_INET;
    address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(listening, &address->any, address->length), 0);
    cr_assert_eq(listen(listening, 4), 0);
    cr_assert_eq(getsockname(listening, &address->any, &address->length), 0);
    return listening;
}

static inline void end_peer(void)
{
    close(peer);
    peer = -1;
}

static inline void turn(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
    hindrance_turn();
}

static inline void finish(void)
{
    stream_close(&stream);
    hindrance_end();
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(closed, 1);
    cr_assert_eq(uv_loop_close(&loop), 0);
    if (peer >= 0) {
        close(peer);
    }
}

static inline void peer_sends(const char *bytes, size_t length)
{
    cr_assert_eq(send(peer, bytes, length, MSG_NOSIGNAL), (ssize_t)length);
}

#endif
