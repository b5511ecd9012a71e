#include "verbgate/base/plain.h"

static const bool plain_bytes[256] = {
    [' '] = true, ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['('] = true,
    [')'] = true, ['*'] = true, ['+'] = true, [','] = true, ['-'] = true, ['.'] = true,
    ['/'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true,
    ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, [':'] = true,
    [';'] = true, ['='] = true, ['?'] = true, ['@'] = true, ['A'] = true, ['B'] = true,
    ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true,
    ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true,
    ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true,
    ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true,
    ['['] = true, [']'] = true, ['^'] = true, ['_'] = true, ['`'] = true, ['a'] = true,
    ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true,
    ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true,
    ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true,
    ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true,
    ['z'] = true, ['{'] = true, ['|'] = true, ['}'] = true, ['~'] = true,
};

static bool is_plain(char c)
{
    return plain_bytes[(unsigned char)c];
}

size_t plain_length(struct slice text)
{
    size_t length = 0;
    /* Four at once, since most texts are plain from end to end. */
    for (const char *at = text.data; text.length - length >= 4; at += 4) {
        if (!(is_plain(at[0]) & is_plain(at[1]) & is_plain(at[2]) & is_plain(at[3]))) {
            break;
        }
        length += 4;
    }
    while (length < text.length && is_plain(text.data[length])) {
        length++;
    }
    return length;
}
