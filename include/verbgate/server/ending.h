/*
 * Sees to it that the process ends when it is told to. A thread of its own hears SIGTERM, SIGINT and SIGQUIT,
 * since the control thread may be inside a look-up of a name or a file that hangs. It tells the control thread, and
 * ends the process itself when the control thread has not done so in time.
 *
 * A second signal within a second is the same wish: a terminal or a supervisor tells the whole group of processes, and
 * a wrapper passes it on. A later one ends the process at once.
 */
#ifndef VERBGATE_SERVER_ENDING_H
#define VERBGATE_SERVER_ENDING_H

#include "verbgate/base/attributes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum {
    ENDING_SIGNAL_COUNT = 3,
    ENDING_SAME_WISH_MS = 1000,
    ENDING_GRACE_MS = 1000, /* beyond the bound: a stop in good order ends by itself in that */
};

struct ending {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_signal_t signals[ENDING_SIGNAL_COUNT];
    uv_timer_t bound;
    uv_async_t told; /* the process ended in good order: the thread ends */
    uint64_t asked_at;
    bool is_asked, is_asked_twice;
    atomic_uint bound_ms;
    /* Both are called on this thread. on_asked: the first signal. leave: ends the process with this status, and does
     * not return; nobody else may. */
    void (*on_asked)(struct ending *ending, int signal_number);
    void (*leave)(struct ending *ending, int status);
};

/* Blocks the three signals for this thread and those that it starts, and no other signal. Before the first thread: when
 * this one has ended, nothing may cut short what is still to be done. */
void ending_block_signals(void);

/* Starts the thread. False: no resources. */
MUST_CHECK bool ending_start(struct ending *ending,
                             void (*on_asked)(struct ending *ending, int signal_number),
                             void (*leave)(struct ending *ending, int status));

/* How long a stop may take, but for the grace. Any thread. */
void ending_set_bound(struct ending *ending, uint32_t bound_ms);

/* The process ends in good order: ends the thread and frees what it had. From here on nothing bounds the end. */
void ending_finish(struct ending *ending);

#endif
