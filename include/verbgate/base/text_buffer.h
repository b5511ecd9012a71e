/* Text that grows on the heap, up to a bound: a sink that keeps what it is given. */
#ifndef VERBGATE_BASE_TEXT_BUFFER_H
#define VERBGATE_BASE_TEXT_BUFFER_H

#include "verbgate/base/sink.h"

struct text_buffer {
    char *data; /* owned */
    size_t length;
    size_t capacity;
    size_t most;
};

/* An empty buffer for at most `most` bytes. Allocates nothing yet. */
void text_buffer_init(struct text_buffer *buffer, size_t most);

void text_buffer_finish(struct text_buffer *buffer);

/* Appends; false, and nothing is appended, when the bound or the memory does not allow it. */
MUST_CHECK bool text_buffer_put(struct text_buffer *buffer, struct slice piece);

/* A sink that appends to `buffer`, which must outlive it. */
struct sink text_buffer_sink(struct text_buffer *buffer);

#endif
