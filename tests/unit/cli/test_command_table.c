#include <criterion/criterion.h>

#include "verbgate/cli/command_table.h"
#include "verbgate/cli/commands.h"

#include <stdio.h>
#include <string.h>

/* Whether the usage of a command has `word`, and not only a longer one that begins with it. */
static bool is_in_usage(const struct command *command, const char *word)
{
    for (unsigned i = 0; i < COMMAND_USAGE_MAX && command->usage[i] != NULL; i++) {
        const char *at = command->usage[i];
        while ((at = strstr(at, word)) != NULL) {
            at += strlen(word);
            if (strchr(" ]|=", *at) != NULL) {
                return true;
            }
        }
    }
    return false;
}

static void check_option(const struct command *command, const struct command_option *option)
{
    cr_expect_eq(command_option_find(command, slice_of(option->name)), option, "%s %s stands twice",
                 command->name, option->name);
    cr_expect_eq(strncmp(option->name, "--", 2), 0, "%s", option->name);
    cr_expect_neq(option->help[strlen(option->help) - 1], '.', "%s", option->name);
    cr_expect_eq(option->words != NULL, option->kind == COMMAND_VALUE_WORDS, "%s", option->name);
    cr_expect(option->kind == COMMAND_VALUE_ANY || option->value != NULL, "%s", option->name);
    if (option->id != OPTION_HELP) {
        cr_expect(is_in_usage(command, option->letter != NULL ? option->letter : option->name),
                  "the usage of %s lacks %s", command->name, option->name);
    }
}

/* Each option in the usage of a command stands in its table. */
static void check_usage(const struct command *command, const char *usage)
{
    cr_expect_eq(strncmp(usage, command->name, strlen(command->name)), 0, "%s", usage);
    for (const char *at = usage; (at = strstr(at, "--")) != NULL;) {
        size_t length = strcspn(at, " ]|=");
        cr_expect_not_null(command_option_find(command, slice_make(at, length)), "%s: %.*s",
                           command->name, (int)length, at);
        at += length;
    }
}

Test(command_table, every_row_is_complete)
{
    const struct command *command;
    size_t count = 0;
    for (; (command = command_at(count)) != NULL; count++) {
        cr_expect_eq(command_find(slice_of(command->name)), command);
        cr_expect_not_null((void *)command->run);
        cr_expect_neq(command->summary[strlen(command->summary) - 1], '.');
        cr_assert_not_null(command->usage[0]);
        cr_assert_not_null(command->examples[0].line, "%s", command->name);
        cr_expect_not_null(command_option_find(command, SLICE("-h")), "%s", command->name);
        for (unsigned i = 0; i < COMMAND_USAGE_MAX && command->usage[i] != NULL; i++) {
            check_usage(command, command->usage[i]);
        }
        for (unsigned i = 0; i < command->option_count; i++) {
            check_option(command, &command->options[i]);
        }
    }
    cr_expect_geq(count, 7u);
}

/* Each status of a command is one of the program, in the same order. */
Test(command_table, the_statuses_of_a_command_are_among_all)
{
    unsigned count;
    const struct command_status *all = command_statuses(&count);
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        unsigned next = 0;
        for (unsigned j = 0; j < command->status_count; j++) {
            while (next < count && all[next].number != command->statuses[j].number) {
                next++;
            }
            cr_expect_lt(next, count, "%s: %d", command->name, command->statuses[j].number);
        }
        cr_expect_eq(command->statuses[0].number, COMMAND_OK);
    }
}

Test(command_table, finds_what_was_meant)
{
    cr_expect(slice_equal(command_suggest(SLICE("chekc")), SLICE("check")));
    cr_expect_eq(command_suggest(SLICE("serve")).length, 0);
    const struct command *check = command_find(SLICE("check"));
    cr_expect(slice_equal(command_option_suggest(check, SLICE("--srtict")), SLICE("--strict")));
    cr_expect(slice_equal(command_option_suggest(check, SLICE("--conf")), SLICE("--config")));
    cr_expect_eq(command_option_suggest(check, SLICE("-x")).length, 0);
    cr_expect_null(command_find(SLICE("")));
    cr_expect_null(command_option_find(check, SLICE("")));
}
