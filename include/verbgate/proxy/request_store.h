/*
 * The content of one request, kept whole until a server takes it: in memory while it is small, then in a
 * temporary file without a name. Only exchanges that buffer have one, so it comes from malloc at need.
 *
 * Files are read and written by the worker itself, a piece at a time: what was just written is in the
 * kernel's page cache, and a file that needs a slow disk has outgrown what should be buffered.
 */
#ifndef VERBGATE_PROXY_REQUEST_STORE_H
#define VERBGATE_PROXY_REQUEST_STORE_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

/* What the stores of one worker share. Beyond `most`, content goes to files at once. */
struct request_store_memory {
    size_t used;
    size_t most;
};

struct request_store {
    struct request_store_memory *memory; /* not owned */
    const char *directory;               /* not owned */
    uint64_t memory_max;                 /* of this one */
    char *data;                          /* NULL once the content is in a file */
    size_t capacity;
    int file; /* -1: none */
    uint64_t length;
    uint64_t sent; /* <= length: where request_store_next goes on */
};

/* An empty store, or NULL: out of memory. `directory` must outlive it. */
MUST_CHECK struct request_store *request_store_create(struct request_store_memory *memory,
                                                      uint64_t memory_max, const char *directory);

/* Gives everything back. NULL is fine. */
void request_store_free(struct request_store *store);

/* Adds content. Returns 0, or the errno value of what could not be done: no room, no descriptor, no
 * directory. The store can then only be freed. */
MUST_CHECK int request_store_append(struct request_store *store, struct slice content);

/* The next piece to send, of at most `room` bytes, which may lie in `scratch`; it counts as sent. Empty
 * when there is no more. Returns 0 or an errno value. */
MUST_CHECK int request_store_next(struct request_store *store, char *scratch, size_t room,
                                  struct slice *piece);

static inline bool request_store_is_sent(const struct request_store *store)
{
    return store->sent == store->length;
}

/* Sends from the start again. */
static inline void request_store_rewind(struct request_store *store)
{
    store->sent = 0;
}

#endif
