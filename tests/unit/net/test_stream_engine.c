/* What an engine sends by itself, and what the owner hears of that. */
#include <criterion/criterion.h>

#include "stream_fixture.h"

static struct stream_operations operations;
static bool wants_end;   /* FIN is to follow what is queued */
static const char *owed; /* what the engine has still to send; NULL: nothing */
static unsigned told;    /* calls of `drained` */

static void send_own(struct stream *of, const char *bytes, enum stream_write_status expected)
{
    uv_buf_t buffer = {(char *)(uintptr_t)bytes, strlen(bytes)};
    cr_assert_eq(of->operations->write(of, &buffer, 1, buffer.len), expected);
}

/* As close_notify: a last word before the end. */
static void say_farewell(struct stream *of)
{
    send_own(of, "bye", STREAM_QUEUED);
    wants_end = true;
}

static int on_engine_drained(struct stream *of, int error)
{
    told++;
    if (error == 0 && owed != NULL) {
        const char *bytes = owed;
        owed = NULL;
        send_own(of, bytes, STREAM_QUEUED);
    } else if (error == 0 && wants_end) {
        stream_socket_operations.shutdown(of);
    }
    return error;
}

/* A stream whose engine speaks by itself, over a socket that takes a byte at a time. */
static void start_speaking(void)
{
    start((struct hindrance){.most = 1});
    operations = *stream.operations;
    operations.shutdown = say_farewell;
    operations.drained = on_engine_drained;
    stream.operations = &operations;
    wants_end = false;
    owed = NULL;
    told = 0;
}

static void expect_at_peer(const char *expected)
{
    char bytes[64];
    ssize_t count = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);
    cr_assert_eq(count, (ssize_t)strlen(expected));
    cr_assert(memcmp(bytes, expected, (size_t)count) == 0);
}

static void turn_while_queued(void)
{
    for (unsigned turns = 0; turns < BOUND_TURNS && stream_is_queued(&stream); turns++) {
        turn();
    }
    cr_assert_not(stream_is_queued(&stream));
}

Test(stream_engine, ends_its_direction_behind_its_last_word)
{
    char byte;
    start_speaking();
    stream_shutdown(&stream);
    cr_assert(stream_is_queued(&stream));
    turn();
    cr_assert_eq(drained, 0, "the last word is on its way");
    turn_while_queued();
    cr_assert_eq(drained, 1);
    expect_at_peer("bye");
    cr_assert_eq(recv(peer, &byte, 1, MSG_DONTWAIT), 0);
    finish();
}

Test(stream_engine, tells_the_owner_when_its_own_bytes_behind_the_queue_are_gone_too)
{
    struct slice slice = SLICE("data");
    start_speaking();
    owed = "ticket";
    cr_assert_eq(stream_write(&stream, &slice, 1), STREAM_QUEUED);
    turn_while_queued();
    cr_assert_eq(told, 2);
    cr_assert_eq(drained, 1);
    cr_assert_eq(drained_error, 0);
    expect_at_peer("dataticket");
    finish();
}

Test(stream_engine, tells_the_owner_nothing_of_a_queue_that_it_does_not_know)
{
    struct slice slice = SLICE("data");
    start_speaking();
    send_own(&stream, "hello", STREAM_QUEUED);
    turn_while_queued();
    cr_assert_eq(told, 1);
    cr_assert_eq(drained, 0);
    cr_assert_eq(stream_write(&stream, &slice, 1), STREAM_QUEUED);
    turn_while_queued();
    cr_assert_eq(drained, 1);
    expect_at_peer("hellodata");
    finish();
}

Test(stream_engine, hears_that_its_own_bytes_cannot_be_sent)
{
    struct slice slice = SLICE("data");
    start_speaking();
    cr_assert_eq(stream_write(&stream, &slice, 1), STREAM_QUEUED);
    end_peer();
    turn_while_queued();
    cr_assert_eq(told, 1);
    cr_assert_eq(drained, 1);
    cr_assert_lt(drained_error, 0);
    finish();
}

/* The owner writes from within the engine's turn, as it does when a handshake is over: one on_drained, behind the last. */
static int write_as_owner(struct stream *of, int error)
{
    struct slice slice = SLICE("request");
    told++;
    if (told == 1) {
        cr_assert_eq(stream_write(of, &slice, 1), STREAM_QUEUED);
    }
    return error;
}

Test(stream_engine, lets_the_owner_write_when_its_own_queue_is_gone)
{
    start_speaking();
    operations.drained = write_as_owner;
    send_own(&stream, "hello", STREAM_QUEUED);
    turn_while_queued();
    cr_assert_eq(told, 2);
    cr_assert_eq(drained, 1);
    expect_at_peer("hellorequest");
    finish();
}

static bool has_pending_when_free(const struct stream *of)
{
    return !stream_is_queued(of) && hindered_has_pending(of);
}

static ssize_t read_when_free(struct stream *of, char *bytes, size_t size)
{
    return stream_is_queued(of) ? 0 : hindered_read(of, bytes, size);
}

/* The owner may answer at once, so it gets nothing while the engine's own bytes are queued. */
Test(stream_engine, reads_on_when_its_own_queue_is_gone)
{
    start_speaking();
    operations.has_pending = has_pending_when_free;
    operations.read = read_when_free;
    hindrance.reads_ahead = true;
    cr_assert_eq(send(peer, "abc", 3, 0), 3);
    cr_assert_not(stream_is_quiet(&stream)); /* takes them out of the socket */
    send_own(&stream, "hello", STREAM_QUEUED);
    stream_start_reading(&stream);
    while (stream_is_queued(&stream)) {
        turn();
        cr_assert_eq(received_length, 0);
    }
    turn();
    cr_assert_eq(received_length, 3);
    cr_assert_eq(drained, 0);
    finish();
}

/* ---- connecting -------------------------------------------------------------------------- */

static unsigned handshakes;

/* The engine has a handshake to do before the owner hears of the connection. */
static void begin_handshake(struct stream *of, int error)
{
    cr_assert(of == &stream && error == 0);
    handshakes++;
}

Test(stream_engine, says_itself_when_the_owner_is_connected)
{
    struct socket_address address;
    uv_connect_t request;
    int listening = listen_on_loopback(&address);
    connected = closed = handshakes = 0;
    hindrance = (struct hindrance){.most = 0};
    cr_assert_eq(uv_loop_init(&loop), 0);
    hindrance_begin(&loop);
    cr_assert_eq(stream_init_connecting(&stream, &loop, &address, &request, &events), 0);
    hinder(&stream, &hindrance);
    operations = *stream.operations;
    operations.connected = begin_handshake;
    stream.operations = &operations;
    for (unsigned turns = 0; turns < BOUND_TURNS && handshakes == 0; turns++) {
        turn();
    }
    cr_assert_eq(handshakes, 1);
    cr_assert_eq(connected, 0);
    stream.events->on_connected(&stream, 0); /* the handshake is over */
    cr_assert_eq(connected, 1);
    peer = accept(listening, NULL, NULL);
    close(listening);
    finish();
}
