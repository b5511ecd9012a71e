#include "waits.h"

/* ---- the client */

static bool is_queued_for_server(const struct exchange *exchange)
{
    return exchange->server_side.is_queued;
}

static bool wants_request(const struct exchange *exchange)
{
    switch (exchange->onward.state) {
    case FLOW_HEAD:
    case FLOW_STORE:
    case FLOW_DROP:
        return true;
    case FLOW_CONTENT:
    case FLOW_TUNNEL:
        return exchange->connection != NULL && !is_queued_for_server(exchange);
    default:
        return false; /* HELD, DONE: what comes is kept for later */
    }
}

/* Whether the client has got, or gets, a final response. */
static bool is_answered(const struct exchange *exchange)
{
    enum flow_state state = exchange->back.state;
    return state != FLOW_HEAD && state != FLOW_STORE;
}

static enum side_wait client_wait(const struct exchange *exchange, bool wants)
{
    enum flow_state state = exchange->onward.state;
    if (state == FLOW_TUNNEL) {
        return WAIT_TUNNEL;
    }
    if (exchange->client_side.is_queued) {
        return WAIT_TO_SEND;
    }
    switch (state) {
    case FLOW_HEAD:
        return WAIT_HEAD;
    case FLOW_CONTENT:
        /* A client rightly holds its content back until the server says 100 (Continue). */
        return wants && exchange->expectation != EXPECTS_SERVER ? WAIT_CONTENT : WAIT_NOTHING;
    case FLOW_STORE:
    case FLOW_DROP:
        return WAIT_CONTENT;
    default:
        break;
    }
    bool is_half_closed = exchange->client_side.in == SIDE_ENDED && !is_answered(exchange);
    return is_half_closed ? WAIT_HALF_CLOSED : WAIT_NOTHING;
}

static uint32_t client_wait_ms(const struct exchange *exchange, enum side_wait wait)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    bool is_half_closed =
        exchange->client_side.in == SIDE_ENDED || exchange->server_side.in == SIDE_ENDED;
    switch (wait) {
    case WAIT_HEAD:
        return settings->head_timeout_ms;
    case WAIT_HALF_CLOSED:
        return settings->half_close_timeout_ms;
    case WAIT_TUNNEL:
        /* Of a tunnel that is half closed, the other half has as long as content has. */
        return is_half_closed ? settings->body_timeout_ms : settings->tunnel_timeout_ms;
    default:
        return settings->body_timeout_ms;
    }
}

static void update_client(struct exchange *exchange)
{
    struct side *side = &exchange->client_side;
    const struct client_operations *operations = exchange->client->operations;
    bool wants = wants_request(exchange);
    operations->set_reading(exchange, wants);
    enum side_wait wait = client_wait(exchange, wants);
    if (side_has_moved(side, wait)) {
        size_t unsent = wait == WAIT_TO_SEND ? operations->unsent(exchange) : 0;
        side_await(side, &exchange->context->deadlines, wait, client_wait_ms(exchange, wait),
                   unsent);
    }
}

/* ---- the server */

static enum side_wait server_wait(const struct exchange *exchange)
{
    if (exchange->back.state == FLOW_TUNNEL) {
        return WAIT_NOTHING; /* the client's deadline is the tunnel's */
    }
    if (exchange->server_side.is_queued) {
        return WAIT_TO_SEND;
    }
    if (exchange->client_side.is_queued) {
        return WAIT_NOTHING; /* the client is to move */
    }
    if (exchange->back.state != FLOW_HEAD) {
        return WAIT_CONTENT;
    }
    /* The server may wait for the whole content before it answers. */
    bool is_uploading =
        exchange->onward.state == FLOW_CONTENT && exchange->expectation != EXPECTS_SERVER;
    bool is_sending_stored =
        flow_has_stored(&exchange->onward) && exchange->server_side.out != SIDE_DEAF;
    return is_uploading || is_sending_stored ? WAIT_NOTHING : WAIT_RESPONSE;
}

static uint32_t server_wait_ms(const struct exchange *exchange, enum side_wait wait)
{
    return wait == WAIT_RESPONSE ? exchange->verdict.upstream->response_timeout_ms
                                 : exchange_settings(exchange)->body_timeout_ms;
}

static void update_server(struct exchange *exchange)
{
    struct side *side = &exchange->server_side;
    if (exchange->connection == NULL) {
        side->wait = WAIT_NOTHING;
        return;
    }
    if (exchange->connection->state == UPSTREAM_CONNECTING) {
        stream_stop_reading(side->stream);
        return; /* its deadline was armed when it began */
    }
    if (side->in != SIDE_ENDED && !exchange->client_side.is_queued) {
        stream_start_reading(side->stream);
    } else {
        stream_stop_reading(side->stream);
    }
    enum side_wait wait = server_wait(exchange);
    if (side_has_moved(side, wait)) {
        size_t unsent = wait == WAIT_TO_SEND ? stream_unsent(side->stream) : 0;
        side_await(side, &exchange->context->deadlines, wait, server_wait_ms(exchange, wait),
                   unsent);
    }
}

/* ---- both */

bool waits_client_is_deaf(const struct exchange *exchange)
{
    const struct stream *stream = exchange->client_side.stream;
    return stream != NULL && stream_is_deaf(stream);
}

bool waits_server_is_deaf(const struct exchange *exchange)
{
    return exchange->back.state == FLOW_TUNNEL && stream_is_deaf(exchange->server_side.stream);
}

/* Once armed the look stays so until it is due: an exchange that goes on has nothing to disarm. */
static void look_later(struct exchange *exchange)
{
    if (!deadline_is_armed(&exchange->look)) {
        deadline_arm(&exchange->context->deadlines, &exchange->look, EXCHANGE_LOOK_MS);
    }
}

static void settle_rooms(struct exchange *exchange)
{
    unsigned *large_rooms = &exchange->context->large_rooms;
    relay_room_settle(&exchange->onward.room, exchange->server_side.is_queued, large_rooms);
    relay_room_settle(&exchange->back.room, exchange->client_side.is_queued, large_rooms);
}

void waits_update(struct exchange *exchange)
{
    settle_rooms(exchange);
    update_client(exchange);
    update_server(exchange);
    if (UNLIKELY(waits_client_is_deaf(exchange) || waits_server_is_deaf(exchange))) {
        look_later(exchange);
    }
}
