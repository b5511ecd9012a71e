#include "keeping.h"

#include "upgrade.h"

#include "verbgate/upstream/kept.h"
#include "verbgate/upstream/private.h"

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

/* Whether requests of this method usually come without content, so that servers may leave it unread. A method that is not
 * known is one of them: many servers run DELETE for "delete". */
static bool is_usually_empty(enum method method)
{
    switch (method) {
    case METHOD_POST:
    case METHOD_PUT:
    case METHOD_PATCH:
    case METHOD_QUERY:
    case METHOD_PROPFIND:
    case METHOD_PROPPATCH:
    case METHOD_LOCK:
    case METHOD_REPORT:
    case METHOD_SEARCH:
    case METHOD_ACL:
    case METHOD_MKCOL:
    case METHOD_MKCALENDAR:
        return false;
    default:
        return true;
    }
}

/*
 * Content that a server does not read it takes for its next request, and no rule has judged that one. So a server is asked
 * to close behind chunked content and behind content of a method that usually has none. Chunked content of a login goes
 * without: its connection belongs to one client, and the login would be lost.
 */
bool keeping_ends_server(const struct exchange *exchange, struct framing framing)
{
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool is_private = exchange->connection->owner != NULL;
    if (settings->max_idle == 0) {
        return !is_private;
    }
    bool has_content = framing.kind == FRAMING_CHUNKED || framing.length > 0;
    if (LIKELY(!has_content) || settings->reuse_delay_ms == 0) {
        return false;
    }
    return is_usually_empty(exchange->verdict.method) ||
           (framing.kind == FRAMING_CHUNKED && !is_private);
}

/* Whether the server has refused or redirected content, and may have left it unread. */
static bool may_be_unread(const struct exchange *exchange)
{
    return exchange->response->line.status >= 300 && exchange_has_content(exchange);
}

static bool has_offered(const struct exchange *exchange)
{
    return UNLIKELY(exchange->facts.connection.wants_upgrade) &&
           upgrade_onward(exchange).length > 0;
}

/* Whether more may come that would pass for the answer to the next request. Careless servers send content behind a head
 * that has none: to HEAD, with 204, 205 and 304. Who has not switched to what was offered may do so late. */
static bool is_doubtful(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    return response->is_early || response->framing.kind == FRAMING_NONE ||
           response->line.status == 205 || has_offered(exchange) || may_be_unread(exchange);
}

/* Whether it is certain that both sides agree that the exchange is over. How long a smuggled request takes to be answered
 * is its sender's choice, so that no time of silence is enough behind content that may be unread. */
static bool is_clean(const struct exchange *exchange)
{
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool is_trusted = settings->reuse_delay_ms == 0 || exchange->connection->owner != NULL;
    return exchange_has_sent_all(exchange) && exchange->server_side.out != SIDE_DEAF &&
           !exchange->response->is_extra && (is_trusted || !may_be_unread(exchange));
}

/* The connection is given back when it is certain that both sides agree that the exchange is over (RFC 9112
 * section 9.3). */
void keeping_release(struct exchange *exchange)
{
    const struct response *response = exchange->response;
    struct upstream_connection *connection = exchange->connection;
    const struct policy_upstream *settings = exchange->verdict.upstream;
    bool stays = is_kept(exchange);
    bool is_ours = exchange->ends_server && settings->max_idle > 0;
    if (LIKELY(!is_ours)) { /* what we have asked for says nothing about the server */
        pace_note_end(&connection->pool->pace, stays && settings->max_idle > 0,
                      connection->is_reused);
    }
    if (stays && !exchange->ends_server && is_clean(exchange)) {
        exchange_forget_connection(exchange);
        kept_release(connection,
                     (struct kept_terms){
                         .is_quiet = is_quiet(response),
                         .rest_ms = is_doubtful(exchange) ? settings->reuse_delay_ms : 0,
                         .reuse_delay_ms = settings->reuse_delay_ms,
                         .max_idle = settings->max_idle,
                         .idle_timeout_ms = settings->idle_timeout_ms,
                     });
        return;
    }
    if (connection->is_in_login) {
        exchange_end_with(exchange, END_LINGER); /* nothing can continue it */
    }
    exchange_close_connection(exchange);
}

/* A server that asks for a login of the connection, or goes on with one: the connection is its client's from here
 * on. A challenge that takes another step, on a connection that does not stay, ends the client's, too. */
void keeping_note_login(struct exchange *exchange, enum login login)
{
    struct upstream_connection *connection = exchange->connection;
    unsigned status = exchange->response->line.status;
    private_claim(connection, &exchange->client->owner);
    /* A request without credentials amid the steps is none of them: what it is answered ends no handshake. */
    bool is_aside = connection->is_in_login && login_of_request(&exchange->fields) == LOGIN_NONE;
    connection->is_in_login =
        is_aside || (login == LOGIN_UNDERWAY && (status == 401 || status == 407));
    if (connection->is_in_login && !is_kept(exchange)) {
        exchange_end_with(exchange, END_CLOSE);
    }
}
