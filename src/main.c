#include "verbgate/base/standard_streams.h"
#include "verbgate/cli/commands.h"
#include "verbgate/server/gateway.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", command_run},         {"check", command_check},   {"explain", command_explain},
    {"methods", command_methods}, {"config", command_config}, {"learn", command_learn},
};

static int print_version(void)
{
    printf("verbgate %s (libuv %s, llhttp %s)\n", VERBGATE_VERSION, gateway_libuv_version(),
           gateway_llhttp_version());
    return COMMAND_OK;
}

/* "verbgate help", and --help behind any command. */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return true;
        }
    }
    return argc > 1 && strcmp(argv[1], "help") == 0;
}

int main(int argc, char **argv)
{
    if (!standard_streams_reserve()) {
        return COMMAND_FAILED;
    }
    const char *first = argc < 2 ? "" : argv[1];
    if (wants_help(argc, argv)) {
        command_help(stdout);
        return COMMAND_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(first, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        return print_version();
    }
    if (strcmp(first, "-c") == 0 || strcmp(first, "--config") == 0) {
        return command_run(argc, argv);
    }
    if (first[0] != '\0') {
        fprintf(stderr, "verbgate: unknown command %s\n\n", first);
    }
    command_help(stderr);
    return COMMAND_USAGE;
}
