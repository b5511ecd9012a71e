#include "verbgate/base/columns.h"
#include "verbgate/cli/help.h"

enum { COMMAND_COLUMN = 12, OPTION_COLUMN = 29, STATUS_COLUMN = 8, SIGNAL_COLUMN = 12 };

static void write_usage(struct writer *writer, const struct command *command, const char *first)
{
    for (unsigned i = 0; i < COMMAND_USAGE_MAX && command->usage[i] != NULL; i++) {
        writer_format(writer, "%*sverbgate %s\n", (int)strlen(first), i == 0 ? first : "",
                      command->usage[i]);
    }
}

static void write_statuses(struct writer *writer, const struct command_status *statuses,
                           unsigned count)
{
    writer_literal(writer, "\nExit status:\n");
    for (unsigned i = 0; i < count; i++) {
        char number[16];
        struct writer left = writer_make(number, sizeof number);
        writer_number(&left, (uint64_t)statuses[i].number);
        writer_string(&left, statuses[i].number == 128 ? "+N" : "");
        columns_write_row(writer, writer_slice(&left), slice_of(statuses[i].meaning),
                          STATUS_COLUMN);
    }
}

static void write_signals(struct writer *writer)
{
    writer_literal(writer, "\nSignals to run:\n");
    unsigned count;
    const struct command_signal *signals = command_signals(&count);
    for (unsigned i = 0; i < count; i++) {
        columns_write_row(writer, slice_of(signals[i].name), slice_of(signals[i].effect),
                          SIGNAL_COLUMN);
    }
}

void help_write_overview(struct writer *writer)
{
    writer_literal(writer, "verbgate: a reverse proxy that knows what each backend can do\n"
                           "\n"
                           "Usage: verbgate COMMAND [OPTION]...\n"
                           "       verbgate --version\n"
                           "\n"
                           "Commands:\n");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        columns_write_row(writer, slice_of(command->name), slice_of(command->summary),
                          COMMAND_COLUMN);
        write_usage(writer, command, "            ");
    }
    writer_literal(writer, "\n"
                           "The policy is -c FILE; - is standard input. Without it the policy "
                           "is\n" COMMAND_DEFAULT_FILE ". More:\n"
                           "  verbgate help COMMAND    options, examples and exit status\n"
                           "  verbgate help KEY        an option of the policy\n");
    unsigned count;
    const struct command_status *statuses = command_statuses(&count);
    write_statuses(writer, statuses, count);
    write_signals(writer);
}

static void write_option(struct writer *writer, const struct command_option *option)
{
    char text[64];
    struct writer left = writer_make(text, sizeof text);
    writer_string(&left, option->letter == NULL ? "    " : option->letter);
    writer_string(&left, option->letter == NULL ? "" : ", ");
    writer_string(&left, option->name);
    if (option->value != NULL) {
        writer_byte(&left, ' ');
        writer_string(&left, option->value);
    }
    columns_write_row(writer, writer_slice(&left), slice_of(option->help), OPTION_COLUMN);
}

void help_write_command(struct writer *writer, const struct command *command)
{
    write_usage(writer, command, "Usage: ");
    writer_byte(writer, '\n');
    columns_write_text(writer, slice_of(command->description), 0);
    writer_literal(writer, "\nOptions:\n");
    for (unsigned i = 0; i < command->option_count; i++) {
        write_option(writer, &command->options[i]);
    }
    writer_literal(writer, "\nExamples:\n");
    for (unsigned i = 0; i < COMMAND_EXAMPLES_MAX && command->examples[i].line != NULL; i++) {
        writer_format(writer, "  # %s\n  %s\n", command->examples[i].what,
                      command->examples[i].line);
    }
    write_statuses(writer, command->statuses, command->status_count);
    bool is_run = slice_equal(slice_of(command->name), SLICE("run"));
    if (is_run) {
        write_signals(writer);
    }
}
