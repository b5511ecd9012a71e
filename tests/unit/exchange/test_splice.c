/* Large content that is spliced: what a whole gateway does is in tests/integration/test_splice.py. */
#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

enum { MIB = 1024 * 1024, LENGTH = 64 * MIB, TURNS_MAX = 200000 };

static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
static char block[MIB];

/* One direction: who sends, who receives, and how far they are. */
static struct {
    struct end *from, *to;
    size_t length, sent, received;
    bool is_stopped; /* the recipient reads nothing */
} way;

static struct exchange *exchange_now(void)
{
    return &gateway_downstream()->request->exchange;
}

/* The byte at a place of the content; neighbouring pages and blocks differ. */
static char byte_at(size_t offset)
{
    return (char)(offset % 251 + offset / 4096 % 7 + offset / MIB);
}

static void send_some(void)
{
    while (way.sent < way.length) {
        size_t left = way.length - way.sent;
        size_t length = left < MIB ? left : MIB;
        for (size_t i = 0; i < length; i++) {
            block[i] = byte_at(way.sent + i);
        }
        ssize_t count = send(way.from->descriptor, block, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        way.sent += (size_t)count;
    }
}

/* The end's buffer holds less than the content: it is looked at and emptied. */
static void receive_some(void)
{
    struct end *end = way.to;
    for (size_t i = 0; i < end->length; i++) {
        cr_assert_eq(end->bytes[i], byte_at(way.received + i), "at %zu", way.received + i);
    }
    way.received += end->length;
    end->length = end->seen = 0;
}

static void turn(void)
{
    send_some();
    if (way.is_stopped) {
        uv_run(&gateway.loop, UV_RUN_NOWAIT);
    } else {
        gateway_turn();
        receive_some();
    }
}

static void turn_until_received(size_t wanted)
{
    for (unsigned turns = 0; turns < TURNS_MAX && way.received < wanted; turns++) {
        turn();
    }
    cr_assert_geq(way.received, wanted);
}

/* The fixture's hindrance replaces the streams' operations: they are to be sockets here. */
static void unhinder(void)
{
    exchange_now()->connection->stream.operations = &stream_socket_operations;
    gateway_downstream()->stream.operations = &stream_socket_operations;
}

static void drop_head(struct end *end)
{
    cr_assert(end_gets(end, "\r\n\r\n"));
    end->length = end->seen = 0;
}

static void begin_download_of(size_t length, bool is_plain)
{
    char head[128];
    gateway_start("");
    gateway_connect_tcp();
    cr_assert(end_send(&gateway.client, get, sizeof get - 1));
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    gateway_turn();
    if (is_plain) {
        unhinder();
    }
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    cr_assert(end_send(&gateway.backend, head, strlen(head)));
    drop_head(&gateway.client);
    way.from = &gateway.backend, way.to = &gateway.client;
    way.length = length;
}

static void begin_download(size_t length)
{
    begin_download_of(length, true);
}

static void begin_upload(size_t length)
{
    char head[128];
    gateway_start("max-body = unlimited");
    gateway_connect_tcp();
    snprintf(head, sizeof head, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
             length);
    cr_assert(end_send(&gateway.client, head, strlen(head)));
    drop_head(&gateway.backend);
    unhinder();
    way.from = &gateway.client, way.to = &gateway.backend;
    way.length = length;
}

static void finish(void)
{
    gateway_stop();
    cr_assert_eq(gateway.context.pipes.count, 0);
    cr_assert_eq(gateway.context.large_rooms, 0);
}

Test(relay_splice, takes_a_pipe_for_a_large_response_and_gives_it_back_before_its_end)
{
    begin_download(LENGTH);
    turn_until_received(LENGTH / 2);
    cr_assert_eq(gateway.context.pipes.count, 1);
    cr_assert_not_null(exchange_now()->back.pipe);
    turn_until_received(LENGTH);
    cr_assert_eq(gateway.context.pipes.count, 0);
    cr_assert_eq(gateway.records, 1);
    cr_assert_eq(gateway.reason, REASON_COMPLETE);
    finish();
}

Test(relay_splice, takes_a_pipe_for_a_large_upload_and_gives_it_back_before_its_end)
{
    begin_upload(LENGTH);
    turn_until_received(LENGTH / 2);
    cr_assert_eq(gateway.context.pipes.count, 1);
    cr_assert_not_null(exchange_now()->onward.pipe);
    turn_until_received(LENGTH);
    cr_assert_eq(gateway.context.pipes.count, 0);
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    cr_assert(end_send(&gateway.backend, answer, sizeof answer - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\n"));
    cr_assert_eq(gateway.reason, REASON_COMPLETE);
    finish();
}

Test(relay_splice, is_not_for_small_content)
{
    begin_download(MIB);
    while (way.received < MIB) {
        turn();
        cr_assert_eq(gateway.context.pipes.count, 0);
    }
    finish();
}

Test(relay_splice, copies_where_no_pipe_is_left)
{
    begin_download(LENGTH);
    gateway.context.pipes.most = 0;
    turn_until_received(LENGTH);
    cr_assert_eq(gateway.reason, REASON_COMPLETE);
    finish();
}

/* The bytes on such a socket are not the content: nothing may pass by the engine. */
Test(relay_splice, copies_where_a_side_has_an_engine)
{
    enum { SHORT = 8 * MIB };
    for (unsigned side = 0; side < 2; side++) {
        memset(&way, 0, sizeof way);
        begin_download(SHORT);
        struct stream *of =
            side == 0 ? &exchange_now()->connection->stream : &gateway_downstream()->stream;
        static struct stream_operations other;
        other = stream_socket_operations;
        other.is_plain = false;
        of->operations = &other;
        while (way.received < SHORT) {
            turn();
            cr_assert_eq(gateway.context.pipes.count, 0);
        }
        cr_assert_eq(gateway.reason, REASON_COMPLETE);
        finish();
    }
}

/* Reads that the engine has ahead of the loop, from the first byte to the last. */
Test(relay_splice, copies_what_was_read_ahead)
{
    enum { SHORT = 8 * MIB };
    gateway.of_backend = (struct hindrance){.reads_ahead = true, .read_most = 10000};
    begin_download_of(SHORT, false);
    turn_until_received(SHORT);
    cr_assert_eq(gateway.context.pipes.count, 0);
    cr_assert_eq(gateway.reason, REASON_COMPLETE);
    finish();
}

/* Two turns in a row without a byte of what there is: splice stops at urgent data for good. */
Test(relay_splice, goes_back_to_copying_where_splice_gets_no_further)
{
    begin_download(LENGTH);
    turn_until_received(LENGTH / 4);
    cr_assert_not_null(exchange_now()->back.pipe);
    way.is_stopped = true;
    while (send(gateway.backend.descriptor, "!", 1, MSG_OOB | MSG_DONTWAIT) != 1) {
        uv_run(&gateway.loop, UV_RUN_NOWAIT);
        way.is_stopped = false;
        end_read(&gateway.client);
        receive_some();
    }
    way.is_stopped = false;
    turn_until_received(LENGTH);
    cr_assert_eq(gateway.reason, REASON_COMPLETE);
    finish();
}

/* The client stops until something is queued for it. What was left may have fitted into the piece that was
 * queued: then it goes on for a while and stops again. */
static void stop_with_bytes_in_the_pipe(void)
{
    struct stream *client = &gateway_downstream()->stream;
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        struct splice_pipe *pipe = exchange_now()->back.pipe;
        bool is_queued = stream_is_queued(client);
        if (is_queued && pipe != NULL && pipe->held > 0) {
            return;
        }
        way.is_stopped = !is_queued;
        turn();
    }
    cr_assert_fail("the pipe was always poured out");
}

/* A recipient that stops: the pipe keeps what it holds, which is not counted as sent. */
Test(relay_splice, counts_what_is_left_in_the_pipe_as_not_sent)
{
    begin_download(LENGTH);
    turn_until_received(LENGTH / 4);
    stop_with_bytes_in_the_pipe();
    struct exchange *exchange = exchange_now();
    uint64_t taken = exchange->response->framing.length - exchange->response->left;
    cr_assert_eq(exchange->back.bytes, taken - exchange->back.pipe->held);
    cr_assert_not(exchange->connection->stream.is_reading);
    way.is_stopped = false;
    turn_until_received(LENGTH);
    cr_assert_eq(gateway.reason, REASON_COMPLETE);
    finish();
}

/* It stops in the middle, with bytes in the pipe, and is gone then. */
Test(relay_splice, closes_a_pipe_that_holds_bytes_with_the_exchange)
{
    begin_download(LENGTH);
    turn_until_received(LENGTH / 4);
    stop_with_bytes_in_the_pipe();
    end_reset(&gateway.client);
    for (unsigned turns = 0; turns < TURNS_MAX && gateway.records == 0; turns++) {
        gateway_turn();
    }
    cr_assert_eq(gateway.reason, REASON_CLIENT_GONE);
    cr_assert_eq(gateway.context.pipes.count, 0);
    finish();
}

Test(relay_splice, moves_a_bounded_piece_in_one_turn)
{
    begin_download(LENGTH);
    turn_until_received(LENGTH / 4);
    uint64_t most = 0;
    while (way.received < LENGTH / 4 * 3) {
        uint64_t before = exchange_now()->response->left;
        turn();
        uint64_t moved = before - exchange_now()->response->left;
        most = moved > most ? moved : most;
    }
    cr_assert_leq(most, RELAY_TURN_BYTES);
    turn_until_received(LENGTH);
    finish();
}
