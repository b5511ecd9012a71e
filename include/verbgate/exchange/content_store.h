/*
 * Content that is kept whole until its recipient takes it: in memory while it is small, then in a
 * temporary file without a name. Only flows that are buffered have a store, so it comes from malloc at need.
 *
 * Files are read and written by the worker itself, a piece at a time: what was just written is in the
 * kernel's page cache, and a file that needs a slow disk has outgrown what should be buffered.
 */
#ifndef VERBGATE_EXCHANGE_CONTENT_STORE_H
#define VERBGATE_EXCHANGE_CONTENT_STORE_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/context/context.h"

struct content_store {
    struct store_memory *memory; /* not owned */
    const char *directory;       /* not owned */
    uint64_t memory_max;         /* of this one */
    char *data;                  /* NULL once the content is in a file */
    size_t capacity;
    int file; /* -1: none */
    uint64_t length;
    uint64_t sent; /* <= length: where content_store_next goes on */
};

/* An empty store, or NULL: out of memory. `directory` must outlive it. */
MUST_CHECK struct content_store *content_store_create(struct store_memory *memory,
                                                      uint64_t memory_max, const char *directory);

/* Gives everything back. NULL is fine. */
void content_store_free(struct content_store *store);

/* Adds content. Returns 0, or the errno value of what could not be done: no room, no descriptor, no
 * directory. The store can then only be freed. */
MUST_CHECK int content_store_append(struct content_store *store, struct slice content);

/* The next piece to send, of at most `room` bytes, which may lie in `scratch`; it counts as sent. Empty
 * when there is no more. Returns 0 or an errno value. */
MUST_CHECK int content_store_next(struct content_store *store, char *scratch, size_t room,
                                  struct slice *piece);

static inline bool content_store_is_sent(const struct content_store *store)
{
    return store->sent == store->length;
}

/* Sends from the start again. */
static inline void content_store_rewind(struct content_store *store)
{
    store->sent = 0;
}

#endif
