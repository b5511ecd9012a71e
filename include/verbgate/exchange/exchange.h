/*
 * One request and its response, from the request's head to the record in the access log. It knows no protocol of the
 * client's (exchange/client.h) and moves content both ways (exchange/flow.h).
 *
 * Each event comes in through one function of exchange/run.c. That function runs a step of some other file, which
 * returns the reason for which the exchange has to end, or REASON_NONE; then run.c ends the exchange, or says who may
 * read now and which deadline runs (exchange_update). So no step has to ask whether the exchange is still there.
 *
 * Two rules keep memory flat: the server is read only while nothing is queued for the client, and content is read from
 * the client only while nothing is queued for the server.
 */
#ifndef VERBGATE_EXCHANGE_EXCHANGE_H
#define VERBGATE_EXCHANGE_EXCHANGE_H

#include "verbgate/base/log.h"
#include "verbgate/exchange/client.h"
#include "verbgate/exchange/flow.h"
#include "verbgate/exchange/reason.h"
#include "verbgate/exchange/side.h"
#include "verbgate/http/trace.h"
#include "verbgate/policy/request_facts.h"
#include "verbgate/policy/verdict.h"
#include "verbgate/upstream/connection.h"
#include "verbgate/upstream/response.h"
#include "verbgate/upstream/snapshot.h"

#include <assert.h>

enum {
    EXCHANGE_INTERIM_MAX = 16,  /* 1xx responses to one request */
    EXCHANGE_LOOK_MS = 1000,    /* between two looks at peers that nothing is heard of */
    EXCHANGE_STORED_PIECES = 8, /* of kept content, sent in one turn of the loop */
};

struct exchange {
    struct context *context;
    struct client *client;
    struct snapshot *snapshot; /* one reference */
    struct side client_side, server_side;
    struct flow onward, back;
    struct deadline look; /* at peers that nothing is heard of */
    struct turn ready;    /* kept content is to be sent in the next turn */

    /* The request. The codec fills it, and has the memory that the slices point to. */
    enum exchange_progress {
        PROGRESS_NONE,
        PROGRESS_LINE,   /* `line` is complete */
        PROGRESS_FIELDS, /* `fields` is complete */
        PROGRESS_HEAD,   /* the head was judged well-formed */
    } progress;
    enum expectation {
        EXPECTS_NOTHING,
        EXPECTS_US,     /* 100 (Continue) is owed before the content is read */
        EXPECTS_SERVER, /* the server is asked, and the client waits for what it says */
    } expectation;
    struct request_line line;
    struct request_facts facts; /* what the head says */
    struct fields fields;
    const struct trailers *trailers; /* once the content is complete; NULL: there are none */

    /* The judgement. */
    struct verdict verdict;
    bool has_verdict;

    /* The way to the server. */
    struct upstream_connection *connection;          /* while one works for this exchange */
    const struct upstream_events *connection_events; /* what that tells the exchange */
    struct pool_waiter waiter;
    struct pool *waits_at;                /* in whose queue it stands; or NULL */
    struct upstream_connection *rests_at; /* its client's own, which has to rest first; or NULL */
    unsigned server;                      /* index in the upstream */
    unsigned servers_tried;
    enum replay {
        REPLAY_NONE, /* what was sent is gone */
        REPLAY_READY, /* all that was sent to the server is still in the codec's buffer or in the store */
        REPLAY_USED, /* a dead kept connection has been replaced once */
    } replay;
    bool ends_server;  /* the server was asked to close its connection behind the response */
    bool uses_private; /* its connection was its client's alone before it began */
    bool has_shed;     /* kept connections were closed to make room for this one */

    /* The response. */
    struct response *response; /* owned; NULL until the server's first bytes are due */
    uint64_t dropped_bytes;    /* content of a response to HEAD that came since a GET was sent */

    /* For the end and the record. */
    enum exchange_end end;
    enum close_reason reason;
    enum http_fault fault;
    unsigned status;
    bool is_local;
    uint64_t start_ns;
    uint64_t first_byte_ns;
    struct slice request_id;              /* received or made; empty until it is asked for */
    bool has_made_trace;                  /* made_trace_parent is valid */
    char made_request_id[TRACE_ID_BYTES]; /* when request_id points here */
    char made_trace_parent[TRACE_PARENT_BYTES];
};

/* ---- life: for the codec */

/* Prepares an exchange, of which all bytes are 0, under the policy in force. `deadline` is the client's for this
 * exchange, and `stream` its connection where that carries one exchange at a time; else NULL. */
void exchange_init(struct exchange *exchange, struct context *context, struct client *client,
                   struct deadline *deadline, struct stream *stream);

/* Gives back all that the exchange owns. Its memory is the codec's. */
void exchange_finish(struct exchange *exchange);

/* ---- the request: from the codec */

/* The head goes on; the client's deadline for it runs. */
void exchange_await_head(struct exchange *exchange);

/* The head is complete: line, facts and fields are filled, and onward.left. It is judged and acted on. */
void exchange_begin(struct exchange *exchange);

/* The head is none, or did not come in time. exchange->fault says what is wrong with it. */
void exchange_reject(struct exchange *exchange, enum close_reason reason);

/* ---- events of the client's side: from the codec */

/* Bytes came, of whatever kind: they count as progress, and for the direction's share of the turn. */
static inline void exchange_note_received(struct exchange *exchange, size_t length)
{
    exchange->client_side.progress |= SIDE_HAS_SENT;
    relay_room_note(&exchange->onward.room, context_turn(exchange->context), length);
}

/* How much the codec may read of content now; 0: this direction has had its share of the turn. */
static inline size_t exchange_room(const struct exchange *exchange)
{
    return relay_room_bytes(&exchange->onward.room, context_turn(exchange->context));
}

/* Whether what comes next of content with a length is to be spliced: then the codec gives no room, and calls
 * exchange_on_client_nothing when the socket is readable. */
bool exchange_splices_onward(struct exchange *exchange);

/* Content came while the flow is in STORE, CONTENT, DROP or TUNNEL. */
void exchange_on_content(struct exchange *exchange, struct slice content, bool is_last);

/* The framing of the content is broken: exchange->fault says how. */
void exchange_on_broken_content(struct exchange *exchange);

/* Bytes came that are not content that is wanted now: the codec keeps them. */
void exchange_on_more(struct exchange *exchange);

void exchange_on_client_nothing(struct exchange *exchange); /* was read, as no room was given */
void exchange_on_client_end(struct exchange *exchange, int error);
void exchange_on_client_drained(struct exchange *exchange, int error);
void exchange_on_client_expired(struct exchange *exchange);

/* The gateway stops: what no client waits for ends now. */
void exchange_drain(struct exchange *exchange);

/* Ends the exchange and its client's connection without another byte. */
void exchange_cut(struct exchange *exchange, enum close_reason reason);

/* ---- the connection to the server */

/* The connection is somebody else's from here on. */
static inline void exchange_forget_connection(struct exchange *exchange)
{
    exchange->connection = NULL;
    exchange->server_side.stream = NULL;
    exchange->server_side.deadline = NULL;
    exchange->server_side.is_queued = false;
}

/* Closes it, if there is one. */
static inline void exchange_close_connection(struct exchange *exchange)
{
    if (exchange->connection != NULL) {
        upstream_close(exchange->connection);
        exchange_forget_connection(exchange);
    }
}

/* ---- small questions */

/* The settings that the exchange runs under. */
static inline const struct policy_gateway *exchange_settings(const struct exchange *exchange)
{
    return &exchange->snapshot->policy->gateway;
}

/* The limits that the request runs under. Only after a verdict to forward. */
static inline const struct policy_limits *exchange_limits(const struct exchange *exchange)
{
    return &exchange->verdict.limits;
}

static inline bool exchange_is_forwarded(const struct exchange *exchange)
{
    return exchange->has_verdict && exchange->verdict.kind == VERDICT_FORWARD;
}

static inline bool exchange_is_http_10(const struct exchange *exchange)
{
    return exchange->progress >= PROGRESS_LINE && exchange->line.version_minor == 0;
}

/* Whether the request, as received, comes with content. */
static inline bool exchange_has_content(const struct exchange *exchange)
{
    const struct framing *framing = &exchange->facts.framing;
    return framing->kind == FRAMING_CHUNKED ||
           (framing->kind == FRAMING_LENGTH && framing->length > 0);
}

/* Whether the server gets this method as POST. Only after a verdict to forward. */
static inline bool exchange_is_sent_as_post(const struct exchange *exchange)
{
    return method_set_has(&exchange->verdict.translation->send_as_post, exchange->verdict.method);
}

/* Whether the server has begun to answer: no retry any more. */
static inline bool exchange_is_answered(const struct exchange *exchange)
{
    return exchange->response != NULL && exchange->response->read_count > 0;
}

/* Whether all of the request is with the server, or with the kernel. */
static inline bool exchange_has_sent_all(const struct exchange *exchange)
{
    return exchange->onward.state == FLOW_DONE && !flow_has_stored(&exchange->onward) &&
           !exchange->server_side.is_queued;
}

/* ---- the only ways to change its states */

RARE void exchange_trace_move(const struct exchange *exchange, const struct flow *flow,
                              enum flow_state state);

/* Moves a flow of the exchange to another state. */
static inline void exchange_move(struct exchange *exchange, struct flow *flow,
                                 enum flow_state state)
{
    if (flow->state == state) {
        return;
    }
    assert(flow_may_move(flow->state, state));
    if (UNLIKELY(log_is_on(LOG_LEVEL_DEBUG))) {
        exchange_trace_move(exchange, flow, state);
    }
    flow->state = state;
}

/* What becomes of the client's connection: this, or what was more than this already. */
static inline void exchange_end_with(struct exchange *exchange, enum exchange_end end)
{
    exchange->end = end > exchange->end ? end : exchange->end;
}

#endif
