/*
 * One client connection. Between requests it owns this struct and no buffer; when bytes come it
 * takes an exchange from the slab, and the exchange owns the buffers.
 *
 *   IDLE --first byte--> ACTIVE --exchange complete, kept--> IDLE (or ACTIVE again: pipelining)
 *   ACTIVE --last answer sent, more may come in--> LINGER --FIN, cap or time--> CLOSING
 *   any --downstream_close--> CLOSING --on_closed--> back to the slab
 *
 * LINGER (RFC 9112 section 9.6): the last answer and FIN are sent, and what the client still sends
 * is read and dropped, since a close with unread bytes would reset the connection and the client
 * might never see its answer.
 */
#ifndef VERBGATE_PROXY_DOWNSTREAM_H
#define VERBGATE_PROXY_DOWNSTREAM_H

#include "verbgate/net/deadline.h"
#include "verbgate/net/stream.h"
#include "verbgate/proxy/proxy.h"

#include <arpa/inet.h>

/* Bytes that are read and dropped while lingering. */
enum { DOWNSTREAM_LINGER_BYTES = 1024 * 1024 };

/* Connections to servers that one client may have to itself; the one that was not used for longest goes first. */
enum { DOWNSTREAM_PRIVATE_MOST = 4 };

struct exchange;
struct upstream;

struct downstream {
    enum downstream_state {
        DOWNSTREAM_IDLE,
        DOWNSTREAM_ACTIVE,
        DOWNSTREAM_LINGER,
        DOWNSTREAM_CLOSING,
    } state;
    bool is_running;     /* downstream_run is on the stack */
    bool is_trusted;     /* the peer, under the snapshot of trust_serial */
    bool has_lost_login; /* a private connection has ended in the middle of a login */
    unsigned char private_count;
    unsigned trust_serial; /* 0: not looked at yet */
    struct stream stream;
    struct deadline deadline;
    struct list_node node;       /* in proxy->connections */
    struct list_node ready_node; /* in proxy->ready, while IDLE in proxy->idle, or alone */
    struct proxy *proxy;
    struct exchange *exchange;      /* while ACTIVE; owned */
    struct upstream *private;       /* owned; the last used one first, see private.h */
    struct sockaddr_in6 peer;       /* IPv4 fits in it too; family AF_UNIX: nothing else is known */
    char peer_ip[INET6_ADDRSTRLEN]; /* made once: each request needs it several times */
    unsigned char peer_ip_length;
    unsigned request_count;
    unsigned turn_requests; /* heads that were run in turn `turn` of the loop */
    uint64_t turn;
    unsigned lingered_bytes;
    unsigned linger_unsent; /* of the answer, when the linger deadline was armed */
};

/* Takes over an accepted connection; see proxy_accept. */
MUST_CHECK bool downstream_open(struct proxy *proxy, int descriptor,
                                const struct socket_address *peer);

/* The current exchange is complete and its answer sent whole: keep the connection for another
 * request, or end it. With `linger` what the client still sends is read and dropped first. */
void downstream_exchange_done(struct downstream *downstream, bool keep, bool linger);

/* Ends the connection; an exchange that runs must have been ended before. */
void downstream_close(struct downstream *downstream, enum close_reason reason);

/* Runs the exchange's head, and the heads that follow it in the buffer, as far as they go and as the
 * client's share of this turn of the loop lasts. */
void downstream_run(struct downstream *downstream);

/* The same for a client that has waited for its next turn. */
void downstream_run_again(struct downstream *downstream);

/* Ends the connection when it is idle and nothing has come in. True when it did. */
bool downstream_end_idle(struct downstream *downstream, enum close_reason reason);

/* The gateway is stopping: ends the connection when it is idle and nothing has come in. */
void downstream_drain(struct downstream *downstream);

/* The peer's IP as text, or "unix"; valid as long as the connection. */
static inline struct slice downstream_peer_ip(const struct downstream *downstream)
{
    return slice_make(downstream->peer_ip, downstream->peer_ip_length);
}

#endif
