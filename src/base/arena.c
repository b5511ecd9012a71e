#include "verbgate/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t capacity;
    alignas(max_align_t) char bytes[];
};

enum { BLOCK_BYTES = 16 * 1024 };

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max_bytes = max_bytes};
}

void arena_finish(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena->blocks = NULL;
    arena->used_bytes = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t bytes)
{
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (block == NULL) {
        return NULL;
    }
    block->capacity = capacity;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    const size_t alignment = alignof(max_align_t);
    /* No object is larger than PTRDIFF_MAX; the sums below cannot overflow then. */
    const size_t most = PTRDIFF_MAX - sizeof(struct arena_block) - alignment;
    if (bytes > most) {
        return NULL;
    }
    size_t padded = (bytes + alignment - 1) & ~(alignment - 1);
    if (padded > arena->max_bytes - arena->used_bytes) {
        return NULL;
    }
    struct arena_block *block = arena->blocks;
    if (block == NULL || padded > block->capacity - block->used) {
        block = add_block(arena, padded);
        if (block == NULL) {
            return NULL;
        }
    }
    void *memory = block->bytes + block->used;
    block->used += padded;
    arena->used_bytes += padded;
    return memory;
}

void *arena_take_array(struct arena *arena, size_t count, size_t element_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, element_bytes, &bytes)) {
        return NULL;
    }
    return arena_take(arena, bytes);
}

struct slice arena_copy(struct arena *arena, struct slice slice)
{
    char *copy = arena_take(arena, slice.length + 1);
    if (copy == NULL) {
        return (struct slice){NULL, 0};
    }
    if (slice.length > 0) {
        memcpy(copy, slice.data, slice.length);
    }
    return slice_make(copy, slice.length);
}
