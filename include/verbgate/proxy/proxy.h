/*
 * What the connections of one worker share: the loop, the policy snapshot, the slabs, the scratch
 * buffers, the deadlines, the upstream pools. One thread. Nothing here is shared between workers
 * but the policy itself, which is immutable.
 */
#ifndef VERBGATE_PROXY_PROXY_H
#define VERBGATE_PROXY_PROXY_H

#include "verbgate/base/clock.h"
#include "verbgate/base/counter.h"
#include "verbgate/base/list.h"
#include "verbgate/base/random.h"
#include "verbgate/base/slab.h"
#include "verbgate/base/writer.h"
#include "verbgate/net/deadline.h"
#include "verbgate/net/splice_pipe.h"
#include "verbgate/policy/field_guard.h"
#include "verbgate/policy/policy.h"
#include "verbgate/proxy/record.h"
#include "verbgate/proxy/relay_room.h"
#include "verbgate/proxy/request_store.h"

#include <uv.h>

enum {
    PROXY_SCRATCH_BYTES = RELAY_ROOM_MOST, /* the largest read of content */
    PROXY_EXTRA_BYTES = 8 * 1024,          /* the gateway's own fields in one head */
    PROXY_HEAD_EXTRA = 24 * 1024,   /* what a head may grow by on its way: those, Via and others */
    PROXY_CONTENT_ROOM = 16 * 1024, /* room for content behind the head in an exchange's buffers */
    PROXY_TURN_REQUESTS = 32,       /* requests of one client in one turn of the loop */
    PROXY_IDLE_LEAST_MS = 100,      /* so long a client stays idle before it may have to give way */
    PROXY_IDLE_LOOKS = 64,          /* idle clients that are passed over when one is to give way */
    PROXY_TRIM_OBJECTS = 256,       /* so many exchanges freed are a burst that has gone */
    PROXY_TRIM_MS = 3000,           /* after which its memory goes back to the system */
    PROXY_LOG_LINES_PER_SECOND = 20,      /* of the error log, per worker */
    PROXY_STORE_BYTES = 64 * 1024 * 1024, /* of buffered content in memory, per worker */
    PROXY_STORE_PIECES = 8,               /* of buffered content, sent in one turn of the loop */
};

struct proxy;
struct snapshot;

struct proxy_events {
    /* An exchange has ended. */
    void (*on_record)(struct proxy *proxy, const struct record *record);
    /* A client connection is gone: another may be accepted; a worker that drains may be done. */
    void (*on_connection_closed)(struct proxy *proxy);
};

/* What one worker may have of the process's descriptors. */
struct proxy_limits {
    unsigned connections; /* of clients: the process's limit; the owner counts over all workers */
    unsigned pipes;       /* at most SPLICE_PIPES_MOST */
    unsigned
        private_connections; /* to servers, that belong to one client each; 0: as many as `connections` */
};

/* Written by the worker, read by the control thread for the metrics. */
struct proxy_counters {
    struct counter connections_accepted;
    struct counter connections_open;      /* now; connection_count for other threads */
    struct counter connections_displaced; /* idle ones that gave way to new ones */
    struct counter upstream_connects;
    struct counter upstream_reuses;
    struct counter upstream_waits;   /* requests that waited in a pool's line */
    struct counter upstream_open;    /* now, idle ones too */
    struct counter upstream_idle;    /* now, private ones not included */
    struct counter upstream_resting; /* now, until they were silent for a while */
    struct counter upstream_private; /* now, those that belong to one client */
    struct counter spliced_bytes;    /* content that was not copied */
    struct counter retries;
    struct counter fields_dropped[FIELD_FATE_COUNT]; /* of requests, by why */
    struct counter upgrades_refused; /* forwarded without an Upgrade, or with less of it */
    struct counter reported; /* forwarded under report-only, though the policy would refuse */
    struct counter suppressed_log_lines;
};

struct proxy {
    uv_loop_t *loop; /* not owned */
    const struct proxy_events *events;
    void *owner;
    struct snapshot *snapshot; /* of the policy in force; one reference */
    unsigned snapshot_count;   /* made so far */
    bool is_draining;
    bool
        keeps_idle; /* while draining: idle clients may send one more request each (proxy_retire) */
    bool wants_texts; /* in records, see record.h; set by the owner */
    unsigned connection_count;
    unsigned private_most; /* connections to servers that belong to one client each */

    struct clock clock;
    struct random random; /* of ids */
    struct deadlines deadlines;
    struct list_node connections;  /* struct downstream */
    struct list_node idle;         /* those that are idle, by ready_node; the longest is first */
    struct counter idle_due_ms;    /* when the first of them has been idle for too long */
    struct list_node ready;        /* struct downstream with more to do in the next turn */
    struct list_node pools;        /* struct pool */
    struct list_node private_idle; /* struct upstream, the longest idle first */
    uv_idle_t turn;                /* runs while `ready` is not empty */
    uv_prepare_t turn_counter;     /* runs once in each turn of the loop, and keeps no loop alive */
    uint64_t turn_number;

    struct slab downstreams;
    struct slab exchanges; /* the object sizes of both follow max-head */
    struct slab responses;
    struct slab upstreams;
    struct deadline trim; /* of memory, after a burst */
    size_t region_bytes;  /* of the buffer of an exchange, and of a response */

    unsigned large_rooms; /* see relay_room.h */
    char *scratch;        /* PROXY_SCRATCH_BYTES: content on its way through */
    struct writer body;   /* of a local answer */
    struct writer out;    /* heads and chunk heads on their way out */
    struct writer extra;  /* the gateway's own fields of the head that is being written */
    struct writer tail;   /* what follows a piece of content: CRLF, last chunk, trailers */

    struct request_store_memory store_memory; /* of buffered content */
    struct splice_pipes pipes;                /* of content that is not copied */

    struct proxy_counters counters;
    uint64_t log_second;
    unsigned log_lines;
};

/* Makes a proxy on `loop` with `policy` (it takes a reference of its own). Returns false when
 * memory is short, or the system gives no random bytes; then nothing is left behind. */
MUST_CHECK bool proxy_init(struct proxy *proxy, uv_loop_t *loop, const struct policy *policy,
                           struct proxy_limits limits, const struct proxy_events *events,
                           void *owner);

/* Puts another policy in force for requests that begin from here on. Takes a reference. Returns
 * false when memory is short; then the old policy stays. */
MUST_CHECK bool proxy_install(struct proxy *proxy, const struct policy *policy);

/* Takes over an accepted connection; `descriptor` is the proxy's from here on, whatever happens. False: it was
 * closed at once for want of memory, and on_connection_closed does not follow. */
MUST_CHECK bool proxy_accept(struct proxy *proxy, int descriptor,
                             const struct socket_address *peer);

/* Closes idle client connections, those that have been idle for longest first: `count` of them, or
 * fewer when there are no more. They give way to new ones. A client that has come or got its answer a
 * moment ago is spared, as its next request may be on its way. */
void proxy_close_idle(struct proxy *proxy, unsigned count);

/* Ends idle connections, and each busy one after its exchange. */
void proxy_drain(struct proxy *proxy);

/*
 * The same for a proxy that another process has replaced: an idle connection stays until its client sends one more
 * request, which is answered with Connection: close, or until it is idle for too long. A request that is on its way
 * while an idle connection is closed would be lost. proxy_drain may follow.
 */
void proxy_retire(struct proxy *proxy);

/* Closes every connection at once. */
void proxy_abort(struct proxy *proxy);

/* Closes the pools and the loop handles; all client connections must be gone. The loop must run on
 * until it is empty, then proxy_finish frees the memory. */
void proxy_close(struct proxy *proxy);
void proxy_finish(struct proxy *proxy);

/* Which turn of the loop this is: another number each time that the loop looks for events. What runs
 * before it looks (`ready`) still sees the number of the turn before. */
static inline uint64_t proxy_turn(const struct proxy *proxy)
{
    return proxy->turn_number;
}

/* Runs the downstream of `ready_node` again in the next turn of the loop. */
void proxy_run_later(struct proxy *proxy, struct list_node *ready_node);

/* An exchange's memory was given back: after a burst it goes on to the system. */
void proxy_consider_trimming(struct proxy *proxy);

/* Brings the clock up to date; called once per turn in which it is needed. */
void proxy_tick(struct proxy *proxy);

/* Whether a line about one exchange may go to the error log now: a dead backend under load must not
 * turn into a flood that blocks the worker. */
bool proxy_may_log(struct proxy *proxy);

#endif
