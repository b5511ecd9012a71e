#include "splice.h"

enum {
    SPLICE_LEAST = 1024 * 1024,     /* so much must be left for a pipe to pay */
    SPLICE_REST = RELAY_ROOM_LEAST, /* the last of the content, which is copied */
    SPLICE_PIECE = 4 * 1024, /* copied out of the pipe, to hear when there is room for more */
};

/* One direction of an exchange. */
struct way {
    struct flow *flow;
    struct side *from, *to;
    uint64_t *left; /* of the content; NULL for content that cannot be spliced */
};

static struct way way_of(struct exchange *exchange, struct flow *flow)
{
    bool is_back = flow == &exchange->back;
    enum framing_kind framing =
        is_back ? exchange->response->framing.kind : exchange->facts.framing.kind;
    struct way way = {
        .flow = flow,
        .from = is_back ? &exchange->server_side : &exchange->client_side,
        .to = is_back ? &exchange->client_side : &exchange->server_side,
    };
    bool is_plain = flow->state == FLOW_CONTENT && framing == FRAMING_LENGTH &&
                    way.from->stream != NULL && way.to->stream != NULL;
    if (is_plain) {
        way.left = is_back ? &exchange->response->left : &flow->left;
    }
    return way;
}

/* ---- beginning and ending */

static void end(struct flow *flow)
{
    splice_pipe_free(flow->pipe);
    flow->pipe = NULL;
}

static void begin(struct exchange *exchange, const struct way *way)
{
    bool is_worth_it =
        way->left != NULL && *way->left >= SPLICE_LEAST && way->flow->way == FLOW_OPEN;
    if (is_worth_it && splice_pipe_takes(way->from->stream) && splice_pipe_takes(way->to->stream)) {
        way->flow->pipe = splice_pipe_create(&exchange->context->pipes);
    }
}

bool splice_choose(struct exchange *exchange, struct flow *flow)
{
    struct way way = way_of(exchange, flow);
    if (flow->pipe == NULL) {
        begin(exchange, &way);
    } else if (way.left == NULL || *way.left <= SPLICE_REST) {
        end(flow);
    }
    return flow->pipe != NULL;
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

/* How much may be taken at once now. */
static size_t room_of(const struct way *way, uint64_t turn)
{
    uint64_t spliced = *way->left > SPLICE_REST ? *way->left - SPLICE_REST : 0;
    size_t room = relay_room_bytes(&way->flow->room, turn);
    return spliced < room ? (size_t)spliced : room;
}

/* Moves content until the sender has no more for now or has had its share of this turn of the loop, or the
 * recipient takes no more. Returns how much was taken from the sender. */
static uint64_t move(struct exchange *exchange, const struct way *way,
                     enum stream_write_status *status)
{
    struct flow *flow = way->flow;
    uint64_t turn = context_turn(exchange->context);
    uint64_t taken = 0;
    size_t room;
    *status = STREAM_SENT;
    while (*status == STREAM_SENT && (room = room_of(way, turn)) > 0) {
        ssize_t count = splice_pipe_fill(flow->pipe, way->from->stream, room);
        if (count <= 0) {
            if (is_stuck(flow->pipe, count, taken)) {
                flow->way = FLOW_COPIED;
                end(flow);
            }
            break;
        }
        taken += (size_t)count;
        *way->left -= (size_t)count;
        relay_room_note(&flow->room, turn, (size_t)count);
        *status = pour(flow->pipe, way->to->stream);
    }
    return taken;
}

static size_t held(const struct flow *flow)
{
    return flow->pipe == NULL ? 0 : flow->pipe->held;
}

/* What the pipe holds was received of a request, and was not sent of a response. */
static void count(struct exchange *exchange, struct flow *flow, uint64_t taken)
{
    counter_add(&exchange->context->counters.spliced_bytes, taken);
    flow->bytes += flow == &exchange->back ? taken - held(flow) : taken;
}

enum stream_write_status splice_move(struct exchange *exchange, struct flow *flow)
{
    if (flow->pipe == NULL) {
        return STREAM_SENT;
    }
    struct way way = way_of(exchange, flow);
    if (way.left == NULL) {
        return STREAM_SENT;
    }
    enum stream_write_status status;
    uint64_t taken = move(exchange, &way, &status);
    if (taken > 0) {
        way.from->progress |= SIDE_HAS_SENT;
        count(exchange, flow, taken);
        side_wrote(way.to, status);
    }
    return status;
}

enum stream_write_status splice_pour(struct exchange *exchange, struct flow *flow)
{
    struct way way = way_of(exchange, flow);
    size_t before = flow->pipe->held;
    enum stream_write_status status = pour(flow->pipe, way.to->stream);
    if (flow == &exchange->back) {
        flow->bytes += before - flow->pipe->held;
    }
    return side_wrote(way.to, status);
}
