/*
 * The commands of the program: each takes its own arguments (argv[0] is the command's name) and
 * returns the process's exit status.
 */
#ifndef VERBGATE_CLI_COMMANDS_H
#define VERBGATE_CLI_COMMANDS_H

/* Exit statuses. EXIT_* of explain tell the verdicts apart, for scripts and CI. */
enum {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1, /* the policy has errors, or the gateway could not start */
    COMMAND_USAGE = 2,
    COMMAND_NOT_IMPLEMENTED = 10, /* 501 */
    COMMAND_NOT_ALLOWED = 11,     /* 405 */
    COMMAND_VERSION = 12,         /* 505 */
    COMMAND_NOT_FOUND = 13,       /* 404 */
    COMMAND_REFUSED = 14,         /* any other refusal */
};

/* verbgate run -c FILE */
int command_run(int argc, char **argv);

/* verbgate check -c FILE */
int command_check(int argc, char **argv);

/* verbgate explain -c FILE METHOD URL [--version 1.0] */
int command_explain(int argc, char **argv);

/* verbgate learn RECORD.json | --openapi FILE.json | --probe URL */
int command_learn(int argc, char **argv);

/* Writes the help to `stream` (a FILE *). */
void command_help(void *stream);

#endif
