#include "verbgate/cli/arguments.h"

#include <stdio.h>
#include <string.h>

static bool is_one_of(const char *argument, const char *short_name, const char *long_name)
{
    return strcmp(argument, short_name) == 0 || strcmp(argument, long_name) == 0;
}

static const char **find_option(struct arguments *arguments, const char *argument)
{
    if (is_one_of(argument, "-c", "--config")) {
        return &arguments->file;
    }
    return strcmp(argument, "--version") == 0 ? &arguments->version : NULL;
}

bool arguments_read(int argc, char **argv, unsigned plain_max, struct arguments *arguments)
{
    struct arguments found = {.file = NULL};
    for (int i = 1; i < argc; i++) {
        const char **option = find_option(&found, argv[i]);
        if (option != NULL) {
            if (i + 1 == argc) {
                fprintf(stderr, "verbgate: %s needs a value\n", argv[i]);
                return false;
            }
            *option = argv[++i];
        } else if (argv[i][0] == '-' && argv[i][1] != '\0') {
            fprintf(stderr, "verbgate: unknown option %s; see verbgate --help\n", argv[i]);
            return false;
        } else if (found.plain_count == plain_max) {
            fprintf(stderr, "verbgate: one argument too many: %s\n", argv[i]);
            return false;
        } else {
            found.plain[found.plain_count++] = argv[i];
        }
    }
    *arguments = found;
    return true;
}
