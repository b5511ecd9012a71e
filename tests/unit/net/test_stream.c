#include <criterion/criterion.h>

#include "verbgate/base/list.h"
#include "verbgate/net/stream.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { BOUND_SECONDS = 20, BIG = 8 * 1024 * 1024 };

static uv_loop_t loop;
static struct stream stream;
static int peer; /* the test's end */
static char room[64];
static char received[256];
static size_t received_length;
static int read_end;      /* the error of on_read_end; 0: not called */
static unsigned drained;  /* calls of on_drained */
static int drained_error; /* of the last */
static unsigned connected;
static int connected_error;
static unsigned closed;
static bool stops_after_read;
static bool has_no_room;
static bool is_out_of_memory;
static unsigned allocated;

static uv_buf_t on_allocate(struct stream *of)
{
    cr_assert(of == &stream && !of->is_closing);
    allocated++;
    return (uv_buf_t){is_out_of_memory ? NULL : room, has_no_room ? 0 : sizeof room};
}

static void on_read(struct stream *of, char *data, size_t length)
{
    cr_assert(data == room && length > 0 && length <= sizeof room);
    cr_assert(received_length + length <= sizeof received);
    memcpy(received + received_length, data, length);
    received_length += length;
    if (stops_after_read) {
        stream_stop_reading(of);
    }
}

static void on_read_end(struct stream *of, int error)
{
    cr_assert_not(of->is_reading);
    read_end = error;
}

static void on_read_nothing(struct stream *of)
{
    (void)of;
}

static void on_drained(struct stream *of, int error)
{
    cr_assert_not(stream_is_queued(of));
    drained++;
    drained_error = error;
}

static void on_connected(struct stream *of, int error)
{
    cr_assert(of == &stream);
    connected++;
    connected_error = error;
}

static void on_closed(struct stream *of)
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

static void start_over(int family, int descriptor, int other)
{
    peer = other;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(stream_init_accepted(&stream, &loop, family, descriptor, &events), 0);
}

static void start(void)
{
    int pair[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    start_over(AF_UNIX, pair[0], pair[1]);
}

/* A listening socket and its address. */
static int listen_on_loopback(struct socket_address *address)
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

static void start_tcp(void)
{
    struct socket_address address;
    int listening = listen_on_loopback(&address);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(client, &address.any, address.length), 0);
    int accepted = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert(accepted >= 0);
    close(listening);
    start_over(AF_INET, accepted, client);
}

static void finish(void)
{
    stream_close(&stream);
    stream_close(&stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(closed, 1);
    cr_assert_eq(uv_loop_close(&loop), 0);
    if (peer >= 0) {
        close(peer);
    }
}

static void run_until(bool (*is_done)(void))
{
    uint64_t end = uv_hrtime() + BOUND_SECONDS * (uint64_t)1000000000;
    while (!is_done() && uv_hrtime() < end) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    cr_assert(is_done());
}

static bool has_five_bytes(void)
{
    return received_length == 5;
}

static bool has_ended(void)
{
    return read_end != 0;
}

static bool has_connected(void)
{
    return connected > 0;
}

Test(stream, reads_what_comes_until_it_is_told_to_stop)
{
    start();
    cr_assert_eq(write(peer, "first", 5), 5);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(received_length, 0, "it does not read by itself");
    cr_assert_eq(stream_unread(&stream), 5);
    cr_assert_not(stream_is_quiet(&stream));
    stops_after_read = true;
    stream_start_reading(&stream);
    stream_start_reading(&stream);
    run_until(has_five_bytes);
    cr_assert_eq(write(peer, "more", 4), 4);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(received_length, 5);
    cr_assert(memcmp(received, "first", 5) == 0);
    finish();
}

/* Also when an end is there already, which libuv must not take for all that is left. */
Test(stream, asks_once_in_each_turn_while_it_is_given_no_room)
{
    start();
    cr_assert_eq(write(peer, "first", 5), 5);
    close(peer);
    peer = -1;
    has_no_room = true;
    stream_start_reading(&stream);
    for (unsigned turn = 1; turn <= 3; turn++) {
        uv_run(&loop, UV_RUN_NOWAIT);
        cr_assert_eq(allocated, turn);
    }
    cr_assert_eq(received_length, 0);
    cr_assert_eq(read_end, 0);
    has_no_room = false;
    run_until(has_ended);
    cr_assert_eq(received_length, 5);
    cr_assert_eq(read_end, UV_EOF);
    finish();
}

Test(stream, ends_reading_where_memory_is_short)
{
    start();
    cr_assert_eq(write(peer, "first", 5), 5);
    is_out_of_memory = true;
    stream_start_reading(&stream);
    run_until(has_ended);
    cr_assert_eq(read_end, UV_ENOBUFS);
    cr_assert_eq(allocated, 1);
    finish();
}

Test(stream, is_quiet_when_neither_bytes_nor_an_end_have_come)
{
    start();
    cr_assert(stream_is_quiet(&stream));
    close(peer);
    peer = -1;
    cr_assert_not(stream_is_quiet(&stream));
    cr_assert_eq(stream_unread(&stream), 0);
    finish();
}

Test(stream, reports_the_end_once)
{
    start();
    stream_start_reading(&stream);
    close(peer);
    peer = -1;
    run_until(has_ended);
    cr_assert_eq(read_end, UV_EOF);
    read_end = 0;
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(read_end, 0);
    finish();
}

/* libuv alone would report a clean end. */
Test(stream, reports_a_reset_that_comes_with_the_last_bytes_as_a_reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    start_tcp();
    cr_assert_eq(write(peer, "bytes", 5), 5);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(peer);
    peer = -1;
    stream_start_reading(&stream);
    run_until(has_ended);
    cr_assert_eq(read_end, UV_ECONNRESET, "%s", uv_strerror(read_end));
    finish();
}

Test(stream, sends_slices_in_order_and_skips_empty_ones)
{
    start();
    struct slice slices[] = {SLICE("one "), {NULL, 0}, SLICE("two "), SLICE("three")};
    cr_assert_eq(stream_write(&stream, slices, 4), STREAM_SENT);
    char bytes[32];
    cr_assert_eq(read(peer, bytes, sizeof bytes), 13);
    cr_assert(memcmp(bytes, "one two three", 13) == 0);
    cr_assert_eq(stream_write(&stream, &slices[1], 1), STREAM_SENT, "nothing is sent at once");
    cr_assert_eq(drained, 0);
    finish();
}

/* Reads from the peer's end until all has come or nothing comes any more; checks the pattern. */
static void expect_pattern(size_t total)
{
    static char piece[64 * 1024];
    size_t length = 0;
    uint64_t end = uv_hrtime() + BOUND_SECONDS * (uint64_t)1000000000;
    while (length < total && uv_hrtime() < end) {
        ssize_t count = recv(peer, piece, sizeof piece, MSG_DONTWAIT);
        for (ssize_t i = 0; i < count; i++) {
            cr_assert_eq(piece[i], (char)((length + (size_t)i) % 251));
        }
        length += count > 0 ? (size_t)count : 0;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    cr_assert_eq(length, total);
}

Test(stream, queues_what_the_socket_does_not_take_and_tells_when_it_is_gone)
{
    start();
    char *bytes = malloc(BIG);
    for (size_t i = 0; i < BIG; i++) {
        bytes[i] = (char)(i % 251);
    }
    struct slice slices[] = {{bytes, 3}, {bytes + 3, BIG - 3}};
    cr_assert_eq(stream_write(&stream, slices, 2), STREAM_QUEUED);
    free(bytes); /* the queue is a copy */
    cr_assert(stream_is_queued(&stream));
    cr_assert_eq(drained, 0);
    expect_pattern(BIG);
    while (drained == 0) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    cr_assert_eq(drained, 1);
    cr_assert_eq(drained_error, 0);
    finish();
}

Test(stream, drops_its_queue_when_it_is_closed)
{
    start();
    char *bytes = calloc(1, BIG);
    struct slice slice = {bytes, BIG};
    cr_assert_eq(stream_write(&stream, &slice, 1), STREAM_QUEUED);
    free(bytes);
    finish();
    cr_assert_eq(drained, 0, "nothing but on_closed after the close");
}

Test(stream, fails_to_write_to_a_peer_that_is_gone)
{
    start();
    signal(SIGPIPE, SIG_IGN); /* as the process does */
    close(peer);
    peer = -1;
    struct slice slice = SLICE("bytes");
    cr_assert_eq(stream_write(&stream, &slice, 1), STREAM_FAILED);
    cr_assert_not(stream_is_queued(&stream));
    finish();
}

static size_t most; /* that the scripted socket takes */

static enum stream_write_status take_little(struct stream *of, const uv_buf_t *buffers,
                                            unsigned count, size_t total)
{
    cr_assert(buffers[0].len > 0);
    return most == total ? STREAM_SENT : stream_queue_rest(of, buffers, count, most, total);
}

static struct stream_queue *queued;

static int keep_queue(struct stream *of, struct stream_queue *queue)
{
    cr_assert(of->queue == queue);
    queued = queue;
    return 0;
}

static int refuse_queue(struct stream *of, struct stream_queue *queue)
{
    (void)of, (void)queue;
    return UV_ENOMEM;
}

Test(stream, queues_exactly_the_rest_at_every_split)
{
    static const char whole[] = "abcdefg";
    struct stream_operations operations = stream_socket_operations;
    operations.write = take_little;
    operations.write_queue = keep_queue;
    start();
    stream.operations = &operations;
    struct slice slices[] = {SLICE("ab"), SLICE("c"), {NULL, 0}, SLICE("defg")};
    for (most = 0; most < 7; most++) {
        cr_assert_eq(stream_write(&stream, slices, 4), STREAM_QUEUED);
        uv_buf_t rest = stream_queue_buffer(queued);
        cr_assert_eq(rest.len, 7 - most);
        cr_assert(memcmp(rest.base, whole + most, rest.len) == 0);
        stream_written(&stream, queued, 0);
        cr_assert_eq(drained, most + 1);
    }
    cr_assert_eq(stream_write(&stream, slices, 4), STREAM_SENT);
    most = 3;
    operations.write_queue = refuse_queue;
    cr_assert_eq(stream_write(&stream, slices, 4), STREAM_CUT);
    most = 0;
    cr_assert_eq(stream_write(&stream, slices, 4), STREAM_FAILED);
    cr_assert_not(stream_is_queued(&stream));
    stream.operations = &stream_socket_operations;
    finish();
}

Test(stream, shuts_its_side_down_and_still_reads)
{
    start();
    stream_shutdown(&stream);
    char byte;
    cr_assert_eq(read(peer, &byte, 1), 0);
    stream_start_reading(&stream);
    cr_assert_eq(write(peer, "later", 5), 5);
    run_until(has_five_bytes);
    finish();
}

Test(stream, resets_a_connection_so_that_its_end_is_no_clean_one)
{
    start_tcp();
    stream_reset(&stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    char byte;
    cr_assert_eq(read(peer, &byte, 1), -1);
    cr_assert_eq(errno, ECONNRESET);
    finish();
}

Test(stream, connects_and_carries_bytes)
{
    struct socket_address address;
    uv_connect_t request;
    int listening = listen_on_loopback(&address);
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(stream_init_connecting(&stream, &loop, &address, &request, &events), 0);
    cr_assert_eq(connected, 0, "not from within the call");
    run_until(has_connected);
    cr_assert_eq(connected_error, 0);
    peer = accept(listening, NULL, NULL);
    struct slice slice = SLICE("hello");
    cr_assert_eq(stream_write(&stream, &slice, 1), STREAM_SENT);
    char bytes[8];
    cr_assert_eq(read(peer, bytes, sizeof bytes), 5);
    close(listening);
    finish();
}

Test(stream, reports_a_refused_connection)
{
    struct socket_address address;
    uv_connect_t request;
    close(listen_on_loopback(&address));
    peer = -1;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(stream_init_connecting(&stream, &loop, &address, &request, &events), 0);
    run_until(has_connected);
    cr_assert_eq(connected_error, UV_ECONNREFUSED);
    finish();
}

Test(stream, reports_a_unix_path_that_is_not_there)
{
    struct socket_address address = {.length = sizeof address.path};
    uv_connect_t request;
    address.path.sun_family = AF_UNIX;
    memcpy(address.path.sun_path, "/nonexistent/app.sock", sizeof "/nonexistent/app.sock");
    peer = -1;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(stream_init_connecting(&stream, &loop, &address, &request, &events), 0);
    run_until(has_connected);
    cr_assert_eq(connected_error, UV_ENOENT);
    finish();
}

Test(stream, says_nothing_of_a_connection_that_was_closed_before)
{
    struct socket_address address;
    uv_connect_t request;
    int listening = listen_on_loopback(&address);
    peer = -1;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(stream_init_connecting(&stream, &loop, &address, &request, &events), 0);
    finish();
    cr_assert_eq(connected, 0);
    close(listening);
}

Test(stream, can_be_closed_when_its_descriptor_was_of_no_use)
{
    peer = -1;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_neq(stream_init_accepted(&stream, &loop, AF_INET, 1 << 20, &events), 0);
    finish();
}
