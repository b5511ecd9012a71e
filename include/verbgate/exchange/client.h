/*
 * The client's side as an exchange sees it: who asks, and a table of functions that speak the client's protocol. The
 * codec that fills it (downstream/h1.h for HTTP/1) owns the memory of its exchanges, and may have several of them at the
 * same time.
 *
 *   the codec calls exchange_init, exchange_begin, exchange_on_*  (exchange/exchange.h)
 *   the exchange calls the functions of this table
 *
 * There is one call for a head or a piece of content, never one for a byte, and each of them is one write.
 */
#ifndef VERBGATE_EXCHANGE_CLIENT_H
#define VERBGATE_EXCHANGE_CLIENT_H

#include "verbgate/http/reply.h"
#include "verbgate/http/serialise.h"
#include "verbgate/net/stream.h"
#include "verbgate/upstream/owner.h"

#include <arpa/inet.h>

struct exchange;

/* What becomes of the client's connection. What is further down in this list wins. */
enum exchange_end {
    END_KEEP,   /* it carries another request */
    END_CLOSE,  /* it ends behind this exchange */
    END_LINGER, /* ... and what still comes in is read and dropped first (RFC 9112 section 9.6) */
    END_CUT, /* it ends at once, without another byte; an answer that is not complete must not seem so */
};

struct client_operations {
    /* A final response, with the first of its content; `is_last`: with all of it. *head says how the content was
     * received; the codec sets what its protocol says of framing and of the connection. With 101 `content` is what the
     * server has sent behind it. */
    enum stream_write_status (*send_head)(struct exchange *exchange, struct response_head *head,
                                          struct slice content, bool is_last,
                                          const struct trailers *trailers);
    /* The next piece of its content. */
    enum stream_write_status (*send_content)(struct exchange *exchange, struct slice content,
                                             bool is_last, const struct trailers *trailers);
    /* A response of the gateway's own, whole. The codec sets what is said of the connection. */
    enum stream_write_status (*send_reply)(struct exchange *exchange, struct reply *reply);
    /* A 1xx other than 101. */
    enum stream_write_status (*send_interim)(struct exchange *exchange,
                                             const struct response_head *head);
    /* The content that has come and was held back, decoded; in a tunnel, the bytes. False: its framing is broken, and
     * exchange->fault says how. */
    bool (*take_content)(struct exchange *exchange, struct slice *content, bool *is_last);
    /* All that was taken of the content lies in the codec's buffer: take_content gives it once more. */
    void (*rewind)(struct exchange *exchange);
    /* Whether content is wanted now. The codec may read on while it is not, as long as it has room. */
    void (*set_reading)(struct exchange *exchange, bool is_wanted);
    /* Whether bytes of another request are there already. */
    bool (*has_more)(const struct exchange *exchange);
    /* Bytes that the client has not confirmed yet. */
    size_t (*unsent)(const struct exchange *exchange);
    /* The exchange is over, and its record was handed over: the memory is the codec's again, which calls
     * exchange_finish. exchange->end says what becomes of the connection. */
    void (*end)(struct exchange *exchange);
};

/* Who asks: one for each connection of a client. */
struct client {
    const struct client_operations *operations;
    struct sockaddr_in6 peer;       /* IPv4 fits in it too; family AF_UNIX: nothing else is known */
    uint32_t number;                /* of the connection in the process, from 1; for logs */
    char peer_ip[INET6_ADDRSTRLEN]; /* made once: each request needs it several times */
    unsigned char peer_ip_length;
    bool is_trusted;            /* the peer, under the snapshot of trust_serial */
    unsigned trust_serial;      /* 0: not looked at yet */
    unsigned request_count;     /* so far */
    struct private_owner owner; /* of connections to servers that are this client's alone */
};

/* The peer's IP as text, or "unix"; valid as long as the connection. */
static inline struct slice client_peer_ip(const struct client *client)
{
    return slice_make(client->peer_ip, client->peer_ip_length);
}

#endif
