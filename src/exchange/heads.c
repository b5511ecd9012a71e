#include "heads.h"

#include "buffer.h"
#include "extra_fields.h"
#include "identity.h"
#include "keeping.h"
#include "upgrade.h"

/* ---- the request */

/* The value of Host for the server. An HTTP/1.0 request may come without one, but leaves as HTTP/1.1. Where a rule
 * depends on hosts it was judged as one without a host, and stays one: a name that we gave it could be one that a rule is
 * about. */
static struct slice host_onward(const struct exchange *exchange)
{
    const struct policy_upstream *upstream = exchange->verdict.upstream;
    if (upstream->host_header.length > 0) {
        return upstream->host_header;
    }
    if (exchange->facts.received_host.data != NULL) {
        return exchange->facts.received_host;
    }
    if (exchange->snapshot->policy->judges_hosts) {
        return SLICE("");
    }
    const struct policy_server *server = &upstream->servers[exchange->server];
    bool has_name = server->address.kind != ADDRESS_UNIX && server->address.kind != ADDRESS_BUILTIN;
    return has_name ? server->text : SLICE("localhost");
}

/* What an untrusted peer says of those before it is not passed on as if it were true. */
static enum forwarded_mode forwarded_mode(struct exchange *exchange)
{
    enum forwarded_mode mode = exchange_settings(exchange)->forwarded;
    bool is_believed = mode != FORWARDED_APPEND || identity_peer_is_trusted(exchange);
    return is_believed ? mode : FORWARDED_REPLACE;
}

struct framing heads_framing_onward(const struct exchange *exchange)
{
    if (exchange->onward.store != NULL) {
        return (struct framing){FRAMING_LENGTH, exchange->onward.store->length};
    }
    if (exchange->facts.framing.kind == FRAMING_NONE && exchange_is_sent_as_post(exchange)) {
        return (struct framing){FRAMING_LENGTH, 0};
    }
    return exchange->facts.framing;
}

/* RFC 9110 section 7.6.2. */
static int64_t max_forwards_onward(const struct decide_request *request)
{
    return request->max_forwards > 0 ? request->max_forwards - 1 : -1;
}

static struct slice method_onward(const struct exchange *exchange)
{
    if (exchange->verdict.asks_get) {
        return SLICE("GET");
    }
    return exchange_is_sent_as_post(exchange) ? SLICE("POST") : exchange->line.method;
}

void heads_write_request(struct exchange *exchange, struct framing framing)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    struct slice upgrade = upgrade_offer(exchange);
    exchange->ends_server = upgrade.length == 0 && keeping_ends_server(exchange, framing);
    bool has_ip = exchange->client->peer.sin6_family != AF_UNIX;
    struct request_head head = {
        .is_http_10 = exchange->verdict.upstream->sends_http_10,
        .method = method_onward(exchange),
        .target = &exchange->facts.target,
        .fields = &exchange->fields,
        .framing = framing,
        .received_minor = exchange->line.version_minor,
        .host = host_onward(exchange),
        .received_host = exchange->facts.received_host,
        .client_ip = has_ip ? client_peer_ip(exchange->client) : slice_make(NULL, 0),
        .via_name = settings->name,
        .forwarded = forwarded_mode(exchange),
        .passes_trailers = exchange->verdict.translation->passes_trailers,
        .drop_expect = exchange_is_http_10(exchange) || !buffer_passes_expect(exchange),
        .takes_trailers = exchange->facts.connection.takes_trailers,
        .upgrade = upgrade,
        .close = exchange->ends_server,
        .max_forwards = max_forwards_onward(&exchange->facts.request),
        .extra = extra_fields_onward(exchange),
        .spellings = exchange->verdict.translation->spellings,
    };
    serialise_request_head(&exchange->context->out, &head);
}

/* ---- the response */

void heads_make_response(struct exchange *exchange, struct framing framing,
                         struct response_head *head)
{
    struct context *context = exchange->context;
    const struct response *response = exchange->response;
    unsigned status = response->line.status;
    context_tick(context);
    *head = (struct response_head){
        .status = status,
        .reason = response->line.reason,
        .fields = &response->fields,
        .framing = framing,
        .keep_length = exchange->verdict.method == METHOD_HEAD || status == 304,
        .drop_trailer_field = !exchange->facts.connection.takes_trailers,
        /* RFC 9110 section 15.5.22: 426 says what to upgrade to. */
        .upgrade = status == 426 ? upgrade_offered(exchange) : slice_make(NULL, 0),
        .extra = extra_fields_back(exchange),
        .date = slice_make(context->clock.date, CLOCK_DATE_BYTES),
    };
}
