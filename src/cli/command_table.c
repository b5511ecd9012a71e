#include "verbgate/cli/command_table.h"

#include "command_rows.h"
#include "verbgate/base/nearest.h"
#include "verbgate/cli/commands.h"

const struct command *command_at(size_t index)
{
    return index < command_row_count ? &command_rows[index] : NULL;
}

const struct command *command_find(struct slice name)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (slice_equal(slice_of(command->name), name)) {
            return command;
        }
    }
    return NULL;
}

struct slice command_suggest(struct slice name)
{
    struct nearest nearest = nearest_start(name);
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        nearest_try(&nearest, slice_of(command->name));
    }
    return nearest.word;
}

const struct command_option *command_option_find(const struct command *command, struct slice name)
{
    for (unsigned i = 0; i < command->option_count; i++) {
        const struct command_option *option = &command->options[i];
        if (slice_equal(slice_of(option->name), name) ||
            (option->letter != NULL && slice_equal(slice_of(option->letter), name))) {
            return option;
        }
    }
    return NULL;
}

struct slice command_option_suggest(const struct command *command, struct slice name)
{
    struct nearest nearest = nearest_start(name);
    for (unsigned i = 0; i < command->option_count; i++) {
        nearest_try(&nearest, slice_of(command->options[i].name));
    }
    return nearest.word;
}

const struct command_status *command_statuses(unsigned *count)
{
    static const struct command_status statuses[] = {
        {COMMAND_OK, "Done; for explain: the request is forwarded or answered"},
        {COMMAND_FAILED, "Failed: the policy has errors, or what was asked for was not possible"},
        {COMMAND_USAGE, "The command line is wrong"},
        {COMMAND_NOT_IMPLEMENTED, "explain: the request is refused with 501"},
        {COMMAND_NOT_ALLOWED, "explain: the request is refused with 405"},
        {COMMAND_VERSION, "explain: the request is refused with 505"},
        {COMMAND_NOT_FOUND, "explain: the request is refused with 404"},
        {COMMAND_REFUSED, "explain: the request is refused with any other status"},
        {COMMAND_SIGNAL, "run: a second signal with this number less 128 ended it at once"},
    };
    *count = sizeof statuses / sizeof statuses[0];
    return statuses;
}

const struct command_signal *command_signals(unsigned *count)
{
    static const struct command_signal signals[] = {
        {"SIGHUP",
         "Reloads the policy, whole or not at all. Running requests end under the old one."},
        {"SIGUSR1", "Opens the access log again after it was moved away, and writes the record of "
                    "observe."},
        {"SIGTERM, SIGINT, SIGQUIT",
         "Stops accepting, finishes what runs within drain-timeout, and exits with 0. A second one "
         "more than a second later exits at once with 128 and its number."},
        {"SIGUSR2",
         "Starts the program anew, which takes over once it is ready; no request is lost."},
    };
    *count = sizeof signals / sizeof signals[0];
    return signals;
}
