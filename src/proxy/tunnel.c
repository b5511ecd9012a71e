/*
 * Upgraded connections (RFC 9110 section 7.8): after a 101 that the client asked for, bytes pass
 * both ways unread, under the same two rules as content. Each side may end its direction alone; the
 * tunnel ends with the second FIN, with an error on either side, or when both have been silent for
 * too long.
 */
#include "exchange_steps.h"

#include "verbgate/http/token.h"

/* The Upgrade field as one list; several lines are too rare to be worth joining. */
static struct slice single_upgrade(const struct fields *fields)
{
    const struct field *field = fields_find(fields, FIELD_UPGRADE);
    bool is_single = field != NULL && fields_find_next(fields, field) == NULL;
    return is_single ? field->value : slice_make(NULL, 0);
}

/* A server that takes an upgrade for a switch, although it answers in HTTP/1.1, may read the content twice: once as
 * content, and as many bytes again, which are the next request's. So content and Upgrade never go together. */
struct slice exchange_upgrade_onward(const struct exchange *exchange)
{
    struct slice upgrade = single_upgrade(&exchange->request_fields);
    bool is_wanted = exchange->facts.connection.wants_upgrade && !exchange->is_http_10 &&
                     !exchange_has_content(exchange) &&
                     !exchange->verdict.asks_get && /* only the client's own GET may upgrade */
                     !exchange->verdict.upstream->sends_http_10;
    return is_wanted ? upgrades_offer(&exchange->snapshot->policy->protocols,
                                      exchange_limits(exchange)->upgrades, upgrade)
                     : slice_make(NULL, 0);
}

struct slice exchange_offer_upgrade(struct exchange *exchange)
{
    if (!exchange->facts.connection.wants_upgrade) {
        return slice_make(NULL, 0);
    }
    struct slice offer = exchange_upgrade_onward(exchange);
    if (offer.length < single_upgrade(&exchange->request_fields).length) {
        counter_increment(&exchange->proxy->counters.upgrades_refused);
    }
    return offer;
}

/* Every protocol that the server switches to was offered (RFC 9110 section 15.2.2). */
static bool is_offered(struct slice offer, struct slice chosen)
{
    struct slice element;
    bool is_any = false;
    while (token_list_next(&chosen, &element)) {
        if (!token_list_has(offer, element)) {
            return false;
        }
        is_any = true;
    }
    return is_any;
}

struct slice exchange_upgrade_offered(const struct exchange *exchange)
{
    return single_upgrade(&exchange->response->fields);
}

bool exchange_may_switch(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    struct slice offer = exchange_upgrade_onward(exchange);
    struct slice chosen = single_upgrade(&response->fields);
    return response->line.status == 101 && offer.length > 0 &&
           exchange->request_state == REQUEST_DONE && !exchange_has_stored(exchange) &&
           !stream_is_queued(&exchange->upstream->stream) && is_offered(offer, chosen);
}

/* ---- the tunnel */

/* A direction whose sender has ended is ended towards its receiver, once what is queued is sent. */
static void pass_ends(struct exchange *exchange)
{
    struct stream *client = exchange_client(exchange);
    struct stream *server = &exchange->upstream->stream;
    if (exchange->client_is_done && !exchange->has_shut_server && !stream_is_queued(server)) {
        exchange->has_shut_server = true;
        stream_shutdown(server);
    }
    if (exchange->server_is_done && !exchange->has_shut_client && !stream_is_queued(client)) {
        exchange->has_shut_client = true;
        stream_shutdown(client);
    }
    if (exchange->has_shut_client && exchange->has_shut_server) {
        exchange_abort(exchange, REASON_TUNNEL_ENDED);
    } else {
        exchange_update(exchange);
    }
}

void exchange_tunnel_from_client(struct exchange *exchange, struct slice bytes)
{
    exchange->received_bytes += bytes.length;
    if (stream_has_failed(stream_write(&exchange->upstream->stream, &bytes, 1))) {
        exchange_abort(exchange, REASON_TUNNEL_CUT);
    } else {
        pass_ends(exchange);
    }
}

void exchange_tunnel_from_server(struct exchange *exchange, struct slice bytes)
{
    exchange->sent_bytes += bytes.length;
    exchange->client_has_sent = true; /* the client's deadline is the tunnel's */
    if (stream_has_failed(stream_write(exchange_client(exchange), &bytes, 1))) {
        exchange_abort(exchange, REASON_TUNNEL_CUT);
    } else {
        pass_ends(exchange);
    }
}

void exchange_tunnel_client_end(struct exchange *exchange)
{
    exchange->client_is_done = true;
    pass_ends(exchange);
}

void exchange_tunnel_server_end(struct exchange *exchange)
{
    exchange->server_is_done = true;
    pass_ends(exchange);
}

void exchange_tunnel_drained(struct exchange *exchange)
{
    pass_ends(exchange);
}

/* What the server has sent behind its 101 goes to the client with it. */
static enum stream_write_status send_switch(struct exchange *exchange)
{
    struct response_head head = {
        .status = 101,
        .reason = exchange->response->line.reason,
        .fields = &exchange->response->fields,
        .upgrade = single_upgrade(&exchange->response->fields),
        .drop_trailer_field = true,
        .extra = exchange_extra_back(exchange),
    };
    struct slice rest = slice_make(exchange->response->region + exchange->response->parsed,
                                   exchange->response->used - exchange->response->parsed);
    exchange->sent_bytes += rest.length;
    serialise_response_head(&exchange->proxy->out, &head);
    return relay_send(exchange->proxy, exchange_client(exchange), FRAMING_NONE, rest, false, NULL);
}

void exchange_switch(struct exchange *exchange)
{
    exchange->status = 101;
    exchange->first_byte_ns = uv_hrtime();
    exchange->must_close = true;
    if (stream_has_failed(send_switch(exchange))) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return;
    }
    exchange->request_state = REQUEST_TUNNEL;
    exchange->response_state = RESPONSE_TUNNEL;
    /* A client that did not wait for the 101 has bytes for the new protocol here already. */
    struct slice early = slice_make(exchange->request_region + exchange->read_offset,
                                    exchange->used - exchange->read_offset);
    exchange->read_offset = exchange->used;
    exchange_tunnel_from_client(exchange, early);
}
