#include "verbgate/http/folding.h"

#include "folding_table.h"

#include <assert.h>

static int hex_value(char c)
{
    char lower = ascii_lower(c);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The byte that the escape at `at` stands for, or -1 when there is none. */
static int escaped_byte(struct slice path, size_t at)
{
    if (path.length - at < 3 || path.data[at] != '%') {
        return -1;
    }
    int high = hex_value(path.data[at + 1]);
    int low = hex_value(path.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* One character, written as escapes. `width` is how many escapes there are; 0: they are no UTF-8. */
struct character {
    uint32_t code;
    unsigned width;
};

/* RFC 3629 section 4. Overlong forms are refused before (http/target.h), and folded bytewise here. */
static struct character character_at(struct slice path, size_t at)
{
    struct character none = {0, 0};
    int lead = escaped_byte(path, at);
    unsigned width = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (width == 0) {
        return none;
    }
    uint32_t code = (uint32_t)lead & (0x7fU >> width);
    for (unsigned i = 1; i < width; i++) {
        size_t next = at + (size_t)3 * i;
        int byte = next < path.length ? escaped_byte(path, next) : -1;
        if (byte < 0x80 || byte > 0xbf) {
            return none;
        }
        code = code << 6 | ((uint32_t)byte & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return code < least[width] ? none : (struct character){code, width};
}

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
        int byte = escaped_byte(path, i);
        struct character character = byte < 0x80 ? (struct character){0, 0} : character_at(path, i);
        if (byte < 0) {
            buffer[length++] = ascii_lower(path.data[i]);
            i++;
        } else if (character.width > 0) {
            length += put_character(buffer + length, fold(character.code));
            i += (size_t)3 * character.width;
        } else {
            length += put_escape(buffer + length, (uint32_t)fold_latin(byte));
            i += 3;
        }
    }
    assert(length <= path.length);
    struct slice folded = slice_make(buffer, length);
    return slice_equal(folded, path) ? path : folded;
}
