/* The rows of the table of commands, which cli/command_table reads. */
#ifndef VERBGATE_CLI_COMMAND_ROWS_H
#define VERBGATE_CLI_COMMAND_ROWS_H

#include "verbgate/cli/command_table.h"

extern const struct command command_rows[];
extern const size_t command_row_count;

#endif
