/* What is known of an exchange at its end: the access log and the counters are made from it. All
 * slices are valid only during the call that hands the record over. */
#ifndef VERBGATE_EXCHANGE_RECORD_H
#define VERBGATE_EXCHANGE_RECORD_H

#include "verbgate/base/clock.h"
#include "verbgate/base/slice.h"
#include "verbgate/exchange/reason.h"
#include "verbgate/policy/decide.h"

struct record {
    const struct policy *policy;
    struct slice method; /* empty when the request line never became one */
    unsigned version_major, version_minor;
    unsigned status;               /* sent to the client; 499 when it left before one was */
    bool is_local;                 /* the gateway answered, no backend */
    const struct verdict *verdict; /* NULL when the request was never judged */
    enum close_reason reason;
    enum http_fault fault;   /* with REASON_REQUEST_FAULT and REASON_UPSTREAM_FAULT */
    uint64_t received_bytes; /* content of the request */
    uint64_t sent_bytes;     /* content of the response */
    uint64_t duration_us;    /* first byte of the request to the end */
    uint64_t first_byte_us;  /* to the response's head; 0 when there was none */

    /* What only logs need: left out unless context->wants_texts. */
    const struct clock *clock; /* the time of the end */
    struct slice client_ip;    /* as a trusted proxy told it, else the peer's */
    struct slice peer_ip;      /* of the connection; "unix" for a Unix socket's */
    struct slice request_id;   /* empty when there is none, or no valid one */
    struct slice trace_id;     /* the same of traceparent */
    struct slice target;
    struct slice host;
    struct slice user_agent;
    struct slice referer;
    struct slice allow;  /* of the backend, with its 405 only */
    struct slice server; /* the upstream server's text, or empty */
};

#endif
