/* The commands as a part of config/commands.md. */
#include "page_writers.h"
#include "verbgate/cli/command_table.h"

/* In a cell of a table, | would end the cell. */
static void write_cell(struct writer *writer, const char *text)
{
    for (; *text != '\0'; text++) {
        writer_string(writer, *text == '|' ? "\\" : "");
        writer_byte(writer, *text);
    }
}

/* Lines of at most 118 bytes, broken between words. */
static void write_wrapped(struct writer *writer, const char *text)
{
    enum { WIDTH = 118 };
    size_t used = 0;
    struct slice rest = slice_of(text);
    while (rest.length > 0) {
        size_t end = 0;
        while (end < rest.length && rest.data[end] != ' ' && rest.data[end] != '\n') {
            end++;
        }
        bool is_wide = used + 1 + end > WIDTH;
        writer_string(writer, used == 0 ? "" : is_wide ? "\n" : " ");
        writer_put(writer, slice_make(rest.data, end));
        used = used == 0 || is_wide ? end : used + 1 + end;
        rest = slice_after(rest, end);
        if (slice_starts_with(rest, SLICE("\n\n"))) {
            writer_literal(writer, "\n\n");
            used = 0;
        }
        while (rest.length > 0 && (rest.data[0] == ' ' || rest.data[0] == '\n')) {
            rest = slice_after(rest, 1);
        }
    }
    writer_byte(writer, '\n');
}

static void write_statuses(struct writer *writer, const struct command_status *statuses,
                           unsigned count)
{
    writer_literal(writer, "\n| exit status | meaning |\n|---|---|\n");
    for (unsigned i = 0; i < count; i++) {
        writer_format(writer, "| %d%s | ", statuses[i].number,
                      statuses[i].number == 128 ? " + N" : "");
        write_cell(writer, statuses[i].meaning);
        writer_literal(writer, ". |\n");
    }
}

static void write_options(struct writer *writer, const struct command *command)
{
    writer_literal(writer, "\n| option | meaning |\n|---|---|\n");
    for (unsigned i = 0; i < command->option_count; i++) {
        const struct command_option *option = &command->options[i];
        writer_literal(writer, "| ");
        if (option->letter != NULL) {
            writer_format(writer, "`%s`, ", option->letter);
        }
        writer_format(writer, "`%s%s%s` | ", option->name, option->value == NULL ? "" : " ",
                      option->value == NULL ? "" : option->value);
        write_cell(writer, option->help);
        writer_string(writer, option->repeats ? "; may repeat. |\n" : ". |\n");
    }
}

static void write_command(struct writer *writer, const struct command *command)
{
    writer_format(writer, "\n### verbgate %s\n\n```\n", command->name);
    for (unsigned i = 0; i < COMMAND_USAGE_MAX && command->usage[i] != NULL; i++) {
        writer_format(writer, "verbgate %s\n", command->usage[i]);
    }
    writer_format(writer, "```\n\n%s.\n\n", command->summary);
    write_wrapped(writer, command->description);
    write_options(writer, command);
    writer_literal(writer, "\n```\n");
    for (unsigned i = 0; i < COMMAND_EXAMPLES_MAX && command->examples[i].line != NULL; i++) {
        writer_format(writer, "# %s\n%s\n", command->examples[i].what, command->examples[i].line);
    }
    writer_literal(writer, "```\n");
    write_statuses(writer, command->statuses, command->status_count);
}

/* The page that is named has more of each than the tables. */
static void write_signals(struct writer *writer)
{
    writer_literal(writer,
                   "\n## Signals\n\n[process.md](process.md#signals) says what `run` does on");
    unsigned count;
    const struct command_signal *signals = command_signals(&count);
    for (unsigned i = 0; i < count; i++) {
        writer_format(writer, "%s %s", i == 0 ? "" : ",", signals[i].name);
    }
    writer_literal(writer, ".\n");
}

void markdown_write_commands(struct writer *writer)
{
    writer_literal(writer, "## Commands\n");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        write_command(writer, command);
    }
    writer_literal(writer, "\n## Exit status\n");
    unsigned count;
    const struct command_status *statuses = command_statuses(&count);
    write_statuses(writer, statuses, count);
    write_signals(writer);
}
