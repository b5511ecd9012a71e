/* What is made from the tables has all that is in the tables. */
#include <criterion/criterion.h>

#include "verbgate/cli/command_table.h"
#include "verbgate/cli/pages.h"
#include "verbgate/config/schema.h"

#include <stdio.h>
#include <string.h>

static char page[PAGES_MAX + 1];

static const char *write_page(const char *name)
{
    struct writer writer = writer_make(page, PAGES_MAX);
    cr_assert(pages_write(&writer, slice_of(name)), "%s", name);
    cr_assert_not(writer.overflow);
    page[writer.length] = '\0';
    return page;
}

/* Takes the escapes of roff back that occur in keys and defaults. */
static void unescape_manual(void)
{
    char *to = page;
    for (const char *from = page; *from != '\0'; from++) {
        if (from[0] == '\\' && from[1] == '-') {
            from++;
        }
        *to++ = *from;
    }
    *to = '\0';
}

/* The rows of one section, from its heading to the next. */
static void expect_option(const struct schema_option *option, enum schema_section section)
{
    char heading[64];
    char wanted[128];
    char text[64];
    snprintf(heading, sizeof heading, "\n.SS [%s", schema_section_name(section));
    const char *start = strstr(page, heading);
    cr_assert_not_null(start, "%s", heading);
    const char *end = strstr(start + 1, "\n.S");
    snprintf(wanted, sizeof wanted, "\n.TP\n\\fB%s\\fR = ", option->key);
    const char *row = strstr(start, wanted);
    cr_assert(row != NULL && row < end, "[%s] lacks %s", schema_section_name(section), option->key);
    struct writer fallback = writer_make(text, sizeof text);
    schema_write_default(&fallback, option, section);
    snprintf(wanted, sizeof wanted, "\nDefault: %.*s.\n", SLICE_PRINT(writer_slice(&fallback)));
    const char *found = strstr(row, wanted);
    const char *next = strstr(row + 1, "\n.TP\n");
    cr_assert(found != NULL && (next == NULL || found < next), "%s: %s", option->key, wanted);
}

Test(pages, the_manual_of_the_file_has_every_key_with_its_default)
{
    write_page("man5");
    unescape_manual();
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        for (unsigned section = SCHEMA_GATEWAY; section <= SCHEMA_ROUTE; section *= 2) {
            if ((option->sections & section) != 0) {
                expect_option(option, (enum schema_section)section);
            }
        }
    }
}

static void expect_words(const char *name)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        cr_expect_not_null(strstr(page, command->name), "%s lacks %s", name, command->name);
        for (unsigned j = 0; j < command->option_count; j++) {
            const char *option = command->options[j].name;
            char fish[64];
            snprintf(fish, sizeof fish, " -l %s", option + 2); /* it writes no dashes */
            cr_expect_not_null(strstr(page, strcmp(name, "fish") == 0 ? fish : option),
                               "%s lacks %s of %s", name, option, command->name);
        }
    }
}

Test(pages, the_manual_and_each_completion_have_every_command_and_option)
{
    static const char *const names[] = {"man8", "bash", "zsh", "fish", "markdown"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_page(names[i]);
        unescape_manual();
        expect_words(names[i]);
    }
}

Test(pages, each_completion_knows_every_key_for_help)
{
    static const char *const names[] = {"bash", "zsh", "fish"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_page(names[i]);
        const struct schema_option *option;
        for (size_t j = 0; (option = schema_option_at(j)) != NULL; j++) {
            char word[64];
            snprintf(word, sizeof word, " %s", option->key);
            cr_expect_not_null(strstr(page, word), "%s lacks %s", names[i], option->key);
        }
    }
}

Test(pages, text_that_is_special_in_roff_stays_text)
{
    write_page("man5");
    cr_expect_not_null(strstr(page, "$${ stands"));
    cr_expect_not_null(strstr(page, "there, \\e\" is a quote and \\e\\e a backslash"));
    for (const char *line = page; line != NULL; line = strchr(line + 1, '\n')) {
        cr_expect_neq(line[1], '\'', "a line begins with the other control character");
    }
}

Test(pages, the_names_are_those_that_the_help_offers)
{
    struct slice rest = SLICE(PAGES_NAMES);
    unsigned count = 0;
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        struct writer writer = writer_make(page, PAGES_MAX);
        cr_expect(pages_write(&writer, slice_make(rest.data, end)));
        cr_expect_gt(writer.length, 1000u);
        rest = slice_after(rest, end < rest.length ? end + 1 : end);
        count++;
    }
    cr_expect_eq(count, 6);
    struct writer writer = writer_make(page, PAGES_MAX);
    cr_expect_not(pages_write(&writer, SLICE("man1")));
    cr_expect_eq(writer.length, 0);
}

/* config/commands.md has it between prose; lines are for people who read the file as it is. */
Test(pages, the_page_of_commands_is_what_the_tables_say)
{
    static char text[PAGES_MAX];
    FILE *file = fopen(TEST_SOURCE_DIR "/config/commands.md", "rb");
    cr_assert_not_null(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    write_page("markdown");
    cr_expect_not_null(strstr(text, page),
                       "config/commands.md lacks what verbgate help --page markdown prints");
    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        cr_assert_not_null(end);
        cr_expect_leq(end - line, 119, "%.*s", (int)(end - line), line);
        line = end + 1;
    }
}
