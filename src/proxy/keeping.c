/* Whether a server's connection is kept behind a response, when, and for whom. */
#include "exchange_steps.h"

#include "verbgate/proxy/private.h"

/* Whether both sides keep the connection. */
static bool is_kept(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    return !exchange->verdict.upstream->sends_http_10 &&
           response->framing.kind != FRAMING_UNTIL_CLOSE && response->connection.is_persistent;
}

/* Whether one read has just taken the whole response and all that there was, and it is not of the kind
 * behind which careless servers send content that it should not have (HEAD, 204, 304). */
static bool is_quiet(const struct response *response)
{
    return response->read_count == 1 && response->used < response->region_bytes &&
           response->framing.kind != FRAMING_NONE;
}

/* A response without content that speaks of some: to HEAD in any case, a 205, and a 204 or 304 with a length, a coding or,
 * in a 204, a type. */
static bool speaks_of_content(const struct exchange *exchange)
{
    const struct fields *fields = &exchange->response->fields;
    unsigned status = exchange->response->line.status;
    if (exchange->verdict.method == METHOD_HEAD || status == 205 ||
        fields_has(fields, FIELD_TRANSFER_ENCODING) || fields_has(fields, FIELD_CONTENT_ENCODING) ||
        (status == 204 && fields_has(fields, FIELD_CONTENT_TYPE))) {
        return true;
    }
    const struct field *length = fields_find(fields, FIELD_CONTENT_LENGTH);
    return length != NULL && !slice_equal(length->value, SLICE("0"));
}

/* Content that a server may have left unread, and that it would take for the next request: it has refused or
 * redirected the request, or the method is one that usually comes without. */
static bool may_be_unread(const struct exchange *exchange)
{
    switch (exchange->verdict.method) {
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_DELETE:
    case METHOD_OPTIONS:
    case METHOD_TRACE:
        return true;
    default:
        return exchange->response->line.status >= 300;
    }
}

/* Whether more may come that would pass for the answer to the next request. */
static bool is_doubtful(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    bool is_empty = response->framing.kind == FRAMING_NONE || response->line.status == 205;
    return response->is_early || (is_empty && speaks_of_content(exchange)) ||
           (exchange_has_content(exchange) && may_be_unread(exchange));
}

/* The connection is given back when it is certain that both sides agree that the exchange is over (RFC 9112
 * section 9.3). */
void exchange_release_upstream(struct exchange *exchange)
{
    const struct response *response = exchange->response;
    struct upstream *upstream = exchange->upstream;
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool stays = is_kept(exchange);
    bool is_clean = stays && exchange_has_sent_all(exchange) && !exchange->upstream_is_deaf &&
                    !response->is_extra;
    pool_note_end(upstream->pool, stays && settings->max_idle > 0, upstream->is_reused);
    if (is_clean) {
        upstream_release(upstream,
                         (struct upstream_keeping){
                             .is_quiet = is_quiet(response),
                             .rest_ms = is_doubtful(exchange) ? settings->reuse_delay_ms : 0,
                             .max_idle = settings->max_idle,
                             .idle_timeout_ms = settings->idle_timeout_ms,
                         });
        return;
    }
    if (upstream->is_in_login) {
        exchange_end_connection(exchange); /* nothing can continue it */
    }
    upstream_close(upstream);
}

/* A server that asks for a login of the connection, or goes on with one: the connection is its client's from here
 * on. A challenge that takes another step, on a connection that does not stay, ends the client's, too. */
void exchange_note_login(struct exchange *exchange, enum login login)
{
    struct upstream *upstream = exchange->upstream;
    unsigned status = exchange->response->line.status;
    private_claim(upstream, exchange->downstream);
    /* A request without credentials amid the steps is none of them: what it is answered ends no handshake. */
    bool is_aside =
        upstream->is_in_login && login_of_request(&exchange->request_fields) == LOGIN_NONE;
    upstream->is_in_login =
        is_aside || (login == LOGIN_UNDERWAY && (status == 401 || status == 407));
    if (upstream->is_in_login && !is_kept(exchange)) {
        exchange->must_close = true;
    }
}
