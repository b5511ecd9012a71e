/*
 * One client connection. Between requests it owns this struct and no buffer; when bytes come it
 * takes a request from the slab, and the request owns the buffer.
 *
 *   IDLE --first byte--> ACTIVE --exchange complete, kept--> IDLE (or ACTIVE again: pipelining)
 *   ACTIVE --last answer sent, more may come in--> LINGER --FIN, cap or time--> CLOSING
 *   any --downstream_close--> CLOSING --on_closed--> back to the slab
 *
 * LINGER (RFC 9112 section 9.6): the last answer and FIN are sent, and what the client still sends
 * is read and dropped, since a close with unread bytes would reset the connection and the client
 * might never see its answer.
 */
#ifndef VERBGATE_DOWNSTREAM_CONNECTION_H
#define VERBGATE_DOWNSTREAM_CONNECTION_H

#include "verbgate/downstream/h1.h"

enum {
    DOWNSTREAM_LINGER_BYTES = 1024 * 1024, /* that are read and dropped while lingering */
    DOWNSTREAM_TURN_REQUESTS = 32,         /* requests of one client in one turn of the loop */
};

struct downstream {
    enum downstream_state {
        DOWNSTREAM_IDLE,
        DOWNSTREAM_ACTIVE,
        DOWNSTREAM_LINGER,
        DOWNSTREAM_CLOSING,
    } state;
    uint16_t turn_requests; /* heads that were run in turn `turn` of the loop */
    bool is_running;        /* its requests are being run further down the stack */
    struct stream stream;
    struct deadline deadline;
    struct list_node node; /* in context->connections */
    struct turn ready;     /* its node is in context->idle while IDLE */
    struct context *context;
    struct h1_request *request; /* while ACTIVE; owned */
    struct client client;
    union {
        uint64_t turn; /* while ACTIVE: of the loop */
        struct {
            unsigned bytes;  /* read and dropped */
            unsigned unsent; /* of the answer, when the deadline was armed */
        } linger;            /* while LINGER */
    };
};

/* Takes over an accepted connection; see proxy_accept. */
MUST_CHECK bool downstream_open(struct context *context, int descriptor,
                                const struct socket_address *peer);

/* Ends the connection; an exchange that runs must have been ended before. */
void downstream_close(struct downstream *downstream, enum close_reason reason);

/* Ends the connection when it is idle and nothing has come in. True when it did. */
bool downstream_end_idle(struct downstream *downstream, enum close_reason reason);

/* The gateway is stopping: ends the connection when it is idle and nothing has come in. */
void downstream_drain(struct downstream *downstream);

/* A login of the client's was cut while it was idle: its connection ends (context->on_login_cut). */
void downstream_on_login_cut(struct private_owner *owner);

/* Ends the connection at once, and its exchange if there is one. */
void downstream_cut(struct downstream *downstream, enum close_reason reason);

#endif
