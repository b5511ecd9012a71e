/*
 * A slice is a view of bytes that somebody else owns. It is never NUL-terminated by promise, and a
 * zero-length slice may have a NULL pointer.
 */
#ifndef VERBGATE_BASE_SLICE_H
#define VERBGATE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data;
    size_t length;
};

/* A slice of a string literal, its terminating NUL left out. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* The two printf arguments for "%.*s"; what is longer than INT_MAX never gets here (all input is
 * bounded far below it). */
#define SLICE_PRINT(slice) (int)(slice).length, (slice).data

static inline struct slice slice_make(const char *data, size_t length)
{
    return (struct slice){data, length};
}

/* The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_of(const char *string)
{
    return (struct slice){string, string == NULL ? 0 : strlen(string)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* ASCII lower case; bytes outside A-Z are returned as they are. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Whether `length` bytes of both are equal when ASCII case is ignored. */
bool slice_is_same_text(const char *a, const char *b, size_t length);

/* Equal when ASCII case is ignored: field names, hosts, connection options. */
static inline bool slice_equal_ignoring_case(struct slice a, struct slice b)
{
    return a.length == b.length && slice_is_same_text(a.data, b.data, a.length);
}

/* True when `slice` begins with `prefix`, byte for byte. */
static inline bool slice_starts_with(struct slice slice, struct slice prefix)
{
    return slice.length >= prefix.length &&
           (prefix.length == 0 || memcmp(slice.data, prefix.data, prefix.length) == 0);
}

/* What is left of `slice` after its first `count` bytes; count <= slice.length. C has no NULL + 0,
 * so the empty slice goes through untouched. */
static inline struct slice slice_after(struct slice slice, size_t count)
{
    return count == 0 ? slice : (struct slice){slice.data + count, slice.length - count};
}

/* `slice` without SP and HTAB at both ends (OWS, RFC 9110 section 5.6.3). */
struct slice slice_trim(struct slice slice);

/* Offset of the first `byte`, or slice.length when there is none. */
size_t slice_find(struct slice slice, char byte);

/*
 * Reads an unsigned decimal of 1 to 19 digits and nothing else (no sign, no space). Returns false,
 * and leaves *value alone, for anything else and for values above UINT64_MAX.
 */
bool slice_to_number(struct slice slice, uint64_t *value);

/*
 * The Damerau-Levenshtein distance between two short words (both at most 32 bytes), or `limit` + 1
 * as soon as it is sure to be above `limit`. For "did you mean" hints; not for a hot path.
 */
unsigned slice_distance(struct slice a, struct slice b, unsigned limit);

#endif
