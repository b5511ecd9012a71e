/* What an HTTP/1 client gets: heads, content and its framing, replies. */
#include "verbgate/downstream/h1.h"

#include "verbgate/exchange/relay.h"

#include <assert.h>

static struct h1_request *of_exchange(struct exchange *exchange)
{
    return LIST_OBJECT(exchange, struct h1_request, exchange);
}

static const struct h1_request *of_const_exchange(const struct exchange *exchange)
{
    _Static_assert(offsetof(struct h1_request, exchange) == 0, "the exchange is the first member");
    return (const struct h1_request *)(const void *)exchange;
}

bool h1_exchange_has_more(const struct exchange *exchange)
{
    return h1_has_more(of_const_exchange(exchange));
}

size_t h1_unsent(const struct exchange *exchange)
{
    return stream_unsent(exchange->client_side.stream);
}

bool h1_would_seem_complete(const struct h1_request *request)
{
    const struct exchange *exchange = &request->exchange;
    bool is_sent = exchange->back.state == FLOW_DONE && !exchange->client_side.is_queued;
    return request->framing == FRAMING_UNTIL_CLOSE && !is_sent;
}

/* How the content goes to the client: as it came, where the client can read that; else chunked, and
 * for HTTP/1.0 until the connection's end. */
static enum framing_kind framing_for(const struct exchange *exchange, enum framing_kind received)
{
    switch (received) {
    case FRAMING_NONE:
    case FRAMING_LENGTH:
        return received;
    case FRAMING_CHUNKED:
    case FRAMING_UNTIL_CLOSE:
        break;
    }
    return exchange_is_http_10(exchange) ? FRAMING_UNTIL_CLOSE : FRAMING_CHUNKED;
}

/* Whether the client's connection ends with this response, as far as it is known now. */
static void consider_closing(struct h1_request *request)
{
    struct exchange *exchange = &request->exchange;
    bool is_last_request = exchange->client_side.in == SIDE_ENDED && !h1_has_more(request);
    if (request->framing == FRAMING_UNTIL_CLOSE || is_last_request ||
        context_is_ending(exchange->context)) {
        exchange_end_with(exchange, END_CLOSE);
    }
}

enum stream_write_status h1_send_head(struct exchange *exchange, struct response_head *head,
                                      struct slice content, bool is_last,
                                      const struct trailers *trailers)
{
    struct h1_request *request = of_exchange(exchange);
    struct context *context = exchange->context;
    request->framing = head->framing.kind = framing_for(exchange, head->framing.kind);
    if (LIKELY(head->status != 101)) {
        consider_closing(request);
        head->close = exchange->end != END_KEEP;
        head->keep_alive = exchange_is_http_10(exchange) && exchange->end == END_KEEP;
    }
    head->drop_trailer_field |= request->framing != FRAMING_CHUNKED;
    serialise_response_head(&context->out, head);
    return relay_send(context, exchange->client_side.stream, request->framing, content, is_last,
                      trailers);
}

enum stream_write_status h1_send_content(struct exchange *exchange, struct slice content,
                                         bool is_last, const struct trailers *trailers)
{
    return relay_send(exchange->context, exchange->client_side.stream,
                      of_exchange(exchange)->framing, content, is_last, trailers);
}

enum stream_write_status h1_send_interim(struct exchange *exchange,
                                         const struct response_head *head)
{
    serialise_response_head(&exchange->context->out, head);
    return relay_send(exchange->context, exchange->client_side.stream, FRAMING_NONE,
                      slice_make(NULL, 0), false, NULL);
}

enum stream_write_status h1_send_reply(struct exchange *exchange, struct reply *reply)
{
    struct writer *out = &exchange->context->out;
    struct slice nothing = slice_make(NULL, 0);
    reply->close = exchange->end != END_KEEP;
    reply->keep_alive = exchange_is_http_10(exchange) && exchange->end == END_KEEP;
    out->length = 0;
    reply_write_head(out, reply);
    assert(!out->overflow);
    return relay_write(exchange->context, exchange->client_side.stream,
                       reply->head_only ? nothing : reply->body, nothing);
}
