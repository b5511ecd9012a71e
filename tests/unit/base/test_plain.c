#include "verbgate/base/plain.h"

#include <criterion/criterion.h>

Test(plain, ends_at_the_first_byte_that_is_escaped_somewhere)
{
    static const struct {
        struct slice text;
        size_t length;
    } cases[] = {
        {{NULL, 0}, 0},    {{"plain text: ~1", 14}, 14},
        {{"a&b", 3}, 1},   {{"ab<", 3}, 2},
        {{"ab>c", 4}, 2},  {{"\"", 1}, 0},
        {{"it's", 4}, 2},  {{"a\\b", 3}, 1},
        {{"a\tb", 3}, 1},  {{"a\0b", 3}, 1},
        {{"\x7f", 1}, 0},  {{"a\x80", 2}, 1},
        {{"a\xff", 2}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(plain_length(cases[i].text), cases[i].length, "case %zu", i);
    }
}

/* Texts are looked at in pieces: the first byte that is not plain may be at any place of one. */
Test(plain, finds_the_byte_at_every_place)
{
    char text[24];
    for (size_t length = 0; length <= sizeof text; length++) {
        memset(text, 'x', sizeof text);
        cr_assert_eq(plain_length(slice_make(text, length)), length);
        for (size_t at = 0; at < length; at++) {
            text[at] = '<';
            cr_assert_eq(plain_length(slice_make(text, length)), at, "%zu of %zu", at, length);
            text[at] = 'x';
        }
    }
}

Test(plain, is_counted_once_for_a_quote)
{
    struct quote quote = quote_make(SLICE("plain & not"));
    cr_assert_eq(quote.plain_length, 6);
    cr_assert_eq(quote.text.length, 11);
}
