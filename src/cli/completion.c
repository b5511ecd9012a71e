/* Completion for shells. Each script knows all commands, their options, and what stands for a value. */
#include "page_writers.h"
#include "verbgate/cli/command_table.h"

static void write_word(struct writer *writer, const char *word)
{
    writer_byte(writer, ' ');
    writer_string(writer, word);
}

static void write_commands(struct writer *writer)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        write_word(writer, command->name);
    }
}

static bool takes_files(const struct command *command)
{
    return command->plain == COMMAND_PLAIN_POLICY || command->plain == COMMAND_PLAIN_FILE;
}

/* ---- bash */

#define BASH_WORDS "mapfile -t COMPREPLY < <(compgen -W '"
#define BASH_FILES \
    "compopt -o filenames 2>/dev/null\n        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")"

static void bash_end_words(struct writer *writer)
{
    writer_literal(writer, "' -- \"$word\")\n        ;;\n");
}

/* What may stand behind an option that has a value. */
static void bash_value(struct writer *writer, const struct command *command,
                       const struct command_option *option)
{
    if (option->letter != NULL) {
        writer_format(writer, "    %s:%s | %s:%s)\n", command->name, option->letter, command->name,
                      option->name);
    } else {
        writer_format(writer, "    %s:%s)\n", command->name, option->name);
    }
    switch (option->kind) {
    case COMMAND_VALUE_FILE:
        writer_literal(writer, "        " BASH_FILES "\n        return\n        ;;\n");
        break;
    case COMMAND_VALUE_WORDS:
        writer_literal(writer, "        " BASH_WORDS);
        writer_string(writer, option->words);
        writer_literal(writer, "' -- \"$word\")\n        return\n        ;;\n");
        break;
    case COMMAND_VALUE_ANY:
        writer_literal(writer, "        return\n        ;;\n");
        break;
    }
}

static void bash_options(struct writer *writer, const struct command *command)
{
    writer_format(writer, "    %s:-*)\n        " BASH_WORDS, command->name);
    for (unsigned i = 0; i < command->option_count; i++) {
        if (command->options[i].letter != NULL) {
            write_word(writer, command->options[i].letter);
        }
        write_word(writer, command->options[i].name);
    }
    bash_end_words(writer);
    if (command->plain == COMMAND_PLAIN_TOPIC) {
        writer_format(writer, "    %s:*)\n        " BASH_WORDS, command->name);
        pages_each_topic(writer, write_word);
        bash_end_words(writer);
    } else if (takes_files(command)) {
        writer_format(writer, "    %s:*)\n        " BASH_FILES "\n        ;;\n", command->name);
    }
}

void completion_write_bash(struct writer *writer)
{
    writer_literal(
        writer,
        "# bash completion for verbgate; made by: verbgate help --page bash\n"
        "_verbgate() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=''\n"
        "    COMPREPLY=()\n"
        "    [ \"$COMP_CWORD\" -gt 1 ] && command=${COMP_WORDS[1]}\n"
        "    case $command in\n"
        "    -*) command=run ;;\n"
        "    esac\n"
        "    case $command:$before in\n");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        for (unsigned j = 0; j < command->option_count; j++) {
            if (command->options[j].value != NULL) {
                bash_value(writer, command, &command->options[j]);
            }
        }
    }
    writer_literal(writer, "    esac\n"
                           "    case $command:$word in\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        bash_options(writer, command);
    }
    writer_literal(writer, "    :*)\n        " BASH_WORDS);
    write_commands(writer);
    writer_literal(writer, " --help --version");
    bash_end_words(writer);
    writer_literal(writer, "    esac\n"
                           "}\n"
                           "complete -F _verbgate verbgate\n");
}

/* ---- zsh */

/* Text within single quotes; `special` are the bytes that _arguments and _describe want a backslash before. */
static void zsh_text(struct writer *writer, const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            writer_literal(writer, "'\\''");
            continue;
        }
        if (strchr(special, *text) != NULL) {
            writer_byte(writer, '\\');
        }
        writer_byte(writer, *text);
    }
}

static void zsh_option(struct writer *writer, const struct command_option *option)
{
    writer_literal(writer, " \\\n            ");
    if (option->letter != NULL) {
        writer_format(writer, "'(%s %s)'{%s,%s}'", option->letter, option->name, option->letter,
                      option->name);
    } else {
        writer_format(writer, "'%s%s", option->repeats ? "*" : "", option->name);
    }
    writer_byte(writer, '[');
    zsh_text(writer, option->help, "[]:\\");
    writer_byte(writer, ']');
    if (option->value != NULL) {
        writer_byte(writer, ':');
        zsh_text(writer, option->value, "[]:\\");
        writer_byte(writer, ':');
    }
    if (option->kind == COMMAND_VALUE_FILE) {
        writer_literal(writer, "_files");
    } else if (option->kind == COMMAND_VALUE_WORDS) {
        writer_format(writer, "(%s)", option->words);
    } else if (option->value != NULL) {
        writer_byte(writer, ' ');
    }
    writer_byte(writer, '\'');
}

static void zsh_command(struct writer *writer, const struct command *command)
{
    writer_format(writer, "    %s)\n        _arguments -s", command->name);
    for (unsigned i = 0; i < command->option_count; i++) {
        zsh_option(writer, &command->options[i]);
    }
    if (command->plain == COMMAND_PLAIN_TOPIC) {
        writer_literal(writer, " \\\n            '*:topic:(");
        pages_each_topic(writer, write_word);
        writer_literal(writer, ")'");
    } else if (takes_files(command)) {
        writer_literal(writer, " \\\n            '*:file:_files'");
    }
    writer_literal(writer, "\n        ;;\n");
}

void completion_write_zsh(struct writer *writer)
{
    writer_literal(writer, "#compdef verbgate\n"
                           "# zsh completion for verbgate; made by: verbgate help --page zsh\n"
                           "_verbgate() {\n"
                           "    local command=$words[2]\n"
                           "    local -a commands=(\n");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        writer_format(writer, "        '%s:", command->name);
        zsh_text(writer, command->summary, ":\\");
        writer_literal(writer, "'\n");
    }
    writer_literal(writer, "    )\n"
                           "    if (( CURRENT == 2 )); then\n"
                           "        _describe -t commands command commands\n"
                           "        _arguments '(- *)--help[Print the overview]' "
                           "'(- *)--version[Print the versions]'\n"
                           "        return\n"
                           "    fi\n"
                           "    shift words\n"
                           "    (( CURRENT-- ))\n"
                           "    case $command in\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        zsh_command(writer, command);
    }
    writer_literal(writer, "    esac\n"
                           "}\n"
                           "_verbgate \"$@\"\n");
}

/* ---- fish */

static void fish_text(struct writer *writer, const char *text)
{
    writer_byte(writer, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') {
            writer_byte(writer, '\\');
        }
        writer_byte(writer, *text);
    }
    writer_byte(writer, '\'');
}

static void fish_start(struct writer *writer, const struct command *command)
{
    writer_format(writer, "complete -c verbgate -n '__fish_seen_subcommand_from %s'",
                  command->name);
}

static void fish_option(struct writer *writer, const struct command *command,
                        const struct command_option *option)
{
    fish_start(writer, command);
    if (option->letter != NULL) {
        writer_format(writer, " -s %s", option->letter + 1);
    }
    writer_format(writer, " -l %s", option->name + 2);
    if (option->kind == COMMAND_VALUE_FILE) {
        writer_literal(writer, " -r -F");
    } else if (option->kind == COMMAND_VALUE_WORDS) {
        writer_format(writer, " -x -a '%s'", option->words);
    } else if (option->value != NULL) {
        writer_literal(writer, " -x");
    }
    writer_literal(writer, " -d ");
    fish_text(writer, option->help);
    writer_byte(writer, '\n');
}

static void fish_command(struct writer *writer, const struct command *command)
{
    writer_format(writer, "complete -c verbgate -n __fish_use_subcommand -a %s -d ", command->name);
    fish_text(writer, command->summary);
    writer_byte(writer, '\n');
    for (unsigned i = 0; i < command->option_count; i++) {
        fish_option(writer, command, &command->options[i]);
    }
    if (command->plain == COMMAND_PLAIN_TOPIC) {
        fish_start(writer, command);
        writer_literal(writer, " -a '");
        pages_each_topic(writer, write_word);
        writer_literal(writer, "'\n");
    } else if (takes_files(command)) {
        fish_start(writer, command);
        writer_literal(writer, " -F\n");
    }
}

void completion_write_fish(struct writer *writer)
{
    writer_literal(writer,
                   "# fish completion for verbgate; made by: verbgate help --page fish\n"
                   "complete -c verbgate -f\n"
                   "complete -c verbgate -n __fish_use_subcommand -l help -d 'Print the overview'\n"
                   "complete -c verbgate -n __fish_use_subcommand -l version "
                   "-d 'Print the versions'\n");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        fish_command(writer, command);
    }
}
