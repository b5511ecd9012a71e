/* The command line: options in any order, and what is left. */
#ifndef VERBGATE_CLI_ARGUMENTS_H
#define VERBGATE_CLI_ARGUMENTS_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>

enum { ARGUMENTS_PLAIN_MAX = 4, ARGUMENTS_FIELDS_MAX = 64 };

/* Which options a command takes beside -c. */
enum {
    ARGUMENTS_VERSION = 1,
    ARGUMENTS_FIELD = 2,
    ARGUMENTS_JSON = 4,
    ARGUMENTS_HTML = 8,
    ARGUMENTS_BATCH = 16,
    ARGUMENTS_STRICT = 32,
};

struct arguments {
    const char *file;                         /* -c, --config; NULL when missing */
    const char *version;                      /* --version VALUE; NULL when missing */
    const char *fields[ARGUMENTS_FIELDS_MAX]; /* --field VALUE, each time */
    unsigned field_count;
    bool wants_json, wants_html, is_batch, is_strict;
    const char *plain[ARGUMENTS_PLAIN_MAX];
    unsigned plain_count;
};

/* Reads argv[1..argc). Returns false, after a line on standard error, for an option that is not among
 * `options`, one without its value, one given twice, or more than `plain_max` other arguments. */
MUST_CHECK bool arguments_read(int argc, char **argv, unsigned plain_max, unsigned options,
                               struct arguments *arguments);

/* The same for a command that needs a policy; `usage` is how it is called. */
MUST_CHECK bool arguments_read_with_file(int argc, char **argv, unsigned plain_max,
                                         unsigned options, const char *usage,
                                         struct arguments *arguments);

#endif
