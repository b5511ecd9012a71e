/*
 * What a library makes late, and ends the process for when it cannot: made here, before the process says that it is
 * ready. A start that fails says why; a process that is ready stays, and answers 503 when memory is short.
 *
 * libuv makes its thread pool at the first use of it, and aborts without threads (a limit of processes, or of memory).
 * A loop's table of descriptors grows when a higher one comes, and aborts without memory. The pipe for signals is made
 * with the first loop, and aborts without descriptors.
 */
#ifndef VERBGATE_SERVER_RESERVE_H
#define VERBGATE_SERVER_RESERVE_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>
#include <uv.h>

enum { RESERVE_DESCRIPTORS_LEAST = 32 };

/* Whether that many descriptors can be opened: to be asked before the first loop is made. */
MUST_CHECK bool reserve_has_descriptors(void);

/* Gives the loop a table for descriptors below `count`; no other thread runs it yet. False: no memory. */
MUST_CHECK bool reserve_watchers(uv_loop_t *loop, unsigned count);

/* Makes libuv's thread pool. Returns 0, or the libuv error of the thread that cannot be made. */
MUST_CHECK int reserve_threads(void);

#endif
