#include <criterion/criterion.h>

#include "verbgate/cli/arguments.h"

#include <string.h>

enum { WORDS_MAX = 8 };

struct arguments_case {
    const char *words[WORDS_MAX];
    unsigned plain_max;
    bool is_good;
    const char *file;
    const char *version;
    const char *plain[ARGUMENTS_PLAIN_MAX];
};

static const struct arguments_case cases[] = {
    {{"run"}, 0, true, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini"}, 0, true, "a.ini", NULL, {NULL}},
    {{"run", "--config", "a.ini"}, 0, true, "a.ini", NULL, {NULL}},
    {{"run", "-c", "a.ini", "-c", "b.ini"}, 0, true, "b.ini", NULL, {NULL}},
    {{"run", "-c", "-c"}, 0, true, "-c", NULL, {NULL}},
    {{"explain", "GET", "-c", "a", "/x", "--version", "1.0"}, 2, true, "a", "1.0", {"GET", "/x"}},
    {{"explain", "-", ""}, 2, true, NULL, NULL, {"-", ""}},
    {{"run", "1", "2", "3", "4"}, 4, true, NULL, NULL, {"1", "2", "3", "4"}},
    {{"run", "-c"}, 0, false, NULL, NULL, {NULL}},
    {{"run", "--version"}, 0, false, NULL, NULL, {NULL}},
    {{"run", "x"}, 0, false, NULL, NULL, {NULL}},
    {{"run", "1", "2", "3"}, 2, false, NULL, NULL, {NULL}},
    {{"run", "-x"}, 4, false, NULL, NULL, {NULL}},
    {{"run", "--configuration", "a"}, 4, false, NULL, NULL, {NULL}},
    {{"run", "--"}, 4, false, NULL, NULL, {NULL}},
    {{"run", "-ca.ini"}, 4, false, NULL, NULL, {NULL}},
};

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

Test(arguments, reads_options_in_any_order_and_refuses_the_rest)
{
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct arguments_case *test = &cases[i];
        char words[WORDS_MAX][32];
        char *argv[WORDS_MAX + 1] = {NULL};
        int argc = 0;
        for (; argc < WORDS_MAX && test->words[argc] != NULL; argc++) {
            argv[argc] = memcpy(words[argc], test->words[argc], strlen(test->words[argc]) + 1);
        }
        struct arguments arguments = {.plain_count = 77};
        cr_assert_eq(arguments_read(argc, argv, test->plain_max, &arguments), test->is_good,
                     "case %u", i);
        if (!test->is_good) {
            cr_assert_eq(arguments.plain_count, 77, "case %u: left alone", i);
            continue;
        }
        cr_assert(is_same(arguments.file, test->file), "case %u", i);
        cr_assert(is_same(arguments.version, test->version), "case %u", i);
        for (unsigned j = 0; j < ARGUMENTS_PLAIN_MAX; j++) {
            cr_assert(is_same(arguments.plain[j], test->plain[j]), "case %u, argument %u", i, j);
        }
    }
}
