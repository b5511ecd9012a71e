/*
 * Watches the policy's files by what they hold, and not by their dates: a volume of a container
 * orchestrator swaps a symbolic link, and dates say nothing then. A change is told once it was seen
 * twice in a row, so that a file that is still being written is not taken for a policy. Control thread.
 */
#ifndef VERBGATE_SERVER_WATCH_H
#define VERBGATE_SERVER_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct watch {
    uv_timer_t timer;
    uv_work_t work;
    const char *path;
    uint32_t interval_ms; /* 0: off */
    uint64_t settled;     /* fingerprint of what was acted on last */
    uint64_t seen;        /* by the look before */
    uint64_t found;       /* by the look that is under way; the thread pool's */
    bool is_looking;
    void (*on_change)(struct watch *watch);
    void *owner;
};

/* `path` must outlive the watch. It is off at first. */
void watch_init(struct watch *watch, uv_loop_t *loop, const char *path,
                void (*on_change)(struct watch *watch), void *owner);

/* A policy with this fingerprint is in force: from here on looks every `interval_ms` (0: never). */
void watch_set(struct watch *watch, uint32_t interval_ms, uint64_t fingerprint);

/* Ends it; the loop must run on until it is empty. */
void watch_close(struct watch *watch);

#endif
