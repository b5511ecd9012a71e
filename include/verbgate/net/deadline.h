/*
 * Deadlines: many, with few different lengths. Each length is a queue in order of arming, so arming
 * and cancelling cost O(1) and one libuv timer serves a whole worker. A deadline is precise to the
 * timer's tick: it expires up to DEADLINE_TICK_MS late, never early.
 *
 * What is due expires only after the loop has looked for events once more. A process that was stopped, or a loop
 * that was held up, finds deadlines that are over and bytes that came in time: the bytes are seen first, and
 * whoever sent them is not told that they came too late. That is better than to ask the socket of each deadline that is due
 * for its bytes: what comes is a connection, an acknowledgement or an end as well, and the other side's bytes may be what
 * moves this one on. What goes on late by no event is not put off for ever: there is one look for each time that
 * something is due, and DEADLINE_LOOKS_MAX bounds its turns.
 *
 * The loop's clock stands still during a turn. When the process is stopped amid one, what is armed in the rest of it
 * would be due at once: the time that such a deadline has is counted from the end of the turn.
 */
#ifndef VERBGATE_NET_DEADLINE_H
#define VERBGATE_NET_DEADLINE_H

#include "verbgate/base/list.h"

#include <stdint.h>
#include <uv.h>

enum {
    DEADLINE_LENGTHS_MAX = 64, /* different lengths in use at the same time */
    DEADLINE_TICK_MS = 10,
    DEADLINE_LOOK_MS = 1,    /* how long the loop may wait for events before what is due expires */
    DEADLINE_LOOKS_MAX = 64, /* turns of the loop in which all events are seen, if there are many */
};

struct deadline {
    struct list_node node; /* in a queue, or alone */
    uint64_t due_ms;       /* on the loop's clock; valid while armed */
    void (*on_expired)(struct deadline *deadline);
};

struct deadline_queue {
    uint32_t length_ms;
    struct list_node armed; /* by due_ms, which is the order of arming */
};

struct deadlines {
    uv_timer_t timer;
    uint64_t timer_due_ms; /* when the timer will fire; UINT64_MAX when it is stopped */
    struct deadline_queue queues[DEADLINE_LENGTHS_MAX];
    unsigned queue_count;
    unsigned looks;      /* for events, since a deadline was due */
    uint64_t looked_ms;  /* when the first of them began: what was due then expires */
    uint64_t turn_ms;    /* when this turn of the loop began; UINT64_MAX: nobody tells */
    uint64_t put_off_ms; /* when the end of a turn last put off what was armed in it */
};

/* One set per loop. Returns 0 or a libuv error. */
int deadlines_init(struct deadlines *deadlines, uv_loop_t *loop);

/* Closes the timer; no deadline may be armed. The memory must live until the loop has run on. */
void deadlines_close(struct deadlines *deadlines);

/* Tells that a turn of the loop begins. An owner that does so does it in each turn. */
static inline void deadlines_begin_turn(struct deadlines *deadlines)
{
    deadlines->turn_ms = uv_now(deadlines->timer.loop);
}

/* Prepares a deadline, not armed. */
void deadline_init(struct deadline *deadline, void (*on_expired)(struct deadline *deadline));

/* (Re)arms: `on_expired` is called once, `length_ms` (1 or more) from the loop's now. With more
 * than DEADLINE_LENGTHS_MAX lengths in use the next longer one that exists is taken. */
void deadline_arm(struct deadlines *deadlines, struct deadline *deadline, uint32_t length_ms);

/* Disarms; does nothing when not armed. */
static inline void deadline_cancel(struct deadline *deadline)
{
    list_remove(&deadline->node);
}

static inline bool deadline_is_armed(const struct deadline *deadline)
{
    return !list_is_empty(&deadline->node);
}

#endif
