#include "verbgate/http/escape.h"

static int hex_value(char c)
{
    char lower = ascii_lower(c);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int escape_byte(struct slice path, size_t at)
{
    if (path.length - at < ESCAPE_BYTES || path.data[at] != '%') {
        return -1;
    }
    int high = hex_value(path.data[at + 1]);
    int low = hex_value(path.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* RFC 3629 section 4. */
struct escaped_character escape_character(struct slice path, size_t at)
{
    struct escaped_character none = {0, 0};
    int lead = escape_byte(path, at);
    unsigned width = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (width == 0) {
        return none;
    }
    uint32_t code = (uint32_t)lead & (0x7fU >> width);
    for (unsigned i = 1; i < width; i++) {
        size_t next = at + (size_t)ESCAPE_BYTES * i;
        int byte = next < path.length ? escape_byte(path, next) : -1;
        if (byte < 0x80 || byte > 0xbf) {
            return none;
        }
        code = code << 6 | ((uint32_t)byte & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    bool is_character = code >= least[width] && code <= 0x10ffff && !is_surrogate;
    return is_character ? (struct escaped_character){code, width} : none;
}

/* Default_Ignorable_Code_Point of Unicode 15 (DerivedCoreProperties.txt), and U+FFF9 to U+FFFB. */
static bool is_ignorable(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0xad, 0xad},       {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f}, {0x200b, 0x200f},   {0x202a, 0x202e},
        {0x2060, 0x206f},   {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && code >= ranges[i].first; i++) {
        if (code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

size_t escape_ignorable_length(struct slice path, size_t at)
{
    struct escaped_character character = escape_character(path, at);
    return is_ignorable(character.code) ? (size_t)ESCAPE_BYTES * character.escapes : 0;
}
