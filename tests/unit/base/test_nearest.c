#include <criterion/criterion.h>

#include "verbgate/base/nearest.h"

static struct slice nearest_of(const char *written)
{
    static const char *const words[] = {"run", "check", "explain", "methods", "warn"};
    struct nearest nearest = nearest_start(slice_of(written));
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        nearest_try(&nearest, slice_of(words[i]));
    }
    return nearest.word;
}

Test(nearest, finds_the_word_that_was_meant)
{
    static const struct {
        const char *written;
        const char *meant;
    } cases[] = {
        {"run", "run"},
        {"RUN", "run"},
        {"rnu", "run"},
        {"chekc", "check"},
        {"chk", "check"},
        {"explian", "explain"},
        {"method", "methods"},
        {"warning", "warn"},
        {"serve", ""},
        {"r", ""},
        {"", ""},
        {"checkcheck", "check"},
        {"methdos", "methods"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect(slice_equal(nearest_of(cases[i].written), slice_of(cases[i].meant)), "%s: %.*s",
                  cases[i].written, SLICE_PRINT(nearest_of(cases[i].written)));
    }
}

Test(nearest, keeps_the_first_of_equals_and_takes_a_nearer_one)
{
    struct nearest nearest = nearest_start(SLICE("hots"));
    nearest_try(&nearest, SLICE("hits"));
    cr_expect(slice_equal(nearest.word, SLICE("hits")));
    nearest_try(&nearest, SLICE("host"));
    cr_expect(slice_equal(nearest.word, SLICE("hits")), "both are one error away");
    nearest_try(&nearest, SLICE("Hots"));
    cr_expect(slice_equal(nearest.word, SLICE("Hots")));
    cr_expect_eq(nearest.distance, 0);
}
