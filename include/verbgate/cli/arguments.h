/* The command line of one command, read by its row of the table: options in any order, and what is left. */
#ifndef VERBGATE_CLI_ARGUMENTS_H
#define VERBGATE_CLI_ARGUMENTS_H

#include "verbgate/base/attributes.h"
#include "verbgate/cli/command_table.h"

#include <stdbool.h>

enum {
    ARGUMENTS_PLAIN_MAX = 2,
    ARGUMENTS_REPEATS_MAX = 64, /* of one option that repeats */
    ARGUMENTS_GIVEN_MAX = ARGUMENTS_REPEATS_MAX + 16,
};

struct argument {
    enum option_id id;
    const char *value; /* NULL: a flag */
};

struct arguments {
    const struct command *command;
    struct argument given[ARGUMENTS_GIVEN_MAX]; /* the options in the order of the command line */
    unsigned given_count;
    const char *plain[ARGUMENTS_PLAIN_MAX];
    unsigned plain_count;
};

/*
 * Reads argv[1..argc) for `command`. A value follows its option, or stands in the same word behind '=':
 * --config=FILE. A word behind "--" is no option. Reading ends at --help. Returns false, after a line on standard
 * error, for an option that the command does not have, one without its value, one given twice that may not repeat,
 * and for more other arguments than the command takes; then *arguments is left alone.
 */
MUST_CHECK bool arguments_read(const struct command *command, int argc, char **argv,
                               struct arguments *arguments);

/* Whether an option was given. */
bool arguments_have(const struct arguments *arguments, enum option_id id);

/* The value of an option, the first if it repeats; NULL when it was not given. */
const char *arguments_value(const struct arguments *arguments, enum option_id id);

/* The next value of an option that repeats, from *position on, which starts at 0; NULL behind the last. */
const char *arguments_next(const struct arguments *arguments, enum option_id id,
                           unsigned *position);

/* The path of the policy: of -c, the only other argument where the command takes it so, or
 * COMMAND_DEFAULT_FILE. NULL, after a line on standard error: both are given, or there is no such file. */
MUST_CHECK const char *arguments_policy(const struct arguments *arguments);

/* Writes how a command is used to standard error, behind the line that says what is wrong. */
void arguments_print_usage(const struct command *command);

#endif
