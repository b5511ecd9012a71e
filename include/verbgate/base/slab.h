/*
 * A slab keeps objects of one size ready for reuse, so that the common path never calls malloc. It
 * has a cap on the objects that may be out at once and keeps at most `keep` spare ones, so memory
 * goes back after a burst. One thread; objects are handed out as they were left, not zeroed.
 */
#ifndef VERBGATE_BASE_SLAB_H
#define VERBGATE_BASE_SLAB_H

#include "verbgate/base/attributes.h"

#include <stddef.h>

struct slab_spare;

struct slab {
    struct slab_spare *spares; /* owned; chained through their first bytes */
    size_t object_bytes;
    size_t spare_count;
    size_t out_count; /* out_count <= max_out */
    size_t max_out;
    size_t keep;
    size_t freed; /* objects that went back to malloc; its reader may set it to 0 */
};

/* Objects of `object_bytes` (at least one pointer), at most `max_out` at once, `keep` spares. */
void slab_init(struct slab *slab, size_t object_bytes, size_t max_out, size_t keep);

/* Frees the spares. All objects must have come back (asserted). */
void slab_finish(struct slab *slab);

/* An object with undefined content, or NULL when the cap or the system's memory is reached. */
MUST_CHECK void *slab_take(struct slab *slab);

/* Gives an object back; NULL is allowed and does nothing. */
void slab_give(struct slab *slab, void *object);

/* Frees an object instead of keeping it as a spare: for one that was made before slab_resize. */
void slab_discard(struct slab *slab, void *object);

/* Changes the size of objects made from here on; spares are freed. */
void slab_resize(struct slab *slab, size_t object_bytes);

#endif
