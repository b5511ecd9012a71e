/*
 * A writer appends text to a buffer of fixed size that the caller owns. Text that does not fit sets
 * `overflow` and is left out; the caller looks once, at the end, and nothing is ever written past
 * the capacity. 0 <= length <= capacity holds at all times.
 */
#ifndef VERBGATE_BASE_WRITER_H
#define VERBGATE_BASE_WRITER_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

struct writer {
    char *data;
    size_t capacity;
    size_t length;
    bool overflow;
};

static inline struct writer writer_make(char *data, size_t capacity)
{
    return (struct writer){data, capacity, 0, false};
}

/* Appends all of `slice`, or nothing of it when it does not fit (then `overflow` is set). */
static inline void writer_put(struct writer *writer, struct slice slice)
{
    if (UNLIKELY(slice.length > writer->capacity - writer->length)) {
        writer->overflow = true;
        return;
    }
    if (slice.length > 0) {
        memcpy(writer->data + writer->length, slice.data, slice.length);
        writer->length += slice.length;
    }
}

/* Appends a string literal. */
#define writer_literal(writer, literal) writer_put((writer), SLICE(literal))

/* Appends a NUL-terminated string. */
static inline void writer_string(struct writer *writer, const char *string)
{
    writer_put(writer, slice_of(string));
}

static inline void writer_byte(struct writer *writer, char byte)
{
    writer_put(writer, slice_make(&byte, 1));
}

/* Appends `number` in decimal. */
void writer_number(struct writer *writer, uint64_t number);

/* Appends `number` in lower-case hexadecimal, without leading zeros. */
void writer_hex(struct writer *writer, uint64_t number);

/* printf into the writer; what does not fit whole is left out and sets `overflow`. Not for hot
 * paths. */
void writer_format(struct writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text that has been written so far. */
static inline struct slice writer_slice(const struct writer *writer)
{
    return slice_make(writer->data, writer->length);
}

#endif
