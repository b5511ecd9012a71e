#include "verbgate/base/slice.h"

/* One byte of a word, eight times. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes at once: this runs for each field of each message. Case is bit 0x20 of a letter, so two
 * bytes that are equal but for it are the same letter when one of them, with the bit, is one. Bytes
 * above 127 are no letters, and adding to the low seven bits of each byte never carries into the next. */
static bool is_same_word(const char *a, const char *b)
{
    uint64_t x;
    uint64_t y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    uint64_t difference = x ^ y;
    if (difference == 0) {
        return true;
    }
    uint64_t lower = x | EACH(0x20);
    uint64_t low = lower & EACH(0x7f);
    uint64_t is_letter = (low + EACH(0x80 - 'a')) & ~(low + EACH(0x7f - 'z')) & ~lower & EACH(0x80);
    return (difference & ~EACH(0x20)) == 0 && (difference << 2 & ~is_letter) == 0;
}

bool slice_is_same_text(const char *a, const char *b, size_t length)
{
    if (length >= sizeof(uint64_t)) {
        size_t last = length - sizeof(uint64_t);
        for (size_t i = 0; i < last; i += sizeof(uint64_t)) {
            if (!is_same_word(a + i, b + i)) {
                return false;
            }
        }
        return is_same_word(a + last, b + last);
    }
    for (size_t i = 0; i < length; i++) {
        /* Most bytes are the same already. */
        if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) {
            return false;
        }
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_without_blanks(struct slice slice)
{
    while (slice.length > 0 && is_blank(slice.data[0])) {
        slice = slice_after(slice, 1);
    }
    while (slice.length > 0 && is_blank(slice.data[slice.length - 1])) {
        slice.length--;
    }
    return slice;
}

size_t slice_find(struct slice slice, char byte)
{
    if (slice.length == 0) {
        return 0;
    }
    const char *found = memchr(slice.data, byte, slice.length);
    return found == NULL ? slice.length : (size_t)(found - slice.data);
}

bool slice_to_number(struct slice slice, uint64_t *value)
{
    /* 19 digits always fit: 10^19 - 1 < 2^64. */
    if (slice.length == 0 || slice.length > 19) {
        return false;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < slice.length; i++) {
        if (slice.data[i] < '0' || slice.data[i] > '9') {
            return false;
        }
        sum = sum * 10 + (uint64_t)(slice.data[i] - '0');
    }
    *value = sum;
    return true;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

unsigned slice_distance(struct slice a, struct slice b, unsigned limit)
{
    enum { WORD_MAX = 32 };
    if (a.length > WORD_MAX || b.length > WORD_MAX) {
        return limit + 1;
    }
    /* Three rows of the usual table: the one before last is for swapped neighbours. */
    unsigned rows[3][WORD_MAX + 1];
    for (unsigned j = 0; j <= b.length; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= a.length; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        unsigned best = row[0] = i;
        for (unsigned j = 1; j <= b.length; j++) {
            unsigned cost = a.data[i - 1] == b.data[j - 1] ? 0 : 1;
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1]) {
                unsigned swapped = rows[(i - 2) % 3][j - 2] + 1;
                row[j] = swapped < row[j] ? swapped : row[j];
            }
            best = row[j] < best ? row[j] : best;
        }
        if (best > limit) {
            return limit + 1;
        }
    }
    unsigned distance = rows[a.length % 3][b.length];
    return distance > limit ? limit + 1 : distance;
}
