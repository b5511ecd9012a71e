#include <criterion/criterion.h>

#include "verbgate/policy/access_format.h"

#include <stdlib.h>

static struct access_piece pieces[ACCESS_PIECES_MAX];

static unsigned read_clean(const char *text)
{
    unsigned count = 0;
    struct slice part;
    const char *problem = access_format_read(slice_of(text), pieces, &count, &part);
    cr_assert_null(problem, "%s: %s", text, problem);
    return count;
}

Test(access_format, splits_a_text_into_variables_and_what_is_between)
{
    cr_assert_eq(read_clean("[$time] $client:$status$$ \"$user_agent\""), 10);
    static const struct {
        enum access_variable variable;
        const char *text;
    } expected[] = {
        {ACCESS_TEXT, "["},      {ACCESS_TIME, ""},   {ACCESS_TEXT, "] "}, {ACCESS_CLIENT, ""},
        {ACCESS_TEXT, ":"},      {ACCESS_STATUS, ""}, {ACCESS_TEXT, "$"},  {ACCESS_TEXT, " \""},
        {ACCESS_USER_AGENT, ""}, {ACCESS_TEXT, "\""},
    };
    for (unsigned i = 0; i < 10; i++) {
        cr_assert_eq(pieces[i].variable, expected[i].variable, "piece %u", i);
        cr_assert(slice_equal(pieces[i].text, slice_of(expected[i].text)), "piece %u", i);
    }
}

Test(access_format, knows_each_name_of_its_list)
{
    struct slice rest = slice_of(access_format_names);
    unsigned known = 0;
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        char text[64] = "$";
        cr_assert_lt(end, sizeof text - 1);
        memcpy(text + 1, rest.data, end);
        cr_assert_eq(read_clean(text), 1);
        known++;
        cr_assert_eq(pieces[0].variable, ACCESS_TEXT + known, "%s", text);
        rest = slice_after(rest, end + 1);
    }
    cr_assert_eq(known, ACCESS_VARIABLE_COUNT - 1);
}

Test(access_format, reads_the_formats_of_apache)
{
    cr_assert_eq(read_clean(access_format_common), 9);
    cr_assert_eq(read_clean(access_format_combined), 14);
}

Test(access_format, names_the_part_that_is_wrong)
{
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"$client $clent", "$clent"},
        {"$clientx", "$clientx"},
        {"$Client", "$Client"},
        {"$status_ $x", "$status_"},
        {"$", "$"},
        {"$client $", "$"},
        {"$$$", "$"},
        {"a $-b", "$"},
        {"${client}", "$"},
        {"$TEXT", "$TEXT"},
        {"$user_agents", "$user_agents"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].text);
        char *block = malloc(length + 1);
        memcpy(block + 1, cases[i].text, length);
        unsigned count = 77;
        struct slice part;
        cr_assert_not_null(access_format_read(slice_make(block + 1, length), pieces, &count, &part),
                           "%s", cases[i].text);
        cr_assert_eq(count, 77);
        cr_assert(slice_equal(part, slice_of(cases[i].part)), "%s: %.*s", cases[i].text,
                  SLICE_PRINT(part));
        free(block);
    }
}

Test(access_format, has_bounds)
{
    static char text[ACCESS_FORMAT_TEXT_MAX + 1];
    unsigned count = 0;
    struct slice part;
    memset(text, 'a', sizeof text);
    cr_assert_null(
        access_format_read(slice_make(text, ACCESS_FORMAT_TEXT_MAX), pieces, &count, &part));
    cr_assert_eq(count, 1);
    cr_assert_not_null(access_format_read(slice_make(text, sizeof text), pieces, &count, &part));
    for (size_t i = 0; i < 4 * ACCESS_PIECES_MAX; i += 4) {
        memcpy(text + i, "$end", 4);
    }
    cr_assert_null(
        access_format_read(slice_make(text, 4 * ACCESS_PIECES_MAX), pieces, &count, &part));
    cr_assert_eq(count, ACCESS_PIECES_MAX);
    cr_assert_not_null(
        access_format_read(slice_make(text, 4 * ACCESS_PIECES_MAX + 1), pieces, &count, &part));
}
