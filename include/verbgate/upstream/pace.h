/*
 * How fast connections to one server are opened: arithmetic on numbers, without a loop or a connection.
 *
 * Few connections are opened at a time: one is opening until its server has sent something on it. A request that finds
 * neither a kept connection nor room to open one waits in the pool's queue. Without that a burst of requests stands in
 * the server's own queue of connections, which overflows, or is emptied one by one beside all else that the server does,
 * while those that have a connection go on asking.
 *
 * How long a server takes is not known. So a tick looks at how many requests were served since the last one. When a
 * request that comes now would wait for too long at that pace, what is opening does not count any more, and there is
 * four times as much room: a server that answers at once gets few connections, and one that takes its time gets all that
 * are asked for within a few ticks.
 *
 * A busy server is another case: more connections do not make it faster, and the request that opens one waits longest.
 * The sign is a late first answer on a new connection: each other connection could have been used twice in the meantime.
 * Then no room is added until a first answer comes in time. An answer may be late for other reasons, such as a long
 * upload, so late answers hold the queue for a bounded time only.
 *
 * Where a server closes its connections there is nothing to wait for, and no queue.
 */
#ifndef VERBGATE_UPSTREAM_PACE_H
#define VERBGATE_UPSTREAM_PACE_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct pace_limits {
    unsigned most;     /* connections that open at the same time, to begin with */
    uint32_t tick_ms;  /* between two looks at the queue */
    uint32_t wait_ms;  /* longest acceptable wait in the queue */
    uint32_t still_ms; /* late answers hold the queue at most this long while nobody is served */
    uint32_t hold_ms;  /* ... and this long in any case; then `most` are opened each tick */
};

#define PACE_LIMITS \
    ((struct pace_limits){.most = 4, .tick_ms = 10, .wait_ms = 100, .still_ms = 30, .hold_ms = 300})

/* Where the room for connections that are opening ends: above what descriptors allow. */
enum { PACE_FACTOR = 4, PACE_ROOM_MOST = 1 << 20 };

/* This many uses of each other connection make a first answer late. */
enum { PACE_LATE_TURNS = 2 };

/* What a connection that opens keeps for its pace. */
struct pace_opening {
    uint32_t period; /* in which it counts as opening; 0: it does not any more */
    uint64_t takes;  /* of kept connections, before it was begun */
};

struct pace {
    struct pace_limits limits;
    bool closes;          /* the server has closed the last connection after its first response */
    bool is_late;         /* the last first answer was */
    unsigned opening;     /* connections that count as opening */
    unsigned room;        /* for them now: limits.most and up */
    uint32_t period;      /* of those that count */
    uint64_t takes;       /* how often a kept connection was used again */
    uint64_t tick_takes;  /* how often before the tick was armed, */
    uint64_t tick_ms;     /* ... and when that was */
    uint64_t still_ms;    /* for this long nobody was served */
    uint64_t held_ms;     /* for this long late answers have held the queue */
    uint64_t begun_takes; /* how often before the last connection began to open */
};

/* In what follows `others` are the connections of the server that could serve somebody: neither resting nor private,
 * those that are opening included. `now_ms` is any clock that does not go back. */

void pace_init(struct pace *pace);

/* Whether another connection may be opened now. */
static inline bool pace_may_open(const struct pace *pace)
{
    return pace->opening < pace->room || pace->closes;
}

/* A connection begins to open: one of the next two is to be called with what this returns. */
MUST_CHECK struct pace_opening pace_begin(struct pace *pace);

/* The server has sent something on a connection that was opening. */
void pace_answered(struct pace *pace, struct pace_opening *opening, uint64_t others);

/* A connection does not open any more; nothing happens where it did not. */
void pace_end(struct pace *pace, struct pace_opening *opening);

/* A response is through; `is_kept`: both sides keep the connection. What a server does after many responses on
 * one connection says nothing about the next one. */
static inline void pace_note_end(struct pace *pace, bool is_kept, bool is_reused)
{
    pace->closes = !is_kept && (!is_reused || pace->closes);
}

/* A queue begins, and ends. */
void pace_begin_queue(struct pace *pace, uint64_t now_ms);
void pace_end_queue(struct pace *pace);

/* A tick is over while `waiting` requests are in the queue: makes more room where that helps. */
void pace_judge(struct pace *pace, unsigned waiting, uint64_t others, uint64_t now_ms);

#endif
