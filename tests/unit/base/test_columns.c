#include <criterion/criterion.h>

#include "verbgate/base/columns.h"

static char text[1024];

static const char *finish(struct writer *writer)
{
    writer_byte(writer, '\0');
    cr_assert_not(writer->overflow);
    return text;
}

Test(columns, wraps_between_words_and_keeps_paragraphs)
{
    struct writer writer = writer_make(text, sizeof text);
    columns_write_text(&writer,
                       SLICE("one two three four five six seven eight nine ten eleven twelve "
                             "thirteen fourteen fifteen\n\nnew"),
                       2);
    cr_expect_str_eq(finish(&writer),
                     "  one two three four five six seven eight nine ten eleven twelve thirteen\n"
                     "  fourteen fifteen\n\n  new\n");
}

Test(columns, a_line_has_at_most_its_width_and_a_long_word_stands_alone)
{
    static const char word[] = "0123456789012345678901234567890123456789";
    struct writer writer = writer_make(text, sizeof text);
    char given[256];
    struct writer words = writer_make(given, sizeof given);
    writer_format(&words, "%s %.38s %s%s%s x", word, word, word, word, word);
    columns_write_text(&writer, writer_slice(&words), 0);
    const char *line = finish(&writer);
    cr_expect_eq(strcspn(line, "\n"), COLUMNS_WIDTH);
    line = strchr(line, '\n') + 1;
    cr_expect_eq(strcspn(line, "\n"), 120);
    cr_expect_str_eq(strchr(line, '\n'), "\nx\n");
}

Test(columns, a_left_column_that_is_too_long_has_its_own_line)
{
    struct writer writer = writer_make(text, sizeof text);
    columns_write_row(&writer, SLICE("ab"), SLICE("right"), 6);
    columns_write_row(&writer, SLICE("abcd"), SLICE("right"), 6);
    cr_expect_str_eq(finish(&writer), "  ab  right\n  abcd\n      right\n");
}
