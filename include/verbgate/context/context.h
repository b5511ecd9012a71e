/*
 * What the connections of one worker share: the loop and its turns, the clock, the deadlines, the policy in force, the
 * memory of its objects, the buffers, the counters. One thread. Nothing here is shared between workers but the policy
 * itself, which is immutable.
 *
 * The context is the lowest room of the proxy and knows none of the others: lists and slabs say in a comment what they
 * hold. proxy/proxy.h makes a context and takes it down.
 */
#ifndef VERBGATE_CONTEXT_CONTEXT_H
#define VERBGATE_CONTEXT_CONTEXT_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/clock.h"
#include "verbgate/base/random.h"
#include "verbgate/base/slab.h"
#include "verbgate/base/writer.h"
#include "verbgate/context/counters.h"
#include "verbgate/net/deadline.h"
#include "verbgate/net/splice_pipe.h"
#include "verbgate/net/turns.h"

#include <uv.h>

enum {
    CONTEXT_SCRATCH_BYTES = 512 * 1024, /* the largest read of content */
    CONTEXT_EXTRA_BYTES = 8 * 1024,     /* the gateway's own fields in one head */
    CONTEXT_CONTENT_ROOM = 16 * 1024,   /* room for content behind a head in the same buffer */
    CONTEXT_TRIM_OBJECTS = 256,         /* as many freed buffers are a burst that has gone */
    CONTEXT_TRIM_MS = 3000,             /* after which its memory goes back to the system */
    CONTEXT_LOG_LINES_PER_SECOND = 20,  /* of the error log, per worker */
};

struct context;
struct private_owner;
struct record;
struct snapshot;

/* What the owner of a worker hears. */
struct context_events {
    /* An exchange has ended. */
    void (*on_record)(struct context *context, const struct record *record);
    /* A client connection is gone: another may be accepted; a worker that drains may be done. */
    void (*on_connection_closed)(struct context *context);
};

/* What the content stores of one worker share. Beyond `most`, content goes to files at once. */
struct store_memory {
    size_t used;
    size_t most;
};

struct context {
    uv_loop_t *loop; /* not owned */
    const struct context_events *events;
    void *owner;
    enum context_phase {
        CONTEXT_SERVES,
        CONTEXT_RETIRES, /* another process serves; each idle client may send one more request */
        CONTEXT_DRAINS,  /* no idle connection stays */
    } phase;
    struct snapshot *snapshot; /* of the policy in force; one reference */
    unsigned snapshot_count;   /* made so far */
    bool wants_texts;          /* in records, see exchange/record.h; set by the owner */

    struct clock clock;
    struct random random; /* of ids */
    struct deadlines deadlines;
    struct turns turns;        /* what has more to do in the next turn of the loop */
    uv_prepare_t turn_counter; /* runs once in each turn of the loop, and keeps no loop alive */
    uint64_t turn_number;

    /* Client connections. */
    struct list_node connections; /* struct downstream */
    struct list_node idle;        /* those that are idle, by ready.node; the longest is first */
    struct counter idle_due_ms;   /* when the first of them has been idle for too long */
    unsigned connection_count;
    struct slab downstreams;
    struct slab requests; /* struct h1_request; the object sizes of both follow max-head */

    /* Exchanges. */
    struct slab responses;
    size_t region_bytes;  /* of the buffer of a request, and of a response */
    unsigned large_rooms; /* see exchange/relay_room.h */
    struct store_memory store_memory;
    struct splice_pipes pipes; /* of content that is not copied */

    /* Connections to servers. */
    struct list_node pools;        /* struct pool */
    struct list_node private_idle; /* struct upstream_connection, the longest idle first */
    unsigned private_most;         /* connections to servers that belong to one client each */
    /* A connection of a client that is idle itself has ended in the middle of a login (upstream/private.h). */
    void (*on_login_cut)(struct private_owner *owner);
    struct slab upstreams;

    /* Buffers. What is in them is valid until the next event of the loop. */
    char *scratch;       /* CONTEXT_SCRATCH_BYTES: content on its way through */
    struct writer body;  /* of a local answer */
    struct writer out;   /* heads and chunk heads on their way out */
    struct writer extra; /* the gateway's own fields of the head that is being written */
    struct writer tail;  /* what follows a piece of content: CRLF, last chunk, trailers */

    struct counters counters;
    struct deadline trim; /* of memory, after a burst */
    uint64_t log_second;
    unsigned log_lines;
};

/*
 * Makes a context on `loop`: all of it but the snapshot, the slabs and `out`, which depend on the policy. `on_turn`
 * runs once in each turn of the loop, behind context_begin_turn's work. Returns false when memory is short, or the
 * system gives no random bytes; then nothing is left behind.
 */
MUST_CHECK bool context_init(struct context *context, uv_loop_t *loop,
                             const struct context_events *events, void *owner);

/* Starts to count the turns and to keep deadlines; context_close is due from here on. */
void context_start(struct context *context, void (*on_turn)(uv_prepare_t *turn_counter));

/* A turn of the loop begins: to be called first by what context_start was given. */
void context_begin_turn(struct context *context);

/* Closes the loop handles. The loop must run on until it is empty; then context_finish frees the buffers. */
void context_close(struct context *context);
void context_finish(struct context *context);

/* Makes `out` as large as that; it only grows. False: memory is short, and it stays as it was. */
MUST_CHECK bool context_grow_out(struct context *context, size_t bytes);

/* The only way to another phase; a phase that was left does not come again. */
void context_enter_phase(struct context *context, enum context_phase phase);

/* Whether the worker takes no more connections, and ends those that it has. */
static inline bool context_is_ending(const struct context *context)
{
    return context->phase != CONTEXT_SERVES;
}

/* Which turn of the loop this is: another number each time that the loop looks for events. What runs
 * before it looks (`turns`) still sees the number of the turn before. */
static inline uint64_t context_turn(const struct context *context)
{
    return context->turn_number;
}

/* A buffer was given back: after a burst its memory goes on to the system. */
void context_consider_trimming(struct context *context);

/* Brings the clock up to date; called once per turn in which it is needed. */
static inline void context_tick(struct context *context)
{
    clock_set(&context->clock, time(NULL));
}

/* Whether a line about one exchange may go to the error log now: a dead server under load must not
 * turn into a flood that blocks the worker. */
bool context_may_log(struct context *context);

#endif
