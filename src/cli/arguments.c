#include "verbgate/cli/arguments.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned bit; /* 0: every command takes it */
    bool is_flag;
} known[] = {
    {"-c", 0, false},
    {"--config", 0, false},
    {"--version", ARGUMENTS_VERSION, false},
    {"--field", ARGUMENTS_FIELD, false},
    {"--json", ARGUMENTS_JSON, true},
    {"--html", ARGUMENTS_HTML, true},
    {"--batch", ARGUMENTS_BATCH, true},
    {"--strict", ARGUMENTS_STRICT, true},
};

enum { KNOWN_COUNT = sizeof known / sizeof known[0] };

static size_t find_option(const char *argument, unsigned options)
{
    size_t i = 0;
    while (i < KNOWN_COUNT && (strcmp(argument, known[i].name) != 0 ||
                               (known[i].bit != 0 && (options & known[i].bit) == 0))) {
        i++;
    }
    return i;
}

static bool fail(const char *sentence, const char *argument)
{
    fprintf(stderr, "verbgate: %s%s\n", argument, sentence);
    return false;
}

static bool *flag_of(struct arguments *arguments, unsigned bit)
{
    switch (bit) {
    case ARGUMENTS_JSON:
        return &arguments->wants_json;
    case ARGUMENTS_HTML:
        return &arguments->wants_html;
    case ARGUMENTS_BATCH:
        return &arguments->is_batch;
    default:
        return &arguments->is_strict;
    }
}

static bool take_value(struct arguments *arguments, unsigned bit, const char *name,
                       const char *value)
{
    if (bit == ARGUMENTS_FIELD) {
        if (arguments->field_count == ARGUMENTS_FIELDS_MAX) {
            return fail(" is given more than 64 times", name);
        }
        arguments->fields[arguments->field_count++] = value;
        return true;
    }
    const char **place = bit == ARGUMENTS_VERSION ? &arguments->version : &arguments->file;
    if (*place != NULL) {
        return fail(" is given twice", name);
    }
    *place = value;
    return true;
}

static bool take_plain(struct arguments *arguments, const char *argument, unsigned plain_max)
{
    if (argument[0] == '-' && argument[1] != '\0') {
        fprintf(stderr, "verbgate: unknown option %s; see verbgate --help\n", argument);
        return false;
    }
    if (arguments->plain_count == plain_max) {
        fprintf(stderr, "verbgate: one argument too many: %s\n", argument);
        return false;
    }
    arguments->plain[arguments->plain_count++] = argument;
    return true;
}

bool arguments_read(int argc, char **argv, unsigned plain_max, unsigned options,
                    struct arguments *arguments)
{
    struct arguments found = {.file = NULL};
    for (int i = 1; i < argc; i++) {
        size_t option = find_option(argv[i], options);
        if (option == KNOWN_COUNT) {
            if (!take_plain(&found, argv[i], plain_max)) {
                return false;
            }
        } else if (known[option].is_flag) {
            *flag_of(&found, known[option].bit) = true;
        } else if (i + 1 == argc) {
            return fail(" needs a value", argv[i]);
        } else if (!take_value(&found, known[option].bit, argv[i], argv[i + 1])) {
            return false;
        } else {
            i++;
        }
    }
    *arguments = found;
    return true;
}

bool arguments_read_with_file(int argc, char **argv, unsigned plain_max, unsigned options,
                              const char *usage, struct arguments *arguments)
{
    if (!arguments_read(argc, argv, plain_max, options, arguments)) {
        return false;
    }
    if (arguments->file == NULL) {
        fprintf(stderr, "verbgate: %s needs a policy: verbgate %s\n", argv[0], usage);
        return false;
    }
    return true;
}
