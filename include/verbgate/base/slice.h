/*
 * A slice is a view of bytes that somebody else owns. It is never NUL-terminated by promise, and a
 * zero-length slice may have a NULL pointer.
 */
#ifndef VERBGATE_BASE_SLICE_H
#define VERBGATE_BASE_SLICE_H

#include "verbgate/base/attributes.h"

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

/* Eight bytes, and four, as a number: of use only to be compared with others of their kind. */
static inline uint64_t slice_word(const char *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

static inline uint64_t slice_half_word(const char *data)
{
    uint32_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* Case is bit 0x20 of a letter, and of the bytes that `lower` may have (see slice_is_word) letters alone
 * have bit 0x40: where that is set, and only there, `text` may lack the other. */
static inline bool slice_is_any_case_of(uint64_t text, uint64_t lower)
{
    return (text | (lower & UINT64_C(0x4040404040404040)) >> 1) == lower;
}

/* Whether `length` bytes are those of `lower`, ASCII case ignored; see slice_is_word. */
static inline bool slice_is_word_text(const char *text, const char *lower, size_t length)
{
    /* The last words overlap others where the length is no multiple of theirs. */
    if (length >= sizeof(uint64_t)) {
        const size_t last = length - sizeof(uint64_t);
        for (size_t at = 0; at < last; at += sizeof(uint64_t)) {
            if (!slice_is_any_case_of(slice_word(text + at), slice_word(lower + at))) {
                return false;
            }
        }
        return slice_is_any_case_of(slice_word(text + last), slice_word(lower + last));
    }
    if (length >= sizeof(uint32_t)) {
        const size_t last = length - sizeof(uint32_t);
        return slice_is_any_case_of(slice_half_word(text), slice_half_word(lower)) &&
               slice_is_any_case_of(slice_half_word(text + last), slice_half_word(lower + last));
    }
    for (size_t at = 0; at < length; at++) {
        if (ascii_lower(text[at]) != lower[at]) {
            return false;
        }
    }
    return true;
}

/*
 * Whether `slice` is `word`, ASCII case ignored, where `word` is known to be of a-z, digits and '-'
 * alone: faster than slice_equal_ignoring_case. Any bytes may be in `slice`.
 */
static inline bool slice_is_word(struct slice slice, struct slice word)
{
    return slice.length == word.length && slice_is_word_text(slice.data, word.data, word.length);
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

/* What slice_trim does where there may be something to remove. */
RARE struct slice slice_without_blanks(struct slice slice);

/* `slice` without SP and HTAB at both ends (OWS, RFC 9110 section 5.6.3). Nearly all that is asked for
 * has none, which two looks tell: neither is above SP. */
static inline struct slice slice_trim(struct slice slice)
{
    bool is_trimmed =
        slice.length == 0 || (slice.data[0] > ' ' && slice.data[slice.length - 1] > ' ');
    return is_trimmed ? slice : slice_without_blanks(slice);
}

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
