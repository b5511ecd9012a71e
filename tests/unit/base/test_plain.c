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
