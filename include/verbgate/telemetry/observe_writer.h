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
    bool must_write_again; /* a write was asked for while one was under way */
};

void observe_writer_init(struct observe_writer *writer, uv_loop_t *loop);

/* observe_commit, and the timer with it. The loop's thread. */
void observe_writer_commit(struct observe_writer *writer, const struct policy *policy);

/* Begins a write, or has one follow that which is under way. */
void observe_writer_write(struct observe_writer *writer);

/* Another process goes on with the record: this one writes it no more. */
void observe_writer_abandon(struct observe_writer *writer);

/* Ends the timer; the loop runs on until a write that is under way has ended. */
void observe_writer_close(struct observe_writer *writer);

#endif
