/*
 * The proxy of one worker: makes the context that its connections share, puts policies in force, takes connections in,
 * and takes it all down again. One thread.
 */
#ifndef VERBGATE_PROXY_PROXY_H
#define VERBGATE_PROXY_PROXY_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/context/context.h"
#include "verbgate/policy/policy.h"

enum {
    PROXY_IDLE_LEAST_MS =
        100, /* a client stays idle at least this long before it may have to give way */
    PROXY_IDLE_LOOKS = 64, /* idle clients that are passed over when one is to give way */
};

/* What one worker may have of the process's descriptors. */
struct proxy_limits {
    unsigned connections; /* of clients: the process's limit; the owner counts over all workers */
    unsigned pipes;       /* at most SPLICE_PIPES_MOST */
    unsigned
        private_connections; /* to servers, that belong to one client each; 0: as many as `connections` */
};

/* Makes a proxy on `loop` with `policy` (it takes a reference of its own). Returns false when
 * memory is short, or the system gives no random bytes; then nothing is left behind. */
MUST_CHECK bool proxy_init(struct context *context, uv_loop_t *loop, const struct policy *policy,
                           struct proxy_limits limits, const struct context_events *events,
                           void *owner);

/* Puts another policy in force for requests that begin from here on. Takes a reference. Returns
 * false when memory is short; then the old policy stays. */
MUST_CHECK bool proxy_install(struct context *context, const struct policy *policy);

/* Takes over an accepted connection; `descriptor` is the proxy's from here on, whatever happens. False: it was
 * closed at once for want of memory, and on_connection_closed does not follow. */
MUST_CHECK bool proxy_accept(struct context *context, int descriptor,
                             const struct socket_address *peer);

/* Closes idle client connections, those that have been idle for longest first: `count` of them, or
 * fewer when there are no more. They give way to new ones. A client that has come or got its answer a
 * moment ago is spared, as its next request may be on its way. */
void proxy_close_idle(struct context *context, unsigned count);

/* Ends idle connections, and each busy one after its exchange. */
void proxy_drain(struct context *context);

/*
 * The same for a proxy that another process has replaced: an idle connection stays until its client sends one more
 * request, which is answered with Connection: close, or until it is idle for too long. A request that is on its way
 * while an idle connection is closed would be lost. proxy_drain may follow.
 */
void proxy_retire(struct context *context);

/* Closes every connection at once. */
void proxy_abort(struct context *context);

/* Closes the pools and the loop handles; all client connections must be gone. The loop must run on
 * until it is empty, then proxy_finish frees the memory. */
void proxy_close(struct context *context);
void proxy_finish(struct context *context);

#endif
