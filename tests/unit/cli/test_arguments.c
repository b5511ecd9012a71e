#include <criterion/criterion.h>

#include "verbgate/cli/arguments.h"

#include <string.h>

enum { WORDS_MAX = 8 };

struct arguments_case {
    const char *words[WORDS_MAX];
    bool is_good;
    const char *file;
    const char *version;
    const char *plain[ARGUMENTS_PLAIN_MAX];
};

static const struct arguments_case cases[] = {
    {{"run"}, true, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini"}, true, "a.ini", NULL, {NULL}},
    {{"run", "--config", "a.ini"}, true, "a.ini", NULL, {NULL}},
    {{"run", "--config=a.ini"}, true, "a.ini", NULL, {NULL}},
    {{"run", "--config=a=b"}, true, "a=b", NULL, {NULL}},
    {{"run", "--config="}, true, "", NULL, {NULL}},
    {{"run", "-c", "-c"}, true, "-c", NULL, {NULL}},
    {{"explain", "GET", "-c", "a", "/x", "--version", "1.0"}, true, "a", "1.0", {"GET", "/x"}},
    {{"explain", "-", ""}, true, NULL, NULL, {"-", ""}},
    {{"explain", "--", "--json", "-c"}, true, NULL, NULL, {"--json", "-c"}},
    {{"run", "a.ini"}, true, NULL, NULL, {"a.ini"}},
    {{"run", "--"}, true, NULL, NULL, {NULL}},
    {{"run", "-c"}, false, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini", "-c", "b.ini"}, false, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini", "--config", "b.ini"}, false, NULL, NULL, {NULL}},
    {{"run", "--version", "1.0"}, false, NULL, NULL, {NULL}},
    {{"explain", "--version"}, false, NULL, NULL, {NULL}},
    {{"methods", "--json=yes"}, false, NULL, NULL, {NULL}},
    {{"check", "--json", "--html"}, false, NULL, NULL, {NULL}},
    {{"run", "a", "b"}, false, NULL, NULL, {NULL}},
    {{"explain", "1", "2", "3"}, false, NULL, NULL, {NULL}},
    {{"run", "-x"}, false, NULL, NULL, {NULL}},
    {{"run", "--configuration", "a"}, false, NULL, NULL, {NULL}},
    {{"run", "-ca.ini"}, false, NULL, NULL, {NULL}},
};

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* arguments_read takes argv as main has it: words that may be written to. */
static bool read_words(const char *const *given, unsigned count, struct arguments *arguments)
{
    static char words[WORDS_MAX][32];
    static char *argv[WORDS_MAX + 1];
    int argc = 0;
    for (; argc < (int)count && given[argc] != NULL; argc++) {
        argv[argc] = memcpy(words[argc], given[argc], strlen(given[argc]) + 1);
    }
    argv[argc] = NULL;
    return arguments_read(command_find(slice_of(given[0])), argc, argv, arguments);
}

Test(arguments, reads_options_in_any_order_and_refuses_the_rest)
{
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct arguments_case *test = &cases[i];
        struct arguments arguments = {.plain_count = 77};
        cr_assert_eq(read_words(test->words, WORDS_MAX, &arguments), test->is_good, "case %u", i);
        if (!test->is_good) {
            cr_assert_eq(arguments.plain_count, 77, "case %u: left alone", i);
            continue;
        }
        cr_assert(is_same(arguments_value(&arguments, OPTION_CONFIG), test->file), "case %u", i);
        cr_assert(is_same(arguments_value(&arguments, OPTION_VERSION), test->version), "case %u",
                  i);
        for (unsigned j = 0; j < ARGUMENTS_PLAIN_MAX; j++) {
            cr_assert(is_same(arguments.plain[j], test->plain[j]), "case %u, argument %u", i, j);
        }
    }
}

Test(arguments, collects_fields_and_flags)
{
    static const char *const words[] = {"explain", "--field", "A: 1",   "--json",
                                        "--field", "-c",      "--json", NULL};
    struct arguments arguments;
    cr_assert(read_words(words, WORDS_MAX, &arguments));
    unsigned position = 0;
    cr_expect_str_eq(arguments_next(&arguments, OPTION_FIELD, &position), "A: 1");
    cr_expect_str_eq(arguments_next(&arguments, OPTION_FIELD, &position), "-c",
                     "a value may look like an option");
    cr_expect_null(arguments_next(&arguments, OPTION_FIELD, &position));
    cr_expect(arguments_have(&arguments, OPTION_JSON));
    cr_expect_not(arguments_have(&arguments, OPTION_BATCH));
    cr_expect_null(arguments_value(&arguments, OPTION_CONFIG));
}

Test(arguments, help_ends_the_reading)
{
    static const char *const words[] = {"run", "--help", "--nonsense", NULL};
    struct arguments arguments;
    cr_assert(read_words(words, WORDS_MAX, &arguments));
    cr_expect(arguments_have(&arguments, OPTION_HELP));
}

Test(arguments, takes_64_fields_and_no_more)
{
    static char name[] = "--field";
    static char value[] = "A: b";
    char *argv[1 + 2 * (ARGUMENTS_REPEATS_MAX + 1)] = {name};
    for (int i = 0; i <= ARGUMENTS_REPEATS_MAX; i++) {
        argv[1 + 2 * i] = name;
        argv[2 + 2 * i] = value;
    }
    const struct command *explain = command_find(SLICE("explain"));
    struct arguments arguments;
    cr_expect(arguments_read(explain, 1 + 2 * ARGUMENTS_REPEATS_MAX, argv, &arguments));
    cr_expect_eq(arguments.given_count, ARGUMENTS_REPEATS_MAX);
    cr_expect_not(arguments_read(explain, 3 + 2 * ARGUMENTS_REPEATS_MAX, argv, &arguments));
}

Test(arguments, the_policy_is_c_or_the_only_argument)
{
    static const char *const named[] = {"check", "-c", "a.ini", NULL};
    static const char *const plain[] = {"check", "a.ini", NULL};
    static const char *const both[] = {"check", "a.ini", "-c", "b.ini", NULL};
    struct arguments arguments;
    cr_assert(read_words(named, WORDS_MAX, &arguments));
    cr_expect_str_eq(arguments_policy(&arguments), "a.ini");
    cr_assert(read_words(plain, WORDS_MAX, &arguments));
    cr_expect_str_eq(arguments_policy(&arguments), "a.ini");
    cr_assert(read_words(both, WORDS_MAX, &arguments));
    cr_expect_null(arguments_policy(&arguments));
}
