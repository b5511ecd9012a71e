#include <criterion/criterion.h>

#include "verbgate/net/splice_pipe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BIG = 8 * 1024 * 1024, PIECE = 4096, TRIES_MAX = 100000 };

/* A stream and the test's end of it. */
struct side {
    struct stream stream;
    int peer;
};

static uv_loop_t loop;
static struct splice_pipes pipes;
static struct side sender, recipient;

static void on_closed(struct stream *stream)
{
    (void)stream;
}

static void on_drained(struct stream *stream, int error)
{
    (void)stream;
    cr_assert_eq(error, 0);
}

static const struct stream_events events = {.on_closed = on_closed, .on_drained = on_drained};

static void open_side(struct side *side, int family, int descriptor, int peer)
{
    side->peer = peer;
    cr_assert_eq(stream_init_accepted(&side->stream, &loop, family, descriptor, &events), 0);
}

static void open_unix(struct side *side)
{
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    open_side(side, AF_UNIX, pair[0], pair[1]);
}

static void open_tcp(struct side *side)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(bind(listening, any, length) == 0 && listen(listening, 1) == 0);
    cr_assert_eq(getsockname(listening, any, &length), 0);
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(peer, any, length), 0);
    int accepted = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert(accepted >= 0);
    close(listening);
    open_side(side, AF_INET, accepted, peer);
}

static void start(void (*open_sender)(struct side *), void (*open_recipient)(struct side *))
{
    signal(SIGPIPE, SIG_IGN); /* as the process does */
    pipes = (struct splice_pipes){.most = 2};
    cr_assert_eq(uv_loop_init(&loop), 0);
    open_sender(&sender);
    open_recipient(&recipient);
}

static void close_side(struct side *side)
{
    stream_close(&side->stream);
    if (side->peer >= 0) {
        close(side->peer);
        side->peer = -1;
    }
}

static void finish(void)
{
    close_side(&sender);
    close_side(&recipient);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
    cr_assert_eq(pipes.count, 0);
}

static struct splice_pipe *make_pipe(void)
{
    struct splice_pipe *pipe = splice_pipe_create(&pipes);
    cr_assert(pipe != NULL && pipe->held == 0);
    return pipe;
}

/* Fills as soon as something has arrived. */
static ssize_t fill(struct splice_pipe *pipe, size_t most)
{
    ssize_t count = UV_EAGAIN;
    for (unsigned tries = 0; tries < TRIES_MAX && count == UV_EAGAIN; tries++) {
        count = splice_pipe_fill(pipe, &sender.stream, most);
    }
    return count;
}

static void expect_received(const char *text)
{
    char bytes[256];
    size_t length = 0;
    while (length < strlen(text)) {
        ssize_t count = recv(recipient.peer, bytes + length, sizeof bytes - length, 0);
        cr_assert(count > 0);
        length += (size_t)count;
    }
    cr_assert_eq(length, strlen(text));
    cr_assert_arr_eq(bytes, text, length);
}

static void expect_moves(void)
{
    struct splice_pipe *pipe = make_pipe();
    cr_assert_eq(splice_pipe_fill(pipe, &sender.stream, 100), UV_EAGAIN, "nothing is there");
    cr_assert_eq(send(sender.peer, "0123456789", 10, 0), 10);
    cr_assert_eq(fill(pipe, 4), 4, "no more than it may");
    cr_assert_eq(pipe->held, 4);
    splice_pipe_pour(pipe, &recipient.stream);
    cr_assert_eq(pipe->held, 0);
    splice_pipe_pour(pipe, &recipient.stream);
    cr_assert_eq(pipe->held, 0, "an empty pipe has nothing to pour");
    cr_assert_eq(fill(pipe, 100), 6);
    char bytes[8];
    struct slice piece = splice_pipe_read(pipe, bytes, 2);
    cr_assert(slice_equal(piece, SLICE("45")));
    cr_assert_eq(pipe->held, 4);
    splice_pipe_pour(pipe, &recipient.stream);
    expect_received("01236789");
    shutdown(sender.peer, SHUT_WR);
    cr_assert_eq(fill(pipe, 100), 0, "the sender has ended");
    splice_pipe_free(pipe);
}

Test(splice_pipe, moves_bytes_between_tcp_sockets)
{
    start(open_tcp, open_tcp);
    expect_moves();
    finish();
}

Test(splice_pipe, moves_bytes_between_unix_sockets)
{
    start(open_unix, open_unix);
    expect_moves();
    finish();
}

Test(splice_pipe, moves_bytes_between_both_kinds)
{
    start(open_unix, open_tcp);
    expect_moves();
    finish();
    start(open_tcp, open_unix);
    expect_moves();
    finish();
}

static char pattern_at(size_t offset)
{
    return (char)(offset * 31 + offset / 4096 * 7 + offset / 100003);
}

/* Takes all that is there now; false at the end. */
static bool receive(size_t *received)
{
    char bytes[PIECE];
    for (;;) {
        ssize_t count = recv(recipient.peer, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count <= 0) {
            return count != 0;
        }
        for (ssize_t i = 0; i < count; i++) {
            cr_assert_eq(bytes[i], pattern_at(*received + (size_t)i), "at %zu", *received);
        }
        *received += (size_t)count;
    }
}

/* As the relay does: a piece is taken out and queued where the socket is full. */
static void expect_order(void)
{
    static char block[BIG];
    for (size_t i = 0; i < BIG; i++) {
        block[i] = pattern_at(i);
    }
    struct splice_pipe *pipe = make_pipe();
    size_t sent = 0, moved = 0, received = 0;
    unsigned full = 0;
    while (moved < BIG || stream_is_queued(&recipient.stream)) {
        ssize_t count = send(sender.peer, block + sent, BIG - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += count > 0 ? (size_t)count : 0;
        if (stream_is_queued(&recipient.stream)) {
            cr_assert(receive(&received));
            uv_run(&loop, UV_RUN_NOWAIT);
            continue;
        }
        if (pipe->held == 0 && fill(pipe, BIG) < 0) {
            continue;
        }
        size_t before = pipe->held;
        splice_pipe_pour(pipe, &recipient.stream);
        if (pipe->held > 0) {
            char bytes[PIECE];
            struct slice piece = splice_pipe_read(pipe, bytes, sizeof bytes);
            cr_assert(!stream_has_failed(stream_write(&recipient.stream, &piece, 1)));
            full++;
        }
        moved += before - pipe->held;
    }
    cr_assert(full > 0, "the socket was never full");
    stream_shutdown(&recipient.stream);
    while (receive(&received)) {
    }
    cr_assert_eq(received, BIG);
    splice_pipe_free(pipe);
}

Test(splice_pipe, keeps_the_order_where_the_recipient_takes_only_a_part)
{
    start(open_tcp, open_tcp);
    expect_order();
    finish();
    start(open_unix, open_unix);
    expect_order();
    finish();
}

Test(splice_pipe, holds_what_a_recipient_that_is_gone_does_not_take)
{
    start(open_unix, open_unix);
    struct splice_pipe *pipe = make_pipe();
    cr_assert_eq(send(sender.peer, "abc", 3, 0), 3);
    cr_assert_eq(fill(pipe, 3), 3);
    close(recipient.peer);
    recipient.peer = -1;
    splice_pipe_pour(pipe, &recipient.stream);
    cr_assert_eq(pipe->held, 3);
    char bytes[3];
    struct slice piece = splice_pipe_read(pipe, bytes, sizeof bytes);
    cr_assert_eq(stream_write(&recipient.stream, &piece, 1), STREAM_FAILED, "writing tells");
    splice_pipe_free(pipe);
    finish();
}

Test(splice_pipe, tells_of_a_sender_that_resets)
{
    start(open_tcp, open_unix);
    struct splice_pipe *pipe = make_pipe();
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(sender.peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(sender.peer);
    sender.peer = -1;
    cr_assert_eq(fill(pipe, 100), UV_ECONNRESET);
    splice_pipe_free(pipe);
    finish();
}

Test(splice_pipe, takes_only_plain_streams)
{
    start(open_unix, open_tcp);
    cr_assert(splice_pipe_takes(&sender.stream));
    cr_assert(splice_pipe_takes(&recipient.stream));
    struct stream_operations other = stream_socket_operations;
    other.is_plain = false;
    recipient.stream.operations = &other;
    cr_assert_not(splice_pipe_takes(&recipient.stream), "its bytes are not the socket's");
    recipient.stream.operations = &stream_socket_operations;
    finish();
}

Test(splice_pipe, is_bounded_in_number)
{
    pipes = (struct splice_pipes){.most = 2};
    struct splice_pipe *first = splice_pipe_create(&pipes);
    struct splice_pipe *second = splice_pipe_create(&pipes);
    cr_assert(first != NULL && second != NULL);
    cr_assert_null(splice_pipe_create(&pipes));
    splice_pipe_free(first);
    first = splice_pipe_create(&pipes);
    cr_assert_not_null(first, "one that was freed makes room");
    splice_pipe_free(first);
    splice_pipe_free(second);
    splice_pipe_free(NULL);
    cr_assert_eq(pipes.count, 0);
    pipes.most = 0;
    cr_assert_null(splice_pipe_create(&pipes));
}

Test(splice_pipe, is_not_made_without_descriptors)
{
    pipes = (struct splice_pipes){.most = 2};
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct splice_pipe *pipe = splice_pipe_create(&pipes);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_null(pipe);
    cr_assert_eq(pipes.count, 0);
}
