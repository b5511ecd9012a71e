/* Bytes and ends that an engine has taken out of the socket: the loop does not announce them. */
#include <criterion/criterion.h>

#include "stream_fixture.h"

enum { READS_IN_A_TURN = 32 };

static void start_tcp(struct hindrance with)
{
    struct socket_address address;
    int listening = listen_on_loopback(&address);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    hindrance = with;
    cr_assert_eq(connect(client, &address.any, address.length), 0);
    int accepted = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert(accepted >= 0);
    close(listening);
    start_over(AF_INET, accepted, client);
}

static void turn_until_end(void)
{
    for (unsigned turns = 0; turns < BOUND_TURNS && ends == 0; turns++) {
        turn();
    }
    cr_assert_eq(ends, 1);
}

static void fill_pattern(char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (char)(i % 251);
    }
}

static void expect_received(const char *bytes, size_t length)
{
    cr_assert_eq(received_length, length);
    cr_assert(memcmp(received, bytes, length) == 0);
}

/* The loop has nothing to announce: whatever is read now, the stream has asked for by itself. */
static void expect_empty_socket(void)
{
    cr_assert_eq(stream_socket_operations.unread(&stream), 0);
    cr_assert(stream_has_pending(&stream));
}

Test(stream_pending, hands_out_all_bytes_in_order_and_then_one_end_at_every_split)
{
    static const char bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    enum { LENGTH = sizeof bytes - 1 };
    for (unsigned reads_ahead = 0; reads_ahead <= 1; reads_ahead++) {
        for (size_t most = 0; most <= LENGTH + 1; most++) {
            start((struct hindrance){.read_most = most, .reads_ahead = reads_ahead});
            peer_sends(bytes, LENGTH);
            end_peer();
            stream_start_reading(&stream);
            turn_until_end();
            expect_received(bytes, LENGTH);
            cr_assert_eq(read_end, UV_EOF);
            turn();
            cr_assert_eq(ends, 1);
            finish();
        }
    }
}

Test(stream_pending, reports_a_reset_behind_the_bytes_that_were_kept)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    start_tcp((struct hindrance){.read_most = 1, .reads_ahead = true});
    peer_sends("bytes", 5);
    after_read = NULL;
    room_length = 0;
    stream_start_reading(&stream);
    while (stream_unread(&stream) < 5) {
        turn();
    }
    cr_assert_not(stream_is_quiet(&stream)); /* this takes them out of the socket */
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    end_peer();
    cr_assert_not(stream_is_quiet(&stream)); /* and this the reset, which no socket reports twice */
    room_length = ROOM;
    turn_until_end();
    expect_received("bytes", 5);
    cr_assert_eq(read_end, UV_ECONNRESET, "%s", uv_strerror(read_end));
    finish();
}

Test(stream_pending, asks_once_in_each_turn_while_it_is_given_no_room)
{
    start((struct hindrance){.reads_ahead = true});
    peer_sends("first", 5);
    cr_assert_not(stream_is_quiet(&stream));
    expect_empty_socket();
    room_length = 0;
    stream_start_reading(&stream);
    cr_assert_eq(asked, 0, "not from within the call");
    for (unsigned turns = 1; turns <= 5; turns++) {
        turn();
        cr_assert_eq(asked, turns);
        cr_assert_eq(nothings, turns);
    }
    room_length = ROOM;
    turn();
    expect_received("first", 5);
    finish();
}

static void stop_reading(void)
{
    stream_stop_reading(&stream);
}

Test(stream_pending, reads_on_when_it_was_stopped_and_started_again)
{
    start((struct hindrance){.read_most = 2, .reads_ahead = true});
    peer_sends("abcdef", 6);
    after_read = stop_reading;
    for (size_t pieces = 1; pieces <= 3; pieces++) {
        stream_start_reading(&stream);
        cr_assert_eq(received_length, 2 * (pieces - 1), "not from within the call");
        for (unsigned turns = 0; turns < 5; turns++) {
            turn();
            cr_assert_eq(received_length, 2 * pieces);
        }
        cr_assert_eq(stream_socket_operations.unread(&stream), 0);
    }
    expect_received("abcdef", 6);
    cr_assert_not(stream_has_pending(&stream));
    finish();
}

static void stop_and_start_reading(void)
{
    stream_stop_reading(&stream);
    stream_start_reading(&stream);
}

Test(stream_pending, may_be_stopped_and_started_from_within_each_read)
{
    static char bytes[1000];
    fill_pattern(bytes, sizeof bytes);
    start((struct hindrance){.read_most = 3, .reads_ahead = true});
    peer_sends(bytes, sizeof bytes);
    end_peer();
    after_read = stop_and_start_reading;
    stream_start_reading(&stream);
    turn_until_end();
    expect_received(bytes, sizeof bytes);
    cr_assert_eq(nothings, 0, "what waits for its turn is there");
    finish();
}

/* A turn has its bounded number of reads, also where each of them leaves something behind. */
Test(stream_pending, has_a_bounded_number_of_reads_in_one_turn)
{
    static char bytes[1000];
    fill_pattern(bytes, sizeof bytes);
    start((struct hindrance){.read_most = 1, .reads_ahead = true});
    peer_sends(bytes, sizeof bytes);
    stream_start_reading(&stream);
    while (received_length < sizeof bytes) {
        size_t before = received_length;
        turn();
        cr_assert(received_length > before, "a turn without progress");
        cr_assert_leq(received_length - before, READS_IN_A_TURN);
    }
    expect_received(bytes, sizeof bytes);
    finish();
}

/* More than the engine keeps: what it took and what the loop announces come in order. */
Test(stream_pending, hands_out_what_it_kept_before_what_the_socket_has)
{
    start((struct hindrance){.read_most = 1, .reads_ahead = true});
    stream_start_reading(&stream);
    peer_sends("abc", 3);
    room_length = 0;
    turn();
    cr_assert_not(stream_is_quiet(&stream));
    peer_sends("def", 3);
    room_length = ROOM;
    for (unsigned turns = 0; turns < BOUND_TURNS && received_length < 6; turns++) {
        turn();
    }
    expect_received("abcdef", 6);
    finish();
}

Test(stream_pending, keeps_the_loop_awake_only_for_a_stream_that_is_read_from)
{
    start((struct hindrance){.read_most = 1, .reads_ahead = true});
    peer_sends("ab", 2);
    cr_assert_not(stream_is_quiet(&stream));
    uv_handle_t *idle = (uv_handle_t *)&hindrance_turns.idle;
    cr_assert_not(uv_is_active(idle));
    room_length = 0;
    stream_start_reading(&stream);
    turn();
    cr_assert(uv_is_active(idle), "it is asked again");
    stream_stop_reading(&stream);
    turn();
    turn();
    cr_assert_not(uv_is_active(idle));
    cr_assert_eq(asked, 1);
    finish();
}

/* A kept connection is read from while somebody looks at it. */
Test(stream_pending, reads_what_a_look_has_taken_out_of_the_socket)
{
    start((struct hindrance){.reads_ahead = true});
    stream_start_reading(&stream);
    turn();
    peer_sends("abc", 3);
    cr_assert_not(stream_is_quiet(&stream));
    expect_empty_socket();
    turn();
    expect_received("abc", 3);
    finish();
}

static void close_stream(void)
{
    stream_close(&stream);
}

Test(stream_pending, may_be_closed_with_bytes_left_at_any_time)
{
    start((struct hindrance){.read_most = 1, .reads_ahead = true});
    peer_sends("abc", 3);
    after_read = close_stream;
    stream_start_reading(&stream);
    turn();
    turn();
    expect_received("a", 1);
    finish();
    start((struct hindrance){.read_most = 1, .reads_ahead = true});
    peer_sends("abc", 3);
    cr_assert_not(stream_is_quiet(&stream));
    stream_start_reading(&stream); /* it waits for its turn, which does not come */
    finish();
    cr_assert_eq(received_length, 0);
}

Test(stream_pending, counts_what_it_keeps)
{
    start((struct hindrance){.reads_ahead = true});
    cr_assert(stream_is_quiet(&stream));
    cr_assert_eq(stream_unread(&stream), 0);
    peer_sends("abc", 3);
    cr_assert_eq(stream_unread(&stream), 3);
    cr_assert_not(stream_is_quiet(&stream));
    expect_empty_socket();
    cr_assert_eq(stream_unread(&stream), 3);
    cr_assert_not(stream_is_quiet(&stream));
    cr_assert_eq(stream_descriptor(&stream), -1, "its bytes are not those of the socket");
    finish();
}
