/*
 * An arena hands out memory that is freed all at once. It grows in blocks up to the maximum it was
 * made with, so that a file cannot make it grow without bound. One thread at a time.
 */
#ifndef VERBGATE_BASE_ARENA_H
#define VERBGATE_BASE_ARENA_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first; owned */
    size_t used_bytes;          /* given out so far, padding included */
    size_t max_bytes;
};

/* An empty arena that gives out at most `max_bytes`. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t max_bytes);

/* Frees everything that was given out. The arena may be used again. */
void arena_finish(struct arena *arena);

/* `bytes` of zeroed memory, aligned for any type, or NULL when the maximum or the system's memory
 * is reached. `bytes` may be 0. */
MUST_CHECK void *arena_take(struct arena *arena, size_t bytes);

/* A zeroed array of `count` elements, with the multiplication checked. */
MUST_CHECK void *arena_take_array(struct arena *arena, size_t count, size_t element_bytes);

/* A copy of `slice` with a NUL behind it (the NUL is not counted in the length). On failure
 * .data is NULL. */
MUST_CHECK struct slice arena_copy(struct arena *arena, struct slice slice);

#endif
