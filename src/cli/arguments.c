#include "verbgate/cli/arguments.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what is wrong */

void arguments_print_usage(const struct command *command)
{
    for (unsigned i = 0; i < COMMAND_USAGE_MAX && command->usage[i] != NULL; i++) {
        fprintf(stderr, "%s verbgate %s\n", i == 0 ? "usage:" : "      ", command->usage[i]);
    }
}

static bool fail(const struct arguments *arguments, const char *argument, const char *sentence)
{
    fprintf(stderr, "verbgate: %s%s\n", argument, sentence);
    arguments_print_usage(arguments->command);
    return false;
}

static bool refuse_option(const struct arguments *arguments, struct slice name)
{
    const struct command *command = arguments->command;
    struct slice near = command_option_suggest(command, name);
    fprintf(stderr, "verbgate: %s has no option %.*s", command->name, SLICE_PRINT(name));
    if (near.length > 0) {
        fprintf(stderr, "; did you mean %.*s?", SLICE_PRINT(near));
    }
    fputc('\n', stderr);
    arguments_print_usage(command);
    return false;
}

/* ---- reading */

static unsigned plain_most(enum command_plain plain)
{
    switch (plain) {
    case COMMAND_PLAIN_NONE:
        return 0;
    case COMMAND_PLAIN_POLICY:
    case COMMAND_PLAIN_FILE:
        return 1;
    case COMMAND_PLAIN_REQUEST:
    case COMMAND_PLAIN_TOPIC:
        return 2;
    }
    return 0;
}

static bool take_plain(struct arguments *arguments, const char *argument)
{
    if (arguments->plain_count == plain_most(arguments->command->plain)) {
        return fail(arguments, "one argument too many: ", argument);
    }
    arguments->plain[arguments->plain_count++] = argument;
    return true;
}

static unsigned count_given(const struct arguments *arguments, enum option_id id)
{
    unsigned count = 0;
    for (unsigned i = 0; i < arguments->given_count; i++) {
        count += arguments->given[i].id == id;
    }
    return count;
}

/* Options that do not repeat are few, so `given` has room for all that pass. A flag may be repeated: it says
 * the same again. */
static bool take_option(struct arguments *arguments, const struct command_option *option,
                        const char *value)
{
    unsigned count = count_given(arguments, option->id);
    if (option->value == NULL && count > 0) {
        return true;
    }
    if (!option->repeats && count > 0) {
        return fail(arguments, option->name, " is given twice");
    }
    if (count == ARGUMENTS_REPEATS_MAX || arguments->given_count == ARGUMENTS_GIVEN_MAX) {
        return fail(arguments, option->name, " is given more than 64 times");
    }
    arguments->given[arguments->given_count++] = (struct argument){option->id, value};
    return true;
}

/* The option that argv[*at] is; *at is moved on to its value if that is the next word. */
static bool read_option(struct arguments *arguments, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    bool is_long = strncmp(word, "--", 2) == 0;
    size_t length = is_long ? slice_find(slice_of(word), '=') : strlen(word);
    bool has_value = word[length] == '=';
    struct slice name = slice_make(word, length);
    const struct command_option *option = command_option_find(arguments->command, name);
    if (option == NULL) {
        return refuse_option(arguments, name);
    }
    if (option->value == NULL) {
        return has_value ? fail(arguments, option->name, " takes no value")
                         : take_option(arguments, option, NULL);
    }
    if (has_value) {
        return take_option(arguments, option, word + length + 1);
    }
    if (*at + 1 == argc) {
        return fail(arguments, word, " needs a value");
    }
    *at += 1;
    return take_option(arguments, option, argv[*at]);
}

bool arguments_read(const struct command *command, int argc, char **argv,
                    struct arguments *arguments)
{
    struct arguments found = {.command = command};
    bool are_options = true;
    for (int i = 1; i < argc && !arguments_have(&found, OPTION_HELP); i++) {
        bool is_option = are_options && argv[i][0] == '-' && argv[i][1] != '\0';
        if (is_option && strcmp(argv[i], "--") == 0) {
            are_options = false;
        } else if (is_option ? !read_option(&found, argc, argv, &i)
                             : !take_plain(&found, argv[i])) {
            return false;
        }
    }
    *arguments = found;
    return true;
}

/* ---- asking */

bool arguments_have(const struct arguments *arguments, enum option_id id)
{
    return count_given(arguments, id) > 0;
}

const char *arguments_next(const struct arguments *arguments, enum option_id id, unsigned *position)
{
    while (*position < arguments->given_count) {
        const struct argument *argument = &arguments->given[(*position)++];
        if (argument->id == id) {
            return argument->value;
        }
    }
    return NULL;
}

const char *arguments_value(const struct arguments *arguments, enum option_id id)
{
    unsigned position = 0;
    return arguments_next(arguments, id, &position);
}

const char *arguments_policy(const struct arguments *arguments)
{
    const char *named = arguments_value(arguments, OPTION_CONFIG);
    bool has_plain =
        arguments->command->plain == COMMAND_PLAIN_POLICY && arguments->plain_count > 0;
    if (named != NULL && has_plain) {
        fprintf(stderr, "verbgate: the policy is given twice: %s and %s\n", named,
                arguments->plain[0]);
        return NULL;
    }
    if (named != NULL || has_plain) {
        return has_plain ? arguments->plain[0] : named;
    }
    if (access(COMMAND_DEFAULT_FILE, F_OK) != 0) {
        fprintf(stderr,
                "verbgate: there is no " COMMAND_DEFAULT_FILE
                ": name the policy with verbgate %s -c FILE\n",
                arguments->command->name);
        arguments_print_usage(arguments->command);
        return NULL;
    }
    return COMMAND_DEFAULT_FILE;
}
