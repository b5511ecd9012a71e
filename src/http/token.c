#include "verbgate/http/token.h"

/* RFC 9110 section 5.6.2. */
const bool token_characters[256] = {
    ['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
    ['`'] = true, ['|'] = true, ['~'] = true, ['0'] = true, ['1'] = true, ['2'] = true,
    ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,
    ['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,
    ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true,
    ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true,
    ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true,
    ['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,
    ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true,
    ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true,
    ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true,
    ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

bool token_is_valid(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!token_is_character(text.data[i])) {
            return false;
        }
    }
    return text.length > 0;
}

/* The offset of the comma that ends the first element, or the list's length. A quoted string is
 * passed over whole (RFC 9110 section 5.6.4); one that never ends takes the rest of the list. */
static size_t element_end(struct slice list)
{
    bool is_quoted = false;
    for (size_t i = 0; i < list.length; i++) {
        char c = list.data[i];
        if (is_quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (c == ',' && !is_quoted) {
            return i;
        }
    }
    return list.length;
}

bool token_list_next(struct slice *rest, struct slice *element)
{
    while (rest->length > 0) {
        size_t end = element_end(*rest);
        struct slice found = slice_trim(slice_make(rest->data, end));
        *rest = slice_after(*rest, end < rest->length ? end + 1 : end);
        if (found.length > 0) {
            *element = found;
            return true;
        }
    }
    return false;
}

bool token_list_has(struct slice list, struct slice word)
{
    struct slice element;
    while (token_list_next(&list, &element)) {
        if (slice_equal_ignoring_case(element, word)) {
            return true;
        }
    }
    return false;
}
