/*
 * What a library makes late, and ends the process for when it cannot: made here, before the process says that it is
 * ready. A start that fails says why; a process that is ready stays, and answers 503 when memory is short.
 *
 * libuv makes its thread pool at the first use of it, and aborts without threads (a limit of processes, or of memory).
 * A loop's table of descriptors grows when a higher one comes, and aborts without memory. The pipe for signals is made
 * with the first loop, and aborts without descriptors.
 */
#ifndef VERBGATE_NET_RESERVE_H
#define VERBGATE_NET_RESERVE_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>
#include <uv.h>

enum {
    RESERVE_DESCRIPTORS_LEAST = 32,
    RESERVE_TABLES_BYTES =
        64 * 1024 * 1024, /* of the tables of all loops: libuv writes to all of it */
};

/* Whether that many descriptors can be opened: to be asked before the first loop is made. */
MUST_CHECK bool reserve_has_descriptors(void);

/* How many descriptors, of the `count` that the process may have, the table of each of `loops` >= 1 loops is made for. Each
 * loop may see the highest number. With a million of them and hundreds of loops the tables would have gigabytes, so
 * RESERVE_TABLES_BYTES bounds them; they grow late then. */
unsigned reserve_share(unsigned count, unsigned loops);

/* Gives the loop a table for descriptors below `count` >= 1, as far as RLIMIT_NOFILE allows such numbers; no other thread
 * runs it yet. False: no memory, or no descriptor. */
MUST_CHECK bool reserve_watchers(uv_loop_t *loop, unsigned count);

/* Makes libuv's thread pool. Where a thread cannot be made libuv aborts, and `on_failed` is called to say why; the process
 * ends after that, with status 1. Returns 0 or a libuv error. */
MUST_CHECK int reserve_threads(void (*on_failed)(void));

/* How many threads the pool has. */
unsigned reserve_thread_count(void);

#endif
