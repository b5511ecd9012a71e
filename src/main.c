#include "verbgate/base/standard_streams.h"
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/help.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/telemetry/versions.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int print_version(void)
{
    printf("verbgate %s (libuv %s, llhttp %s)\n", VERBGATE_VERSION, versions_libuv(),
           versions_llhttp());
    return standard_output_end() ? COMMAND_OK : COMMAND_FAILED;
}

static int refuse_command(const char *name)
{
    struct slice near = command_suggest(slice_of(name));
    fprintf(stderr, "verbgate: unknown command %s", name);
    if (near.length > 0) {
        fprintf(stderr, "; did you mean %.*s?\n", SLICE_PRINT(near));
    } else {
        fputs("; verbgate --help lists the commands\n", stderr);
    }
    return COMMAND_USAGE;
}

static bool is_any(const char *word, const char *letter, const char *name)
{
    return strcmp(word, letter) == 0 || strcmp(word, name) == 0;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read(command, argc, argv, &arguments)) {
        return COMMAND_USAGE;
    }
    return arguments_have(&arguments, OPTION_HELP) ? help_print_command(command)
                                                   : command->run(&arguments);
}

int main(int argc, char **argv)
{
    if (!standard_streams_reserve()) {
        return COMMAND_FAILED;
    }
    /* A reader of our output that went away is an error of the write, which each command sees. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        return help_refuse_nothing();
    }
    const char *first = argv[1];
    if (is_any(first, "-h", "--help")) {
        return help_print_overview();
    }
    if (is_any(first, "-V", "--version")) {
        return print_version();
    }
    if (first[0] == '-') {
        return run_command(command_find(SLICE("run")), argc, argv);
    }
    const struct command *command = command_find(slice_of(first));
    return command == NULL ? refuse_command(first) : run_command(command, argc - 1, argv + 1);
}
