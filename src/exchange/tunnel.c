#include "tunnel.h"

#include "extra_fields.h"
#include "upgrade.h"

/* Ends `to` once its sender has ended and nothing is queued for it. */
static void pass_end(const struct side *from, struct side *to)
{
    if (from->in == SIDE_ENDED && to->out == SIDE_TAKES && !to->is_queued) {
        to->out = SIDE_SHUT;
        stream_shutdown(to->stream);
    }
}

enum close_reason tunnel_pass_ends(struct exchange *exchange)
{
    struct side *client = &exchange->client_side;
    struct side *server = &exchange->server_side;
    pass_end(client, server);
    pass_end(server, client);
    bool is_over = client->out == SIDE_SHUT && server->out == SIDE_SHUT;
    return is_over ? REASON_TUNNEL_ENDED : REASON_NONE;
}

static enum close_reason pass(struct exchange *exchange, struct side *to, struct slice bytes)
{
    if (stream_has_failed(side_wrote(to, stream_write(to->stream, &bytes, 1)))) {
        return REASON_TUNNEL_CUT;
    }
    return tunnel_pass_ends(exchange);
}

enum close_reason tunnel_from_client(struct exchange *exchange, struct slice bytes)
{
    exchange->onward.bytes += bytes.length;
    return pass(exchange, &exchange->server_side, bytes);
}

enum close_reason tunnel_from_server(struct exchange *exchange, struct slice bytes)
{
    exchange->back.bytes += bytes.length;
    exchange->client_side.progress |= SIDE_HAS_SENT; /* the client's deadline is the tunnel's */
    return pass(exchange, &exchange->client_side, bytes);
}

/* What the server has sent behind its 101 goes to the client with it. */
static enum stream_write_status send_switch(struct exchange *exchange)
{
    struct response *response = exchange->response;
    struct response_head head = {
        .status = 101,
        .reason = response->line.reason,
        .fields = &response->fields,
        .upgrade = upgrade_offered(exchange),
        .drop_trailer_field = true,
        .extra = extra_fields_back(exchange),
    };
    struct slice rest =
        slice_make(response->region + response->parsed, response->used - response->parsed);
    exchange->back.bytes += rest.length;
    return side_wrote(&exchange->client_side,
                      exchange->client->operations->send_head(exchange, &head, rest, false, NULL));
}

enum close_reason tunnel_begin(struct exchange *exchange)
{
    exchange->status = 101;
    exchange->first_byte_ns = uv_hrtime();
    exchange_end_with(exchange, END_CLOSE);
    if (stream_has_failed(send_switch(exchange))) {
        return REASON_CLIENT_GONE;
    }
    exchange_move(exchange, &exchange->onward, FLOW_TUNNEL);
    exchange_move(exchange, &exchange->back, FLOW_TUNNEL);
    /* A client that did not wait for the 101 has bytes for the new protocol here already. */
    struct slice early;
    bool is_last = false;
    if (!exchange->client->operations->take_content(exchange, &early, &is_last)) {
        return REASON_TUNNEL_CUT;
    }
    return tunnel_from_client(exchange, early);
}
