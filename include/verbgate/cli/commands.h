/* The commands of the program: each takes its arguments and returns the exit status of the process. */
#ifndef VERBGATE_CLI_COMMANDS_H
#define VERBGATE_CLI_COMMANDS_H

struct arguments;

/* Exit statuses. Those of explain tell the verdicts apart, for scripts and CI. */
enum {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1, /* the policy has errors, or the gateway could not start */
    COMMAND_USAGE = 2,
    COMMAND_NOT_IMPLEMENTED = 10, /* 501 */
    COMMAND_NOT_ALLOWED = 11,     /* 405 */
    COMMAND_VERSION = 12,         /* 505 */
    COMMAND_NOT_FOUND = 13,       /* 404 */
    COMMAND_REFUSED = 14,         /* any other refusal */
    COMMAND_SIGNAL = 128,         /* and the number of a signal that ended it at once */
};

/* Each is described by its row of the table (cli/command_table). */
int command_run(const struct arguments *arguments);
int command_check(const struct arguments *arguments);
int command_explain(const struct arguments *arguments);
int command_methods(const struct arguments *arguments);
int command_config(const struct arguments *arguments);
int command_learn(const struct arguments *arguments);
int command_health(const struct arguments *arguments);
int command_help(const struct arguments *arguments);

#endif
