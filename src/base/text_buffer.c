#include "verbgate/base/text_buffer.h"

#include <stdlib.h>

enum { FIRST_BYTES = 4096 };

void text_buffer_init(struct text_buffer *buffer, size_t most)
{
    *buffer = (struct text_buffer){.most = most};
}

void text_buffer_finish(struct text_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct text_buffer){.most = buffer->most};
}

/* Doubles until there is room, so that every byte is copied a bounded number of times. */
static bool grow(struct text_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity == 0 ? FIRST_BYTES : buffer->capacity;
    while (capacity < needed) {
        capacity = capacity > buffer->most / 2 ? buffer->most : capacity * 2;
    }
    char *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool text_buffer_put(struct text_buffer *buffer, struct slice piece)
{
    if (piece.length > buffer->most - buffer->length) {
        return false;
    }
    size_t needed = buffer->length + piece.length;
    if (needed > buffer->capacity && !grow(buffer, needed)) {
        return false;
    }
    if (piece.length > 0) {
        memcpy(buffer->data + buffer->length, piece.data, piece.length);
        buffer->length = needed;
    }
    return true;
}

static bool put(void *context, struct slice piece)
{
    return text_buffer_put(context, piece);
}

struct sink text_buffer_sink(struct text_buffer *buffer)
{
    return (struct sink){put, buffer};
}
