#include <criterion/criterion.h>

#include "verbgate/config/ini.h"

#include <stdio.h>
#include <stdlib.h>

struct expected {
    enum ini_kind kind;
    unsigned line;
    const char *section;
    const char *name;
    const char *value;
};

static void expect_items(struct slice text, const struct expected *expected, size_t count)
{
    struct ini_reader reader;
    struct ini_item item;
    ini_start(&reader, text);
    for (size_t i = 0; i < count; i++) {
        ini_next(&reader, &item);
        cr_assert_eq(item.kind, expected[i].kind, "item %zu: kind %d, error %s", i, item.kind,
                     item.kind == INI_ERROR ? item.error : "none");
        cr_assert_eq(item.line, expected[i].line, "item %zu: line %u", i, item.line);
        cr_assert(slice_equal(item.section, slice_of(expected[i].section)), "item %zu", i);
        cr_assert(slice_equal(item.name, slice_of(expected[i].name)), "item %zu", i);
        cr_assert(slice_equal(item.value, slice_of(expected[i].value)), "item %zu: \"%.*s\"", i,
                  SLICE_PRINT(item.value));
    }
    ini_next(&reader, &item);
    cr_assert_eq(item.kind, INI_END);
    ini_next(&reader, &item);
    cr_assert_eq(item.kind, INI_END, "the end stays the end");
}

#define EXPECT(text, ...)                                                 \
    do {                                                                  \
        const struct expected items[] = {__VA_ARGS__};                    \
        expect_items(SLICE(text), items, sizeof items / sizeof items[0]); \
    } while (0)

Test(ini, reads_sections_and_pairs)
{
    EXPECT("[gateway]\nworkers = 4\n\n[upstream app]\nserver=1\n",
           {INI_SECTION, 1, "gateway", "", ""}, {INI_PAIR, 2, "", "workers", "4"},
           {INI_SECTION, 4, "upstream", "app", ""}, {INI_PAIR, 5, "", "server", "1"});
}

Test(ini, drops_white_space_around_everything)
{
    EXPECT(" \t[ \tupstream\t app ] \n \tkey \t=\t value with spaces \t",
           {INI_SECTION, 1, "upstream", "app", ""}, {INI_PAIR, 2, "", "key", "value with spaces"});
}

Test(ini, takes_crlf_and_a_byte_order_mark)
{
    EXPECT("\xef\xbb\xbf[a]\r\nkey = value\r\n\r\nlast = line", {INI_SECTION, 1, "a", "", ""},
           {INI_PAIR, 2, "", "key", "value"}, {INI_PAIR, 4, "", "last", "line"});
}

Test(ini, starts_a_comment_only_at_the_line_start_or_after_white_space)
{
    EXPECT("; one\n # two\nkey = a;b#c ; comment\npath = /x#y\t# comment\nempty = ; nothing\n"
           "sign =#1\n[a] ; after a section\n",
           {INI_PAIR, 3, "", "key", "a;b#c"}, {INI_PAIR, 4, "", "path", "/x#y"},
           {INI_PAIR, 5, "", "empty", ""}, {INI_PAIR, 6, "", "sign", "#1"},
           {INI_SECTION, 7, "a", "", ""});
}

Test(ini, keeps_what_is_quoted)
{
    EXPECT("key = \" a ; b # c \" ; comment\nempty = \"\"\nmiddle = a \"b\" c\n",
           {INI_PAIR, 1, "", "key", " a ; b # c "}, {INI_PAIR, 2, "", "empty", ""},
           {INI_PAIR, 3, "", "middle", "a \"b\" c"});
}

Test(ini, marks_escapes_and_leaves_them_in)
{
    struct ini_reader reader;
    struct ini_item item;
    ini_start(&reader, SLICE("key = \"a \\\" b \\\\\""));
    ini_next(&reader, &item);
    cr_assert_eq(item.kind, INI_PAIR);
    cr_assert(item.has_escapes && item.is_quoted);
    cr_assert(slice_equal(item.value, SLICE("a \\\" b \\\\")));
}

Test(ini, counts_columns_in_bytes_from_one)
{
    struct ini_reader reader;
    struct ini_item item;
    ini_start(&reader, SLICE("  [ route  orders ]\n\tkey  =  \"value\"  ; c"));
    ini_next(&reader, &item);
    cr_assert_eq(item.section_column, 5);
    cr_assert_eq(item.name_column, 12);
    ini_next(&reader, &item);
    cr_assert_eq(item.name_column, 2);
    cr_assert_eq(item.value_column, 10);
    cr_assert_eq(item.value_width, 7);
}

Test(ini, goes_on_after_an_error_with_the_next_line)
{
    static const struct {
        const char *line;
        unsigned column;
    } cases[] = {
        {"no equals sign", 1},
        {"  = value", 3},
        {"[open", 1},
        {"[a] b", 5},
        {"[]", 1},
        {"[ \t]", 1},
        {"[route two words]", 11},
        {"key = \"open", 7},
        {"key = \"a\" b", 11},
        {"key = \"a\\n\"", 9},
        {"key = \"a\\", 9},
        {"key = a\x01", 8},
        {"; a\x7f comment", 4},
        {"key = a\rb = c", 8},
        {"foo ; bar = 1", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s\nnext = line\n", cases[i].line);
        struct ini_reader reader;
        struct ini_item item;
        ini_start(&reader, slice_of(text));
        ini_next(&reader, &item);
        cr_assert_eq(item.kind, INI_ERROR, "%s", cases[i].line);
        cr_assert_eq(item.error_column, cases[i].column, "%s: column %u", cases[i].line,
                     item.error_column);
        cr_assert(slice_equal(item.line_text, slice_of(cases[i].line)));
        ini_next(&reader, &item);
        cr_assert_eq(item.kind, INI_PAIR, "%s", cases[i].line);
        cr_assert_eq(item.line, 2);
    }
}

Test(ini, rejects_nul_bytes_wherever_they_are)
{
    EXPECT("a = \0b\n; c\0\n\0[x]\n", {INI_ERROR, 1, "", "", ""}, {INI_ERROR, 2, "", "", ""},
           {INI_ERROR, 3, "", "", ""});
}

Test(ini, takes_lines_up_to_the_limit_and_not_above)
{
    enum { SIZE = INI_LINE_MAX + 64 };
    char *text = malloc(SIZE);
    for (size_t length = INI_LINE_MAX - 1; length <= INI_LINE_MAX + 1; length++) {
        memset(text, 'v', SIZE);
        memcpy(text, "k =", 3);
        memcpy(text + length, "\nnext = 1\n", 10);
        struct ini_reader reader;
        struct ini_item item;
        ini_start(&reader, slice_make(text, length + 10));
        ini_next(&reader, &item);
        cr_assert_eq(item.kind, length <= INI_LINE_MAX ? INI_PAIR : INI_ERROR, "%zu", length);
        cr_assert_leq(item.line_text.length, INI_LINE_MAX);
        ini_next(&reader, &item);
        cr_assert_eq(item.kind, INI_PAIR);
        cr_assert(slice_equal(item.name, SLICE("next")));
    }
    free(text);
}

/* Every prefix of a text that has it all, at the end of a heap block: an over-read is seen. */
Test(ini, reads_nothing_past_the_end)
{
    static const char sample[] = "\xef\xbb\xbf[route orders] ; c\r\nkey = \"a \\\" b\" # c\n"
                                 "path = /x ; y\n[a\n= b\nplain\n";
    for (size_t length = 0; length < sizeof sample; length++) {
        char *copy = malloc(length == 0 ? 1 : length);
        memcpy(copy, sample, length);
        struct ini_reader reader;
        struct ini_item item;
        unsigned count = 0;
        ini_start(&reader, slice_make(copy, length));
        do {
            ini_next(&reader, &item);
            cr_assert_lt(count++, 10u);
        } while (item.kind != INI_END);
        free(copy);
    }
}
