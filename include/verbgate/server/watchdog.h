/*
 * The watchdog: tells the service manager twice in each WATCHDOG_USEC that the process is alive, as long as the control
 * loop and the loop of each worker turn. A thread of its own asks them; a loop answers in its next turn. A loop that has
 * not answered by the next time is named in the log, and no sign of life is given until it has: the service manager ends
 * the process then, and the log has said why.
 */
#ifndef VERBGATE_SERVER_WATCHDOG_H
#define VERBGATE_SERVER_WATCHDOG_H

#include "verbgate/base/attributes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* One loop that is asked. */
struct pulse {
    atomic_bool is_asked;  /* and has not answered yet */
    atomic_bool has_ended; /* nothing is expected of it any more */
    uint64_t asked_at_ns;  /* the watchdog's own, as the following */
    bool was_missed;
};

/* The loop's answer. Its own thread, in each turn that a question may have begun; one load when nobody asked. */
static inline void pulse_answer(struct pulse *pulse)
{
    if (atomic_load_explicit(&pulse->is_asked, memory_order_relaxed)) {
        atomic_store(&pulse->is_asked, false);
    }
}

struct watchdog_events {
    /* Wakes the loop with this index, which then calls pulse_answer. The watchdog's thread. */
    void (*wake)(void *owner, unsigned index);
    void (*alive)(void *owner); /* every loop turns */
};

struct watchdog {
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t told; /* to end */
    uint64_t interval_ns;
    struct pulse **pulses; /* the control loop's first, then the workers'; not owned */
    unsigned count;
    const struct watchdog_events *events;
    void *owner;
    bool is_ending;  /* under the lock */
    bool is_running; /* the thread was started */
};

/* Starts the thread for a service manager that wants a sign of life each `usec`; 0: it wants none, nothing is started.
 * `pulses` has `count` entries and outlives the watchdog. False: no resources. */
MUST_CHECK bool watchdog_start(struct watchdog *watchdog, uint64_t usec, struct pulse **pulses,
                               unsigned count, const struct watchdog_events *events, void *owner);

/* Ends the thread, if there is one. No loop is woken from then on. */
void watchdog_stop(struct watchdog *watchdog);

#endif
