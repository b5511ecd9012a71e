#include <criterion/criterion.h>

#include "verbgate/base/random.h"

/* The first numbers of the authors' own program for the state 1, 2, 3, 4. */
Test(random, follows_xoshiro256_starstar)
{
    static const uint64_t expected[] = {11520u, 0u, 1509978240u, 1215971899390074240u};
    struct random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        cr_assert_eq(random_next(&random), expected[i], "number %zu", i);
    }
}

Test(random, writes_hexadecimal_digits_that_are_not_all_zero)
{
    struct random random = {{1, 2, 3, 4}};
    char text[17] = "";
    random_write(&random, text);
    cr_assert_str_eq(text, "0000000000002d00");
    random_write(&random, text); /* passes over the 0 */
    cr_assert_str_eq(text, "000000005a007080");
}

Test(random, starts_from_a_seed_of_zeros_too)
{
    static const unsigned char zeros[RANDOM_SEED_BYTES];
    struct random random;
    random_seed(&random, zeros);
    uint64_t any = 0;
    for (int i = 0; i < 8; i++) {
        any |= random_next(&random);
    }
    cr_assert_neq(any, 0);
}
