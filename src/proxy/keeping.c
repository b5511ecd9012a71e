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

/* Whether requests of this method usually come without content. */
static bool is_usually_empty(enum method method)
{
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_DELETE:
    case METHOD_OPTIONS:
    case METHOD_TRACE:
        return true;
    default:
        return false;
    }
}

/*
 * Content that a server does not read it takes for its next request, and no rule has judged that one. So where servers are
 * known to leave content unread, they are asked to close behind it: chunked content (uWSGI, unless the application reads
 * it by uWSGI's own means), and content of a method that usually has none. What belongs to one client stays: its login
 * would be lost.
 */
bool exchange_ends_server(const struct exchange *exchange, struct framing framing)
{
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool is_private = exchange->upstream->owner != NULL;
    if (settings->max_idle == 0) {
        return !is_private;
    }
    if (LIKELY(framing.kind != FRAMING_CHUNKED && framing.length == 0)) {
        return false;
    }
    return settings->reuse_delay_ms > 0 && !is_private &&
           (framing.kind == FRAMING_CHUNKED || is_usually_empty(exchange->verdict.method));
}

/* Whether the server has refused or redirected content, and may have left it unread. */
static bool may_be_unread(const struct exchange *exchange)
{
    return exchange->response->line.status >= 300 && exchange_has_content(exchange);
}

static bool has_offered(const struct exchange *exchange)
{
    return UNLIKELY(exchange->facts.connection.wants_upgrade) &&
           exchange_upgrade_onward(exchange).length > 0;
}

/* Whether more may come that would pass for the answer to the next request. Careless servers send content behind a head
 * that has none: to HEAD, with 204, 205 and 304. Who has not switched to what was offered may do so late. */
static bool is_doubtful(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    return response->is_early || response->framing.kind == FRAMING_NONE ||
           response->line.status == 205 || has_offered(exchange) ||
           (exchange_has_content(exchange) &&
            (may_be_unread(exchange) || is_usually_empty(exchange->verdict.method)));
}

/* Whether it is certain that both sides agree that the exchange is over. How long a smuggled request takes to be answered
 * is its sender's choice, so that no time of silence is enough behind content that may be unread. */
static bool is_clean(const struct exchange *exchange)
{
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool is_trusted = settings->reuse_delay_ms == 0 || exchange->upstream->owner != NULL;
    return exchange_has_sent_all(exchange) && !exchange->upstream_is_deaf &&
           !exchange->response->is_extra && (is_trusted || !may_be_unread(exchange));
}

/* The connection is given back when it is certain that both sides agree that the exchange is over (RFC 9112
 * section 9.3). */
void exchange_release_upstream(struct exchange *exchange)
{
    const struct response *response = exchange->response;
    struct upstream *upstream = exchange->upstream;
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool stays = is_kept(exchange);
    bool is_ours = exchange->ends_server && settings->max_idle > 0;
    if (LIKELY(!is_ours)) { /* what we have asked for says nothing about the server */
        pool_note_end(upstream->pool, stays && settings->max_idle > 0, upstream->is_reused);
    }
    if (stays && !exchange->ends_server && is_clean(exchange)) {
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
