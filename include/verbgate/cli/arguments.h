/* The command line: options with a value in any order, and what is left. */
#ifndef VERBGATE_CLI_ARGUMENTS_H
#define VERBGATE_CLI_ARGUMENTS_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>

enum { ARGUMENTS_PLAIN_MAX = 4 };

struct arguments {
    const char *file;    /* -c, --config; NULL when missing */
    const char *version; /* --version VALUE; NULL when missing */
    const char *plain[ARGUMENTS_PLAIN_MAX];
    unsigned plain_count;
};

/* Reads argv[1..argc). Returns false, after a line on standard error, for an unknown option, an
 * option without its value, or more than `plain_max` other arguments. */
MUST_CHECK bool arguments_read(int argc, char **argv, unsigned plain_max,
                               struct arguments *arguments);

#endif
