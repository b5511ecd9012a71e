#include <criterion/criterion.h>

#include "verbgate/config/diagnostics.h"

#include <stdio.h>

static struct diagnostics diagnostics;

static void add(enum diagnostic_severity severity, unsigned file_order, unsigned line,
                unsigned column, const char *message)
{
    struct diagnostic place = {.severity = severity,
                               .file = SLICE("a.ini"),
                               .file_order = file_order,
                               .line = line,
                               .column = column,
                               .width = 1};
    diagnostics_add(&diagnostics, &place, NULL, "%s", message);
}

static const char *written(unsigned index)
{
    static char text[4096];
    struct writer writer = writer_make(text, sizeof text - 1);
    diagnostics_write(&diagnostics, index, &writer);
    cr_assert_not(writer.overflow);
    text[writer.length] = '\0';
    return text;
}

Test(diagnostics, writes_like_a_compiler)
{
    diagnostics_init(&diagnostics);
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                               .file = SLICE("gateway.ini"),
                               .line = 9,
                               .column = 1,
                               .width = 9,
                               .line_text = SLICE("implement = GET HEAD POST")};
    diagnostics_add(&diagnostics, &place, "did you mean \"implements\"?",
                    "unknown key \"%s\" in [%s]", "implement", "upstream");
    cr_assert_str_eq(written(0), "gateway.ini:9:1: error: unknown key \"implement\" in [upstream]\n"
                                 "    9 | implement = GET HEAD POST\n"
                                 "      | ^~~~~~~~~\n"
                                 "hint: did you mean \"implements\"?\n");
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, writes_what_is_about_a_line_a_file_or_nothing)
{
    diagnostics_init(&diagnostics);
    struct diagnostic place = {.severity = DIAGNOSTIC_WARNING};
    diagnostics_add(&diagnostics, &place, NULL, "one");
    place.file = SLICE("a.ini");
    diagnostics_add(&diagnostics, &place, NULL, "two");
    place.line = 123456;
    place.line_text = SLICE("key");
    diagnostics_add(&diagnostics, &place, NULL, "three");
    cr_assert_str_eq(written(0), "warning: one\n");
    cr_assert_str_eq(written(1), "a.ini: warning: two\n");
    cr_assert_str_eq(written(2), "a.ini:123456: warning: three\n123456 | key\n");
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, puts_the_caret_under_the_byte_on_a_terminal)
{
    diagnostics_init(&diagnostics);
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                               .line = 1,
                               .column = 8,
                               .width = 2,
                               .line_text = SLICE("\tk\xc3\xa4 = \xc3\xa4")};
    diagnostics_add(&diagnostics, &place, NULL, "here");
    cr_assert_str_eq(written(0), "error: here\n    1 | \tk\xc3\xa4 = \xc3\xa4\n      | \t     ^\n");
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, shows_control_bytes_as_question_marks)
{
    diagnostics_init(&diagnostics);
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                               .line = 1,
                               .column = 2,
                               .width = 1,
                               .line_text = slice_make("a\x1b[31m\0z\x7f", 9)};
    diagnostics_add(&diagnostics, &place, NULL, "bad \x1b[31m\n%s", "\r");
    cr_assert_str_eq(written(0), "error: bad ?[31m??\n    1 | a?[31m?z?\n      |  ^\n");
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, shows_a_part_of_a_very_long_line)
{
    static char line[8192];
    memset(line, 'x', sizeof line);
    line[6000] = '!';
    diagnostics_init(&diagnostics);
    for (unsigned column = 1; column <= sizeof line; column += 819) {
        struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                                   .line = 1,
                                   .column = column,
                                   .width = 8192,
                                   .line_text = slice_make(line, sizeof line)};
        diagnostics_add(&diagnostics, &place, NULL, "long");
        cr_assert_lt(strlen(written(diagnostics.count - 1)), 400u);
        cr_assert_not_null(strchr(written(diagnostics.count - 1), '^'));
    }
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                               .line = 1,
                               .column = 6001,
                               .width = 1,
                               .line_text = slice_make(line, sizeof line)};
    diagnostics_add(&diagnostics, &place, NULL, "long");
    const char *text = written(diagnostics.count - 1);
    const char *source = strstr(text, " | ");
    const char *caret = strstr(source + 1, " | ");
    cr_assert_eq(strchr(source, '!') - source, strchr(caret, '^') - caret);
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, sorts_by_file_and_line_and_puts_the_file_itself_last)
{
    diagnostics_init(&diagnostics);
    add(DIAGNOSTIC_ERROR, 0, 0, 0, "file");
    add(DIAGNOSTIC_ERROR, 1, 1, 1, "other");
    add(DIAGNOSTIC_ERROR, 0, 7, 5, "late");
    add(DIAGNOSTIC_WARNING, 0, 7, 2, "early");
    add(DIAGNOSTIC_ERROR, 0, 7, 2, "early too");
    add(DIAGNOSTIC_ERROR, 0, 3, 9, "first");
    diagnostics_sort(&diagnostics);
    static const char *const order[] = {"first", "early", "early too", "late", "file", "other"};
    for (unsigned i = 0; i < 6; i++) {
        cr_assert(slice_equal(diagnostics.items[i].message, slice_of(order[i])), "%u", i);
    }
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, counts_what_it_does_not_keep_and_prefers_errors)
{
    diagnostics_init(&diagnostics);
    for (unsigned i = 0; i < DIAGNOSTICS_MAX + 5; i++) {
        add(DIAGNOSTIC_WARNING, 0, i + 1, 1, "warning");
    }
    cr_assert_eq(diagnostics.count, DIAGNOSTICS_MAX);
    cr_assert_not(diagnostics_is_full(&diagnostics));
    for (unsigned i = 0; i < DIAGNOSTICS_MAX; i++) {
        add(DIAGNOSTIC_ERROR, 0, i + 1, 1, "error");
    }
    cr_assert(diagnostics_is_full(&diagnostics));
    add(DIAGNOSTIC_ERROR, 0, 1, 1, "one more");
    cr_assert_eq(diagnostics.count, DIAGNOSTICS_MAX);
    cr_assert_eq(diagnostics.error_count, DIAGNOSTICS_MAX + 1);
    cr_assert_eq(diagnostics.warning_count, DIAGNOSTICS_MAX + 5);
    for (unsigned i = 0; i < DIAGNOSTICS_MAX; i++) {
        cr_assert_eq(diagnostics.items[i].severity, DIAGNOSTIC_ERROR);
    }
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, outlives_the_texts_it_was_given)
{
    diagnostics_init(&diagnostics);
    char text[] = "key = value";
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                               .file = slice_make(text, 3),
                               .line = 1,
                               .line_text = slice_make(text, sizeof text - 1)};
    diagnostics_add(&diagnostics, &place, text, "%s", text);
    memset(text, '#', sizeof text - 1);
    cr_assert_str_eq(written(0), "key:1: error: key = value\n    1 | key = value\n"
                                 "hint: key = value\n");
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, shortens_a_message_that_quotes_too_much)
{
    static char value[8192];
    memset(value, 'v', sizeof value - 1);
    memcpy(value + 507, "\xe2\x82\xac", 3); /* one character across the cut */
    diagnostics_init(&diagnostics);
    add(DIAGNOSTIC_ERROR, 0, 1, 1, value);
    struct slice message = diagnostics.items[0].message;
    cr_assert_eq(message.length, 510u);
    cr_assert_eq(memcmp(message.data + 506, "v...", 4), 0);
    value[512] = '\0';
    add(DIAGNOSTIC_ERROR, 0, 1, 1, value);
    cr_assert_eq(diagnostics.items[1].message.length, 512u);
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, notes_give_way_first_and_then_warnings)
{
    diagnostics_init(&diagnostics);
    add(DIAGNOSTIC_WARNING, 0, 1, 1, "warning");
    for (unsigned i = 0; i < DIAGNOSTICS_MAX; i++) {
        add(DIAGNOSTIC_NOTE, 0, i + 1, 1, "note");
    }
    cr_assert_eq(diagnostics.count, DIAGNOSTICS_MAX);
    cr_assert_eq(diagnostics.note_count, DIAGNOSTICS_MAX);
    for (unsigned i = 0; i < DIAGNOSTICS_MAX - 1; i++) {
        add(DIAGNOSTIC_ERROR, 0, 1, 1, "error");
    }
    cr_assert_eq(diagnostics.items[0].severity, DIAGNOSTIC_WARNING, "the notes went first");
    cr_assert_not(diagnostics_is_full(&diagnostics));
    add(DIAGNOSTIC_NOTE, 0, 1, 1, "late");
    add(DIAGNOSTIC_ERROR, 0, 1, 1, "error");
    cr_assert_eq(diagnostics.items[0].severity, DIAGNOSTIC_ERROR);
    cr_assert(diagnostics_is_full(&diagnostics));
    cr_assert_eq(diagnostics.warning_count, 1);
    diagnostics_finish(&diagnostics);
}

Test(diagnostics, writes_json_with_null_for_what_does_not_apply)
{
    diagnostics_init(&diagnostics);
    struct diagnostic place = {.severity = DIAGNOSTIC_ERROR,
                               .file = SLICE("a\"b.ini"),
                               .line = 9,
                               .column = 3,
                               .width = 1};
    diagnostics_add(&diagnostics, &place, "one\ntwo", "bad \"%s\"", "x");
    place = (struct diagnostic){.severity = DIAGNOSTIC_NOTE, .column = 3};
    diagnostics_add(&diagnostics, &place, NULL, "well");
    char text[512];
    struct writer writer = writer_make(text, sizeof text - 1);
    diagnostics_write_json(&diagnostics, 0, &writer);
    diagnostics_write_json(&diagnostics, 1, &writer);
    text[writer.length] = '\0';
    cr_assert_str_eq(text,
                     "{\"severity\":\"error\",\"file\":\"a\\\"b.ini\",\"line\":9,\"column\":3,"
                     "\"message\":\"bad \\\"x\\\"\",\"hint\":\"one\\u000atwo\"}"
                     "{\"severity\":\"note\",\"file\":null,\"line\":null,\"column\":null,"
                     "\"message\":\"well\",\"hint\":null}");
    diagnostics_finish(&diagnostics);
}
