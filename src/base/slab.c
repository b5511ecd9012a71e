#include "verbgate/base/slab.h"

#include <assert.h>
#include <stdlib.h>

struct slab_spare {
    struct slab_spare *next;
};

void slab_init(struct slab *slab, size_t object_bytes, size_t max_out, size_t keep)
{
    assert(object_bytes >= sizeof(struct slab_spare));
    *slab = (struct slab){.object_bytes = object_bytes, .max_out = max_out, .keep = keep};
}

static void free_spares(struct slab *slab)
{
    while (slab->spares != NULL) {
        struct slab_spare *next = slab->spares->next;
        free(slab->spares);
        slab->spares = next;
    }
    slab->spare_count = 0;
}

void slab_finish(struct slab *slab)
{
    assert(slab->out_count == 0);
    free_spares(slab);
}

void slab_resize(struct slab *slab, size_t object_bytes)
{
    assert(object_bytes >= sizeof(struct slab_spare));
    free_spares(slab);
    slab->object_bytes = object_bytes;
}

void *slab_take(struct slab *slab)
{
    if (slab->out_count >= slab->max_out) {
        return NULL;
    }
    struct slab_spare *object = slab->spares;
    if (object != NULL) {
        slab->spares = object->next;
        slab->spare_count--;
    } else {
        object = malloc(slab->object_bytes);
        if (object == NULL) {
            return NULL;
        }
    }
    slab->out_count++;
    return object;
}

void slab_give(struct slab *slab, void *object)
{
    if (object == NULL) {
        return;
    }
    assert(slab->out_count > 0);
    if (slab->spare_count >= slab->keep) {
        slab_discard(slab, object);
        return;
    }
    slab->out_count--;
    struct slab_spare *spare = object;
    spare->next = slab->spares;
    slab->spares = spare;
    slab->spare_count++;
}

void slab_discard(struct slab *slab, void *object)
{
    assert(slab->out_count > 0);
    slab->out_count--;
    slab->freed++;
    free(object);
}
