#include <criterion/criterion.h>

#include "verbgate/cli/arguments.h"

#include <string.h>

enum { WORDS_MAX = 8 };

struct arguments_case {
    const char *words[WORDS_MAX];
    unsigned plain_max;
    unsigned options;
    bool is_good;
    const char *file;
    const char *version;
    const char *plain[ARGUMENTS_PLAIN_MAX];
};

static const struct arguments_case cases[] = {
    {{"run"}, 0, 0, true, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini"}, 0, 0, true, "a.ini", NULL, {NULL}},
    {{"run", "--config", "a.ini"}, 0, 0, true, "a.ini", NULL, {NULL}},
    {{"run", "-c", "-c"}, 0, 0, true, "-c", NULL, {NULL}},
    {{"explain", "GET", "-c", "a", "/x", "--version", "1.0"},
     2,
     ARGUMENTS_VERSION,
     true,
     "a",
     "1.0",
     {"GET", "/x"}},
    {{"explain", "-", ""}, 2, 0, true, NULL, NULL, {"-", ""}},
    {{"run", "1", "2", "3", "4"}, 4, 0, true, NULL, NULL, {"1", "2", "3", "4"}},
    {{"run", "-c"}, 0, 0, false, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini", "-c", "b.ini"}, 0, 0, false, NULL, NULL, {NULL}},
    {{"run", "-c", "a.ini", "--config", "b.ini"}, 0, 0, false, NULL, NULL, {NULL}},
    {{"run", "--version", "1.0"}, 4, 0, false, NULL, NULL, {NULL}},
    {{"run", "--version"}, 0, ARGUMENTS_VERSION, false, NULL, NULL, {NULL}},
    {{"run", "--json"}, 0, ARGUMENTS_HTML, false, NULL, NULL, {NULL}},
    {{"run", "x"}, 0, 0, false, NULL, NULL, {NULL}},
    {{"run", "1", "2", "3"}, 2, 0, false, NULL, NULL, {NULL}},
    {{"run", "-x"}, 4, 0, false, NULL, NULL, {NULL}},
    {{"run", "--configuration", "a"}, 4, 0, false, NULL, NULL, {NULL}},
    {{"run", "--"}, 4, 0, false, NULL, NULL, {NULL}},
    {{"run", "-ca.ini"}, 4, 0, false, NULL, NULL, {NULL}},
};

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* arguments_read takes argv as main has it: words that may be written to. */
static bool read_words(const char *const *given, unsigned count, unsigned plain_max,
                       unsigned options, struct arguments *arguments)
{
    static char words[WORDS_MAX][32];
    static char *argv[WORDS_MAX + 1];
    int argc = 0;
    for (; argc < (int)count && given[argc] != NULL; argc++) {
        argv[argc] = memcpy(words[argc], given[argc], strlen(given[argc]) + 1);
    }
    argv[argc] = NULL;
    return arguments_read(argc, argv, plain_max, options, arguments);
}

Test(arguments, reads_options_in_any_order_and_refuses_the_rest)
{
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct arguments_case *test = &cases[i];
        struct arguments arguments = {.plain_count = 77};
        cr_assert_eq(read_words(test->words, WORDS_MAX, test->plain_max, test->options, &arguments),
                     test->is_good, "case %u", i);
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

Test(arguments, collects_fields_and_flags)
{
    static const char *const words[] = {"explain", "--field", "A: 1",     "--json",
                                        "--field", "-c",      "--strict", NULL};
    struct arguments arguments;
    cr_assert(read_words(words, WORDS_MAX, 0, ARGUMENTS_FIELD | ARGUMENTS_JSON | ARGUMENTS_STRICT,
                         &arguments));
    cr_expect_eq(arguments.field_count, 2);
    cr_expect_str_eq(arguments.fields[0], "A: 1");
    cr_expect_str_eq(arguments.fields[1], "-c", "a value may look like an option");
    cr_expect(arguments.wants_json);
    cr_expect(arguments.is_strict);
    cr_expect_not(arguments.wants_html);
    cr_expect_not(arguments.is_batch);
    cr_expect_null(arguments.file);
}

Test(arguments, takes_64_fields_and_no_more)
{
    static char name[] = "--field";
    static char value[] = "A: b";
    char *argv[1 + 2 * (ARGUMENTS_FIELDS_MAX + 1)] = {name};
    for (int i = 0; i <= ARGUMENTS_FIELDS_MAX; i++) {
        argv[1 + 2 * i] = name;
        argv[2 + 2 * i] = value;
    }
    struct arguments arguments;
    cr_expect(arguments_read(1 + 2 * ARGUMENTS_FIELDS_MAX, argv, 0, ARGUMENTS_FIELD, &arguments));
    cr_expect_eq(arguments.field_count, ARGUMENTS_FIELDS_MAX);
    cr_expect_not(
        arguments_read(3 + 2 * ARGUMENTS_FIELDS_MAX, argv, 0, ARGUMENTS_FIELD, &arguments));
}
