/* What `verbgate help` prints, made from the table of commands and from the table of options. */
#ifndef VERBGATE_CLI_HELP_H
#define VERBGATE_CLI_HELP_H

#include "verbgate/base/writer.h"
#include "verbgate/cli/command_table.h"

/* All commands with their usage, the exit statuses, and the signals. */
void help_write_overview(struct writer *writer);

/* The page of one command: usage, description, options, examples, exit statuses. */
void help_write_command(struct writer *writer, const struct command *command);

/* Print them to standard output. Return the exit status. */
int help_print_overview(void);
int help_print_command(const struct command *command);

/* Prints the overview to standard error, for a command line without a command. Returns the exit status. */
int help_refuse_nothing(void);

#endif
