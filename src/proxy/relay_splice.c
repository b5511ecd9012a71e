/*
 * Large content whose length is known and that passes unchanged goes from socket to socket through a pipe,
 * without a copy (net/splice_pipe). It begins by being copied, and is spliced once a read has filled its
 * room and the recipient has taken it whole, so that small and slow content never gets here; the last of it
 * is copied again, so that what a sender sends beyond its content, and how a message ends, is judged in one
 * place.
 *
 * libuv owns the sockets, so they cannot be polled a second time. A stream that is given no room reports
 * that it is readable without reading: that is when content is spliced. When the recipient takes no
 * more, a piece is copied out of the pipe and queued, and on_drained goes on with the rest. So the pipe
 * holds bytes only while something is queued, and deadlines, back-pressure and failures are those of
 * content that is copied.
 *
 * Whatever the kernel refuses, and any end or error of the sender, leads back to copying, for the rest of
 * the content: it sees for itself what there is.
 */
#include "exchange_steps.h"

#include <assert.h>

enum {
    SPLICE_LEAST = 1024 * 1024,     /* so much must be left for a pipe to pay */
    SPLICE_REST = RELAY_ROOM_LEAST, /* the last of the content, which is copied */
    SPLICE_PIECE = 4 * 1024, /* copied out of the pipe, to hear when there is room for more */
};

/* One direction of an exchange. */
struct way {
    struct splice_pipe **pipe;
    bool *stays_copied;
    struct relay_room *room;
    struct stream *from, *to;
    uint64_t left; /* of the content; 0 for content that cannot be spliced */
};

static struct way response_way(struct exchange *exchange)
{
    bool is_plain =
        exchange->response_state == RESPONSE_CONTENT && exchange->client_framing == FRAMING_LENGTH;
    return (struct way){
        .pipe = &exchange->response_pipe,
        .stays_copied = &exchange->response_stays_copied,
        .room = &exchange->from_server,
        .from = &exchange->upstream->stream,
        .to = exchange_client(exchange),
        .left = is_plain ? exchange->response->left : 0,
    };
}

static struct way request_way(struct exchange *exchange)
{
    bool is_plain = exchange->request_state == REQUEST_CONTENT && exchange->upstream != NULL &&
                    exchange->request_framing.kind == FRAMING_LENGTH;
    return (struct way){
        .pipe = &exchange->request_pipe,
        .stays_copied = &exchange->request_stays_copied,
        .room = &exchange->from_client,
        .from = exchange_client(exchange),
        .to = is_plain ? &exchange->upstream->stream : NULL,
        .left = is_plain ? exchange->request_left : 0,
    };
}

/* ---- beginning and ending */

static void end(const struct way *way)
{
    splice_pipe_free(*way->pipe);
    *way->pipe = NULL;
}

static bool is_spliced(struct proxy *proxy, const struct way *way)
{
    if (*way->pipe == NULL) {
        bool is_worth_it = way->left >= SPLICE_LEAST && !*way->stays_copied;
        if (is_worth_it && splice_pipe_takes(way->from) && splice_pipe_takes(way->to)) {
            *way->pipe = splice_pipe_create(&proxy->pipes);
        }
    } else if (way->left <= SPLICE_REST) {
        end(way);
    }
    return *way->pipe != NULL;
}

bool exchange_choose_response_way(struct exchange *exchange)
{
    struct way way = response_way(exchange);
    return is_spliced(exchange->proxy, &way);
}

bool exchange_choose_request_way(struct exchange *exchange)
{
    struct way way = request_way(exchange);
    return is_spliced(exchange->proxy, &way);
}

/* ---- moving */

/* Moves on what the pipe holds. When the socket does not take it all, writing a piece of it tells why: the
 * peer is gone, or the piece is queued. */
static enum stream_write_status pour(struct splice_pipe *pipe, struct stream *to)
{
    enum stream_write_status status = STREAM_SENT;
    splice_pipe_pour(pipe, to);
    while (pipe->held > 0 && status == STREAM_SENT) {
        char bytes[SPLICE_PIECE];
        struct slice piece = splice_pipe_read(pipe, bytes, sizeof bytes);
        if (piece.length == 0) {
            return STREAM_CUT;
        }
        status = stream_write(to, &piece, 1);
        if (status == STREAM_SENT) {
            splice_pipe_pour(pipe, to);
        }
    }
    return status;
}

/* Nothing to read where the loop has said that there is: once may be chance. But what splice never takes,
 * such as urgent data of TCP, would be told of in each turn, and copying gets past it. */
static bool is_stuck(struct splice_pipe *pipe, ssize_t count, uint64_t taken)
{
    if (count != UV_EAGAIN) {
        return true;
    }
    bool is_again = pipe->found_nothing;
    pipe->found_nothing = taken == 0;
    return pipe->found_nothing && is_again;
}

/* Moves content until the sender has no more for now or has had its share of this turn of the loop, or the
 * recipient takes no more. Returns how much was taken from the sender. */
static uint64_t move(struct proxy *proxy, const struct way *way, enum stream_write_status *status)
{
    uint64_t turn = proxy_turn(proxy);
    uint64_t taken = 0;
    *status = STREAM_SENT;
    while (*status == STREAM_SENT && way->left - taken > SPLICE_REST) {
        uint64_t spliced = way->left - taken - SPLICE_REST;
        size_t room = relay_room_bytes(way->room, turn);
        if (room == 0) {
            break;
        }
        ssize_t count =
            splice_pipe_fill(*way->pipe, way->from, spliced < room ? (size_t)spliced : room);
        if (count <= 0) {
            if (is_stuck(*way->pipe, count, taken)) {
                *way->stays_copied = true;
                end(way);
            }
            break;
        }
        taken += (size_t)count;
        relay_room_note(way->room, turn, (size_t)count);
        *status = pour(*way->pipe, way->to);
    }
    counter_add(&proxy->counters.spliced_bytes, taken);
    return taken;
}

static size_t held(const struct splice_pipe *pipe)
{
    return pipe == NULL ? 0 : pipe->held;
}

/* ---- from the server to the client */

static void response_moved(struct exchange *exchange, enum stream_write_status status)
{
    if (stream_has_failed(status)) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
    } else {
        exchange_update(exchange);
    }
}

void exchange_response_nothing(struct exchange *exchange)
{
    if (exchange->response_pipe == NULL) {
        return;
    }
    struct way way = response_way(exchange);
    enum stream_write_status status;
    uint64_t taken = move(exchange->proxy, &way, &status);
    exchange->response->left -= taken;
    exchange->sent_bytes += taken - held(exchange->response_pipe);
    exchange->upstream_has_sent |= taken > 0;
    response_moved(exchange, status);
}

void exchange_pour_response(struct exchange *exchange)
{
    struct splice_pipe *pipe = exchange->response_pipe;
    size_t before = pipe->held;
    enum stream_write_status status = pour(pipe, exchange_client(exchange));
    exchange->sent_bytes += before - pipe->held;
    response_moved(exchange, status);
}

/* ---- from the client to the server */

static void request_moved(struct exchange *exchange, enum stream_write_status status)
{
    if (stream_has_failed(status)) {
        exchange_send_failed(exchange, false);
    } else {
        exchange_update(exchange);
    }
}

void exchange_request_nothing(struct exchange *exchange)
{
    struct way way = request_way(exchange);
    if (exchange->request_pipe == NULL || way.left == 0) {
        return;
    }
    enum stream_write_status status;
    uint64_t taken = move(exchange->proxy, &way, &status);
    exchange->request_left -= taken;
    exchange->received_bytes += taken;
    exchange->client_has_sent |= taken > 0;
    if (exchange_is_too_large(exchange)) {
        exchange_fail_and_close(exchange, REASON_CONTENT_TOO_LARGE);
    } else {
        request_moved(exchange, status);
    }
}

void exchange_pour_request(struct exchange *exchange)
{
    /* What the server did not take of content that it does not want any more goes nowhere. */
    bool is_wanted = exchange->request_state == REQUEST_CONTENT;
    struct stream *server = &exchange->upstream->stream;
    request_moved(exchange, is_wanted ? pour(exchange->request_pipe, server) : STREAM_SENT);
}
