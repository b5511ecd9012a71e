/*
 * One request and its response, from the first byte of the request line to the record in the access
 * log. It has one state for each direction; every callback records what happened, runs the steps of
 * its direction, and ends in exchange_update, which alone decides who may read and which deadline
 * runs.
 *
 *   request   HEAD -> HELD -> CONTENT -> DONE     HELD: complete head, waits for the upstream
 *                  \-> BUFFER -> DONE             BUFFER: content is kept, then goes onward whole
 *                  \-> DROP -> DONE               DROP: content is read and dropped
 *   response  NONE -> CONNECT -> HEAD -> CONTENT -> DONE
 *                  \--------- local answer ------->
 *
 * A 101 to a request that asked for it takes both to TUNNEL (tunnel.c).
 *
 * Two rules keep memory flat: the upstream is read only while nothing is queued for the client, and
 * content is read from the client only while nothing is queued for the upstream.
 *
 * Buffers: `request_region` holds the head, whose slices stay valid for the exchange's life, and
 * behind it what has come in and is not used yet: 0 <= head_length <= read_offset <= used <=
 * region_bytes. `response->region` holds the response's head and what came with it. Content with a
 * length and content of the response pass through the proxy's scratch buffer. Content that is buffered is
 * in `store` instead, and leaves it only while nothing is queued for the upstream; the request state says
 * nothing of that, as it is about what the client has still to send.
 */
#ifndef VERBGATE_PROXY_EXCHANGE_H
#define VERBGATE_PROXY_EXCHANGE_H

#include "verbgate/http/message.h"
#include "verbgate/http/status_line.h"
#include "verbgate/http/trace.h"
#include "verbgate/policy/request_facts.h"
#include "verbgate/proxy/downstream.h"
#include "verbgate/proxy/request_store.h"
#include "verbgate/proxy/snapshot.h"
#include "verbgate/proxy/upstream.h"

enum {
    EXCHANGE_INTERIM_MAX = 16, /* 1xx responses to one request */
    EXCHANGE_LOOK_MS = 1000,   /* between two looks at peers that nothing is heard of */
};

/* What a side is waited for. */
enum exchange_wait {
    WAIT_NOTHING,
    WAIT_REQUEST,     /* its first bytes: the deadline of the idle connection is still armed */
    WAIT_HEAD,        /* the rest of the request's head */
    WAIT_TO_SEND,     /* the peer takes what is queued for it */
    WAIT_CONTENT,     /* the next piece of content */
    WAIT_CONNECT,     /* the connection to the server */
    WAIT_RESPONSE,    /* the head of the response */
    WAIT_HALF_CLOSED, /* an answer for a client that sent FIN */
    WAIT_TUNNEL,      /* a byte in either direction */
};

/*
 * What the server answers. It is a block of its own, taken when the server's first bytes are about to
 * be read and given back with the exchange: most answers come whole, so a few blocks, which stay in the
 * processor's caches, serve all the exchanges that wait for their server.
 */
struct response {
    size_t region_bytes;
    char *region;
    size_t used;   /* bytes in region */
    size_t parsed; /* of them parsed */
    bool has_line; /* `line` is complete */
    bool is_extra; /* the server sent more than its response */
    bool is_early; /* it began before the server had the whole request */
    unsigned read_count;
    unsigned interim_count;
    struct status_line line;
    struct framing framing; /* as received */
    uint64_t left;          /* of FRAMING_LENGTH */
    struct connection_info connection;
    struct fields fields;

    struct message message; /* from here on nothing is set before it is used */
    struct field items[FIELDS_MAX];
    struct trailers trailers;
    /* The region follows. */
};

struct exchange {
    enum request_state {
        REQUEST_HEAD,
        REQUEST_BUFFER,
        REQUEST_HELD,
        REQUEST_CONTENT,
        REQUEST_DROP,
        REQUEST_DONE,
        REQUEST_TUNNEL,
    } request_state;
    enum response_state {
        RESPONSE_NONE,
        RESPONSE_CONNECT,
        RESPONSE_HEAD,
        RESPONSE_CONTENT,
        RESPONSE_DONE,
        RESPONSE_TUNNEL,
    } response_state;

    /* A side's deadline is armed anew when this changes, and, for waits that are about progress,
     * whenever that side has moved. */
    enum exchange_wait client_wait, upstream_wait;
    bool client_has_sent, client_has_taken; /* bytes, since its deadline was armed */
    bool upstream_has_sent, upstream_has_taken;
    struct deadline look;                  /* at peers that nothing is heard of */
    size_t client_unsent, upstream_unsent; /* when WAIT_TO_SEND was armed */

    struct proxy *proxy;
    struct downstream *downstream;
    struct upstream *upstream; /* while one works for this exchange */
    struct pool *waits_at;     /* in whose line it stands for one; or NULL */
    struct upstream *rests_at; /* its client's own connection, which has to rest first; or NULL */
    struct list_node line_node;
    struct snapshot *snapshot; /* one reference */
    size_t region_bytes;
    char *request_region;
    struct response *response;     /* owned; NULL until the server's first bytes are due */
    struct relay_room from_client; /* content */
    struct relay_room from_server;
    struct splice_pipe *request_pipe; /* owned; NULL: content from the client is copied */
    struct splice_pipe *response_pipe;
    bool request_stays_copied; /* splicing it was tried */
    bool response_stays_copied;

    /* The request. */
    size_t used;        /* bytes in request_region */
    size_t head_length; /* bytes of it that are the head so far */
    size_t read_offset; /* where bytes that are not used yet begin */
    bool has_line;      /* `line` is complete */
    bool has_fields;    /* `request_fields` is complete */
    bool has_head;      /* the head was read and judged well-formed */
    bool is_http_10;
    bool client_is_done; /* FIN came: no more requests, but the answer is awaited */
    bool server_is_done; /* the same of the server, in a tunnel */
    bool has_shut_client, has_shut_server; /* FIN was passed on, in a tunnel */
    bool must_close;                       /* the connection ends with this exchange */
    bool must_linger;      /* ... and what still comes in is read and dropped first */
    bool expects_continue; /* 100 (Continue) is owed before the content is read */
    bool is_replayable;    /* all that was sent upstream is still in request_region or `store` */
    bool is_retried;       /* a dead pooled connection has been replaced once */
    bool is_idempotent;
    struct request_line_scanner scanner;
    struct request_line line;
    struct request_facts facts; /* what the head says */
    struct framing request_framing;
    uint64_t request_left;       /* of FRAMING_LENGTH */
    struct request_store *store; /* owned; NULL: the content is not buffered */
    struct fields request_fields;

    /* The judgement, and where it goes. */
    struct verdict verdict;
    bool has_verdict;
    unsigned server; /* index in the upstream */
    unsigned servers_tried;
    bool ends_server;  /* the server was asked to close its connection behind the response */
    bool uses_private; /* its connection was its client's alone before it began */
    bool has_shed;     /* kept connections were closed to make room for this one */

    /* The response. */
    bool has_response_bytes;          /* the server has begun to answer: no retry any more */
    bool upstream_is_deaf;            /* the server takes no more content; its answer is awaited */
    enum framing_kind client_framing; /* of the content, as sent to the client */

    /* For the record. */
    uint64_t start_ns;
    uint64_t first_byte_ns;
    uint64_t received_bytes;
    uint64_t sent_bytes;
    unsigned status;
    bool is_local;
    enum close_reason reason;
    enum http_fault fault;
    struct slice request_id; /* received or made; empty until it is asked for */
    bool has_made_trace;     /* made_trace_parent is valid */

    uint64_t dropped_bytes; /* content of a response to HEAD that came since a GET was sent */

    struct message request_message; /* from here on nothing is set before it is used */
    struct field request_items[FIELDS_MAX];
    struct trailers request_trailers;
    char made_request_id[TRACE_ID_BYTES]; /* when request_id points here */
    char made_trace_parent[TRACE_PARENT_BYTES];
    /* The region follows. */
};

/* Bytes of an exchange, and of its response, with buffers of `region_bytes`. */
size_t exchange_object_bytes(size_t region_bytes);
size_t exchange_response_object_bytes(size_t region_bytes);

/* Takes an exchange for a connection, or NULL: out of memory. */
MUST_CHECK struct exchange *exchange_create(struct downstream *downstream);

/* Gives it back; its upstream and its snapshot are gone by then or go now. */
void exchange_destroy(struct exchange *exchange);

/* Whether bytes of the client's next request are there already. */
static inline bool exchange_has_more(const struct exchange *exchange)
{
    return exchange->used > exchange->read_offset;
}

/* Makes it ready for the next request of the same connection: bytes that are not used yet move to
 * the front. */
void exchange_restart(struct exchange *exchange);

enum exchange_step {
    EXCHANGE_WAITS, /* for bytes, or for the upstream */
    EXCHANGE_ENDED, /* it is complete; downstream_exchange_done was called */
};

/* Runs the request's head from the bytes in the buffer. */
enum exchange_step exchange_run_head(struct exchange *exchange);

/* ---- events of the client's side */
uv_buf_t exchange_request_room(struct exchange *exchange);
void exchange_request_bytes(struct exchange *exchange, char *data, size_t length);
void exchange_request_nothing(struct exchange *exchange); /* was read, as no room was given */
void exchange_request_end(struct exchange *exchange, int error);
void exchange_client_drained(struct exchange *exchange, int error);
void exchange_client_timeout(struct exchange *exchange);

/* ---- events of the server's side */
void exchange_upstream_connected(struct exchange *exchange, int error);
/* The connection that it waits for has rested; or it has ended. */
void exchange_private_rested(struct exchange *exchange);
void exchange_find_upstream_again(struct exchange *exchange);
uv_buf_t exchange_response_room(struct exchange *exchange); /* empty: out of memory */
void exchange_response_bytes(struct exchange *exchange, char *data, size_t length);
void exchange_response_nothing(struct exchange *exchange);
void exchange_response_end(struct exchange *exchange, int error);
void exchange_upstream_drained(struct exchange *exchange, int error);
void exchange_upstream_timeout(struct exchange *exchange);

/* A connection of `pool` may have become free, or room to open one: those in line take it. */
void exchange_serve_line(struct pool *pool);

/* The gateway stops: what no client waits for ends now. */
void exchange_drain(struct exchange *exchange);

/* Ends the exchange and its client connection without another byte. */
void exchange_abort(struct exchange *exchange, enum close_reason reason);

#endif
