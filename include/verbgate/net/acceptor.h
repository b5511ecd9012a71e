/*
 * A worker's side of one listening socket. Connections are accepted here and not by libuv, because
 * libuv answers a lack of file descriptors by accepting and dropping clients; the acceptor instead
 * pauses, and what waits in the kernel's queue is served later.
 */
#ifndef VERBGATE_NET_ACCEPTOR_H
#define VERBGATE_NET_ACCEPTOR_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/list.h"

#include <uv.h>

/* Connections taken in one turn of the loop, so that a burst of clients does not starve those that
 * are being served. */
enum { ACCEPTOR_TURN_MAX = 64 };

struct acceptor;

struct acceptor_events {
    /* Whether another connection may be accepted now; false pauses until acceptor_resume. */
    bool (*may_accept)(struct acceptor *acceptor);
    /* A connection: non-blocking, close-on-exec, owned by the callee. */
    void (*on_accepted)(struct acceptor *acceptor, int descriptor,
                        const struct socket_address *peer);
    /* accept(2) failed for want of descriptors or memory; the acceptor has paused. */
    void (*on_exhausted)(struct acceptor *acceptor, int error);
    void (*on_closed)(struct acceptor *acceptor);
};

struct acceptor {
    uv_poll_t poll;
    struct list_node node; /* for the owner */
    const struct acceptor_events *events;
    void *owner;
    int descriptor; /* owned */
    bool is_paused;
    bool is_closing;
};

/* Starts accepting from a listening, non-blocking `descriptor`, which the acceptor owns from here
 * on unless this fails. TCP connections come with TCP_NODELAY set. Returns 0 or a libuv error. */
MUST_CHECK int acceptor_start(struct acceptor *acceptor, uv_loop_t *loop, int descriptor,
                              const struct acceptor_events *events, void *owner);

void acceptor_pause(struct acceptor *acceptor);
void acceptor_resume(struct acceptor *acceptor);

/* Accepts what already waits in the kernel's queue (bounded), then closes; on_closed follows. */
void acceptor_close(struct acceptor *acceptor);

#endif
