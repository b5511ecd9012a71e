/* Writes the record of the traffic now and then, on libuv's thread pool: a slow disk keeps the control
 * thread from nothing. */
#ifndef VERBGATE_TELEMETRY_OBSERVE_WRITER_H
#define VERBGATE_TELEMETRY_OBSERVE_WRITER_H

#include "verbgate/telemetry/observe.h"

#include <uv.h>

struct observe_writer {
    struct observe *observe; /* not owned */
    uv_loop_t *loop;
    uv_timer_t timer; /* runs while something is observed */
    uv_work_t work;
    bool is_writing;
};

void observe_writer_init(struct observe_writer *writer, uv_loop_t *loop);

/* observe_open, and the timer with it. */
MUST_CHECK bool observe_writer_open(struct observe_writer *writer, const struct policy *policy,
                                    char problem[LEARN_PROBLEM_MAX]);

/* Begins a write, if none is under way. */
void observe_writer_write(struct observe_writer *writer);

/* Another process goes on with the record: this one writes it no more. */
void observe_writer_abandon(struct observe_writer *writer);

/* Ends the timer; the loop runs on until a write that is under way has ended. */
void observe_writer_close(struct observe_writer *writer);

#endif
