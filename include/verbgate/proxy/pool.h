/*
 * One server as a worker sees it: its address, its idle connections, and whether it failed lately.
 * Pools belong to addresses, not to policies, so connections survive a reload.
 *
 * Few connections are opened at a time: one is opening until its server has sent something on it. A
 * request that finds neither a kept connection nor room to open one waits in line for whichever comes
 * first, and who came first is served first. Without that a burst of requests stands in the server's
 * queue of connections, which overflows, or is emptied one by one beside all else that the server does,
 * while those that have a connection go on asking.
 *
 * How long a server takes is not known. So a tick looks at how many were served since the last one. When
 * who comes now would wait for too long at that pace, what is opening does not count any more, and there is
 * four times as much room: a server that answers at once gets few connections, and one that takes its
 * time gets all that are asked for within a few ticks.
 *
 * A server that is busy with the connections that it has is another matter: more of them do not make it
 * faster, and whose request goes out on one waits for longer than all others. It is known by its first answer
 * on a new connection being late: each other connection could have been used twice in the meantime. Then no
 * more room is made, until a first answer comes in time again. Since an answer may be late for other reasons,
 * such as a long upload, that holds the line for so long only.
 *
 * Behind some responses careless servers send more than they should. Connections with such a one rest until they
 * were silent for a while, and are idle then; meanwhile whoever needs one opens another.
 *
 * Where a server closes its connections there is nothing to wait for, and no line.
 */
#ifndef VERBGATE_PROXY_POOL_H
#define VERBGATE_PROXY_POOL_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/list.h"
#include "verbgate/proxy/proxy.h"

/* After a failed connection a server is passed over for this long, as long as others are left. */
enum { POOL_FAILED_MS = 5000 };

struct upstream;

/* How fast connections are opened. */
struct pool_pace {
    unsigned most; /* opening at the same time, to begin with */
    uint32_t tick_ms;
    uint32_t wait_ms;  /* in line, that is not too long */
    uint32_t still_ms; /* late answers hold the line for so long while nobody is served, */
    uint32_t hold_ms;  /* ... and for so long in any case; then `most` are opened each tick */
};

#define POOL_PACE \
    ((struct pool_pace){.most = 4, .tick_ms = 10, .wait_ms = 100, .still_ms = 30, .hold_ms = 300})

/* Where the room for connections that are opening ends: above what descriptors allow. */
enum { POOL_OPENING_FACTOR = 4, POOL_OPENING_MOST = 1 << 20 };

/* So many uses of each other connection make a first answer late. */
enum { POOL_LATE_TURNS = 2 };

/* What a connection that opens keeps for its pool. */
struct pool_opening {
    uint32_t period; /* in which it counts as opening; 0: it does not any more */
    uint64_t takes;  /* of kept connections, before it was begun */
};

struct pool {
    struct list_node node; /* in proxy->pools */
    struct proxy *proxy;
    struct socket_address address;
    unsigned references;       /* snapshots */
    unsigned connection_count; /* open connections, idle ones too */
    unsigned private_count;    /* of them, those that belong to one client */
    unsigned idle_count;
    unsigned resting_count;
    struct list_node idle;    /* struct upstream, last used first */
    struct list_node resting; /* struct upstream, the longest resting first */
    uint64_t failed_until_ms;

    struct pool_pace pace;
    struct list_node waiting; /* struct exchange, by line_node: who came first stands first */
    unsigned waiting_count;
    struct deadline tick;  /* armed while somebody waits */
    bool closes;           /* the server has closed the last connection after its first response */
    bool is_late;          /* the last first answer was */
    unsigned opening;      /* connections that count as opening */
    unsigned opening_most; /* the room for them now: pace.most and up */
    uint32_t opening_period; /* of those that count */
    uint64_t takes;          /* how often a kept connection was used again */
    uint64_t tick_takes;     /* how often before the tick was armed, */
    uint64_t tick_since_ms;  /* ... and when that was */
    uint64_t still_ms;       /* for so long nobody was served */
    uint64_t held_ms;        /* for so long late answers have held the line */
    uint64_t begun_takes;    /* how often before the last one began to open */
};

/* The pool of an address, made when there is none, with one more reference; NULL: no memory. */
MUST_CHECK struct pool *pool_reference(struct proxy *proxy, const struct socket_address *address);

/* One reference less. Without references the idle connections are closed, and the pool goes when
 * its last connection does. */
void pool_release(struct pool *pool);

/* The most recently used idle connection, no longer idle; NULL when there is none. */
struct upstream *pool_take(struct pool *pool);

/* Keeps a connection for later, for `idle_timeout_ms`, or closes it when `max_idle` are kept. Resting ones count,
 * and give way. */
void pool_put(struct pool *pool, struct upstream *upstream, unsigned max_idle,
              uint32_t idle_timeout_ms);

/* The same of one that nobody gets before it was silent for `rest_ms`; the caller puts it then. */
void pool_rest(struct pool *pool, struct upstream *upstream, unsigned max_idle, uint32_t rest_ms);

/* An idle or resting connection is neither any more. */
void pool_forget(struct pool *pool, struct upstream *upstream);

/* Whether another connection may be opened now. */
bool pool_may_open(const struct pool *pool);

/* A connection is being opened: one of the next two is to be called with what this returns. */
MUST_CHECK struct pool_opening pool_begin_opening(struct pool *pool);

/* The server has sent something on a connection that is opening. */
void pool_answered(struct pool *pool, struct pool_opening *opening);

/* A connection does not open any more; nothing happens where it did not. */
void pool_end_opening(struct pool *pool, struct pool_opening *opening);

/* A response is through; `is_kept`: both sides keep the connection. What a server does after many responses on
 * one says nothing about the next one. */
static inline void pool_note_end(struct pool *pool, bool is_kept, bool is_reused)
{
    pool->closes = !is_kept && (!is_reused || pool->closes);
}

static inline bool pool_has_line(const struct pool *pool)
{
    return !list_is_empty(&pool->waiting);
}

/* Puts an exchange at the end of the line, by its node, and takes one out. */
void pool_wait(struct pool *pool, struct list_node *line_node);
void pool_leave(struct pool *pool, struct list_node *line_node);

void pool_mark_failed(struct pool *pool);
bool pool_is_failed(const struct pool *pool);

/* Counting of open connections; the last one frees a pool without references. */
void pool_connection_opened(struct pool *pool);
void pool_connection_closed(struct pool *pool);

/* Closes the idle connections of a pool, resting and private ones too. */
void pool_close_idle(struct pool *pool);

/* Closes the longest idle and the longest resting connection of each pool, and the longest idle private one, for want of descriptors; false: there
 * was none. */
bool pool_shed_idle(struct proxy *proxy);

#endif
