/*
 * One peer of an exchange: the client or the server. What it is waited for, until when, and what it has ended.
 */
#ifndef VERBGATE_EXCHANGE_SIDE_H
#define VERBGATE_EXCHANGE_SIDE_H

#include "verbgate/net/deadline.h"
#include "verbgate/net/stream.h"

/* What a side is waited for. */
enum side_wait {
    WAIT_NOTHING,
    WAIT_REQUEST,     /* its first bytes: the deadline of the idle connection is still armed */
    WAIT_HEAD,        /* the rest of the request's head */
    WAIT_TO_SEND,     /* the peer takes what is queued for it */
    WAIT_CONTENT,     /* the next piece of content */
    WAIT_CONNECT,     /* the connection to the server, whose own deadline is armed */
    WAIT_RESPONSE,    /* the head of the response */
    WAIT_HALF_CLOSED, /* an answer for a client that sent FIN */
    WAIT_TUNNEL,      /* a byte in either direction */
};

/* What has moved since the side's deadline was armed. */
enum {
    SIDE_HAS_SENT = 1,
    SIDE_HAS_TAKEN = 2,
};

struct side {
    struct deadline *deadline; /* not owned; NULL: there is no connection */
    struct stream
        *stream; /* not owned; NULL where the exchange has none of its own, as in HTTP/2 */
    enum side_wait wait;
    unsigned char progress; /* SIDE_HAS_* */
    bool is_queued;         /* the last write waits; nothing more is written until it is through */
    enum side_in { SIDE_SENDS, SIDE_ENDED } in; /* ENDED: FIN came from it */
    enum side_out {
        SIDE_TAKES,
        SIDE_SHUT, /* FIN was sent to it, in a tunnel */
        SIDE_DEAF, /* it takes no more content; its answer is awaited */
    } out;
    size_t unsent; /* when WAIT_TO_SEND was armed */
};

/* Notes what became of a write to the side, and returns it. */
static inline enum stream_write_status side_wrote(struct side *side,
                                                  enum stream_write_status status)
{
    side->is_queued = status == STREAM_QUEUED;
    return status;
}

/* Whether the side's deadline is to be armed anew: it is waited for something else, or what it is waited for has come
 * nearer. Bytes that a side sends say nothing of what it takes. */
bool side_has_moved(const struct side *side, enum side_wait wait);

/* Waits for something, for at most `length_ms`; with WAIT_NOTHING for nothing. `unsent` only counts with WAIT_TO_SEND. */
void side_await(struct side *side, struct deadlines *deadlines, enum side_wait wait,
                uint32_t length_ms, size_t unsent);

#endif
