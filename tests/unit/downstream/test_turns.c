/* What one client may take of a turn of the loop. */
#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

Test(turns, are_counted_and_keep_no_loop_alive)
{
    gateway_start("");
    cr_assert(!uv_loop_alive(&gateway.loop));
    gateway_connect();
    uint64_t before = context_turn(&gateway.context);
    gateway_turn();
    cr_assert_eq(context_turn(&gateway.context), before + 1);
    gateway_turn();
    cr_assert_eq(context_turn(&gateway.context), before + 2);
    gateway_stop();
}

/* ---- content ----------------------------------------------------------------------------- */

enum { TURNS = 5, READS_MAX = 1000 };

static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
static const char post[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n";
static const char huge[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n";

static enum stream_write_status swallow(struct stream *stream, const uv_buf_t *buffers,
                                        unsigned count, size_t total)
{
    (void)stream, (void)buffers, (void)count, (void)total;
    return STREAM_SENT;
}

/* A recipient that takes all there is. */
static void let_swallow(struct stream *stream)
{
    static struct stream_operations operations;
    operations = stream_socket_operations;
    operations.write = swallow;
    operations.is_plain = false; /* nothing is spliced past it */
    stream->operations = &operations;
}

static size_t largest_read;

/* Plays a sender that always has more: what a stream reads of it in this turn. */
static size_t flood(struct stream *stream)
{
    size_t total = 0;
    for (unsigned reads = 0; reads < READS_MAX; reads++) {
        uv_buf_t room = stream->events->on_allocate(stream);
        if (room.len == 0) {
            return total;
        }
        memset(room.base, 'x', room.len);
        stream->events->on_read(stream, room.base, room.len);
        total += room.len;
        largest_read = room.len > largest_read ? room.len : largest_read;
    }
    cr_assert_fail("one sender has the whole turn");
    return total;
}

static struct exchange *exchange_under_way(void)
{
    struct exchange *exchange = &gateway_downstream()->request->exchange;
    cr_assert(exchange != NULL && exchange->connection != NULL);
    return exchange;
}

static void begin(const char *request)
{
    gateway_start("max-body = unlimited");
    gateway_connect();
    cr_assert(end_send(&gateway.client, request, strlen(request)));
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
}

static void expect_shares(struct stream *from)
{
    largest_read = 0;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        gateway_turn();
        cr_assert_eq(flood(from), RELAY_TURN_BYTES);
        cr_assert_eq(flood(from), 0, "it had its share of this turn");
    }
    cr_assert_eq(largest_read, RELAY_ROOM_MOST);
    cr_assert(gateway.context.large_rooms > 0);
}

static void end(void)
{
    end_close(&gateway.backend);
    gateway_stop();
    cr_assert_eq(gateway.context.large_rooms, 0);
}

Test(turns, bring_a_bounded_piece_of_a_response)
{
    begin(get);
    cr_assert(end_send(&gateway.backend, huge, sizeof huge - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\n"));
    let_swallow(&gateway_downstream()->stream);
    expect_shares(&exchange_under_way()->connection->stream);
    end();
}

Test(turns, bring_a_bounded_piece_of_an_upload)
{
    begin(post);
    let_swallow(&exchange_under_way()->connection->stream);
    expect_shares(&gateway_downstream()->stream);
    end();
}

Test(turns, bring_a_bounded_piece_of_a_tunnel)
{
    static const char upgrade[] =
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    static const char switching[] =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    begin(upgrade);
    cr_assert(end_send(&gateway.backend, switching, sizeof switching - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\n"));
    let_swallow(&exchange_under_way()->connection->stream);
    expect_shares(&gateway_downstream()->stream);
    let_swallow(&gateway_downstream()->stream);
    expect_shares(&exchange_under_way()->connection->stream);
    end();
}

/* A client whose chunks have one byte each has a much smaller share. */
Test(turns, bring_few_of_the_smallest_chunks)
{
    static const char chunked[] =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    begin(chunked);
    let_swallow(&exchange_under_way()->connection->stream);
    struct stream *client = &gateway_downstream()->stream;
    gateway_turn();
    size_t total = 0;
    for (unsigned reads = 0; reads < READS_MAX; reads++) {
        uv_buf_t room = client->events->on_allocate(client);
        size_t length = 0;
        while (room.len - length >= 6) {
            memcpy(room.base + length, "1\r\nx\r\n", 6);
            length += 6;
        }
        if (length == 0) {
            break;
        }
        client->events->on_read(client, room.base, length);
        total += length;
    }
    cr_assert(total > 0 && total <= RELAY_TURN_BYTES / 4, "%zu bytes in one turn", total);
    end();
}

/* ---- requests ---------------------------------------------------------------------------- */

enum { REQUEST_BYTES = 3000, REQUESTS_IN_A_READ = 8 };

/* Requests that are answered here, few in each read. */
static size_t write_requests(uv_buf_t room)
{
    static const char start[] = "PATCH / HTTP/1.1\r\nHost: h\r\nX-Padding: ";
    size_t used = 0;
    for (unsigned i = 0; i < REQUESTS_IN_A_READ && room.len - used >= REQUEST_BYTES; i++) {
        char *request = room.base + used;
        memset(request, 'x', REQUEST_BYTES);
        memcpy(request, start, sizeof start - 1);
        memcpy(request + REQUEST_BYTES - 4, "\r\n\r\n", 4);
        used += REQUEST_BYTES;
    }
    return used;
}

static void flood_with_requests(struct stream *stream)
{
    for (unsigned reads = 0; reads < READS_MAX && stream->is_reading; reads++) {
        uv_buf_t room = stream->events->on_allocate(stream);
        size_t length = write_requests(room);
        stream->events->on_read(stream, room.base, length);
    }
}

Test(turns, run_a_bounded_number_of_requests_of_one_client)
{
    gateway_start("");
    gateway_connect();
    struct stream *client = &gateway_downstream()->stream;
    let_swallow(client);
    gateway_turn();
    flood_with_requests(client);
    cr_assert_eq(gateway.records, DOWNSTREAM_TURN_REQUESTS);
    cr_assert_not(client->is_reading, "what is left waits for the next turn");
    for (unsigned turn = 1; turn <= TURNS; turn++) {
        unsigned before = gateway.records;
        gateway_turn();
        flood_with_requests(client);
        /* What waited comes first, then, under another number, what has come. */
        cr_assert(gateway.records > before, "those that wait get their turn");
        cr_assert_leq(gateway.records, before + 2 * DOWNSTREAM_TURN_REQUESTS);
    }
    gateway_stop();
}

static bool has_ended_or_answered(const void *context)
{
    return gateway.client.has_ended || gateway.records >= *(const unsigned *)context;
}

/* The loop announces none of them: an engine has taken them all out of the socket. */
Test(turns, run_a_bounded_number_of_requests_that_were_read_ahead)
{
    static const char request[] = "PATCH / HTTP/1.1\r\nHost: h\r\n\r\n";
    enum { REQUESTS = 10 * DOWNSTREAM_TURN_REQUESTS, LENGTH = sizeof request - 1 };
    static char requests[REQUESTS * LENGTH];
    for (unsigned i = 0; i < REQUESTS; i++) {
        memcpy(requests + (size_t)i * LENGTH, request, LENGTH);
    }
    gateway.of_client = (struct hindrance){.reads_ahead = true, .read_most = 500};
    gateway_start("");
    gateway_connect();
    cr_assert_eq(send(gateway.client.descriptor, requests, sizeof requests, 0),
                 (ssize_t)sizeof requests);
    for (unsigned wanted = 1; wanted <= REQUESTS; wanted = gateway.records + 1) {
        unsigned before = gateway.records;
        cr_assert(gateway_wait(has_ended_or_answered, &wanted));
        cr_assert_leq(gateway.records, before + 2 * DOWNSTREAM_TURN_REQUESTS);
    }
    cr_assert_eq(gateway.records, REQUESTS);
    gateway_stop();
}
