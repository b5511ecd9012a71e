#include "verbgate/http/folding.h"

#include "folding_table.h"
#include "verbgate/http/escape.h"

#include <assert.h>

static uint32_t fold(uint32_t code)
{
    size_t low = 0;
    size_t high = sizeof folding_ranges / sizeof folding_ranges[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct folding_range *range = &folding_ranges[middle];
        if (code > range->last) {
            low = middle + 1;
        } else if (code < range->first) {
            high = middle;
        } else {
            bool is_member = (code - range->first) % range->step == 0;
            return is_member ? (uint32_t)((int32_t)code + range->offset) : code;
        }
    }
    return code;
}

static size_t put_escape(char *to, uint32_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    to[0] = '%';
    to[1] = digits[byte >> 4 & 15];
    to[2] = digits[byte & 15];
    return 3;
}

static size_t put_character(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    unsigned width = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint32_t marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = put_escape(to, marks[width] | code >> 6 * (width - 1));
    for (unsigned i = width - 1; i-- > 0;) {
        length += put_escape(to + length, 0x80 | (code >> 6 * i & 0x3f));
    }
    return length;
}

/* A letter of Latin-1 that is no UTF-8: its capitals are 32 below, but for the signs of multiplication and
 * division. */
static int fold_latin(int byte)
{
    return byte >= 0xc0 && byte <= 0xde && byte != 0xd7 ? byte + 0x20 : byte;
}

struct slice folding_without_case(struct slice path, char *buffer)
{
    size_t length = 0;
    for (size_t i = 0; i < path.length;) {
        int byte = escape_byte(path, i);
        struct escaped_character character = escape_character(path, i);
        if (byte < 0) {
            buffer[length++] = ascii_lower(path.data[i]);
            i++;
        } else if (character.escapes > 0) {
            length += put_character(buffer + length, fold(character.code));
            i += (size_t)ESCAPE_BYTES * character.escapes;
        } else {
            length += put_escape(buffer + length, (uint32_t)fold_latin(byte));
            i += ESCAPE_BYTES;
        }
    }
    assert(length <= path.length);
    struct slice folded = slice_make(buffer, length);
    return slice_equal(folded, path) ? path : folded;
}
