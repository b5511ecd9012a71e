/*
 * Every command is one row of one table: its name, how it is used, its options, an example and its exit
 * statuses. The parser (cli/arguments), `verbgate help`, the man page, the completion of three shells
 * and config/commands.md all come from it.
 */
#ifndef VERBGATE_CLI_COMMAND_TABLE_H
#define VERBGATE_CLI_COMMAND_TABLE_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <stdbool.h>

/* The policy of a command that is given none. */
#define COMMAND_DEFAULT_FILE "/etc/verbgate/verbgate.ini"

enum { COMMAND_USAGE_MAX = 4, COMMAND_EXAMPLES_MAX = 4, COMMAND_OPTIONS_MAX = 8 };

struct arguments;

/* What an option means to the code. One meaning may have rows in several commands. */
enum option_id {
    OPTION_CONFIG,
    OPTION_HELP,
    OPTION_LISTEN,
    OPTION_SERVER,
    OPTION_IMPLEMENTS,
    OPTION_PRINT_CONFIG,
    OPTION_STRICT,
    OPTION_LIVE,
    OPTION_JSON,
    OPTION_HTML,
    OPTION_FIELD,
    OPTION_VERSION,
    OPTION_BATCH,
    OPTION_OPENAPI,
    OPTION_PROBE,
    OPTION_UNSAFE,
    OPTION_MIN_COUNT,
    OPTION_PAGE,
    OPTION_READY,
    OPTION_TIMEOUT,
};

/* What a shell offers for a value. */
enum command_value { COMMAND_VALUE_ANY, COMMAND_VALUE_FILE, COMMAND_VALUE_WORDS };

struct command_option {
    enum option_id id;
    const char *name;        /* "--config" */
    const char *letter;      /* "-c"; NULL: there is no short form */
    const char *value;       /* "FILE", how the help calls the value; NULL: the option is a flag */
    enum command_value kind; /* of the value */
    const char *words;       /* COMMAND_VALUE_WORDS: the choices, separated by spaces */
    bool repeats;            /* it may be given more than once */
    const char *help;        /* one line without a full stop */
};

struct command_status {
    int number;
    const char *meaning; /* one line without a full stop */
};

struct command_example {
    const char *line; /* what is typed */
    const char *what; /* one line without a full stop */
};

/* What stands on the command line beside options. */
enum command_plain {
    COMMAND_PLAIN_NONE,
    COMMAND_PLAIN_POLICY, /* FILE in place of -c FILE */
    COMMAND_PLAIN_FILE,
    COMMAND_PLAIN_REQUEST, /* METHOD URL */
    COMMAND_PLAIN_TOPIC,   /* a command, a key, a [section] and a key */
};

struct command {
    const char *name;
    int (*run)(const struct arguments *arguments); /* returns the exit status */
    const char *summary;                           /* one line without a full stop */
    const char *usage[COMMAND_USAGE_MAX];          /* without "verbgate "; NULL behind the last */
    const char *description;                       /* paragraphs, separated by an empty line */
    const struct command_option *options;
    unsigned option_count;
    enum command_plain plain;
    struct command_example examples[COMMAND_EXAMPLES_MAX]; /* line NULL behind the last */
    const struct command_status *statuses;
    unsigned status_count;
};

/* What a signal does to `verbgate run`. */
struct command_signal {
    const char *name;
    const char *effect; /* one sentence or more */
};

/* The commands in the order of the help; NULL behind the last. */
const struct command *command_at(size_t index);

/* The command of this name, or NULL. */
const struct command *command_find(struct slice name);

/* The command that was meant by `name`; the empty slice when none is near. */
struct slice command_suggest(struct slice name);

/* The option `name` ("--strict", "-c") of a command, or NULL. */
const struct command_option *command_option_find(const struct command *command, struct slice name);

/* The option that was meant by `name`; the empty slice when none is near. */
struct slice command_option_suggest(const struct command *command, struct slice name);

/* All exit statuses of the program, in order, with what each means in general. */
const struct command_status *command_statuses(unsigned *count);

/* The signals that `run` hears. */
const struct command_signal *command_signals(unsigned *count);

#endif
