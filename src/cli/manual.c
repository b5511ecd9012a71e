/* Man pages, in the macros of man(7). */
#include "page_writers.h"
#include "verbgate/cli/command_table.h"
#include "verbgate/config/schema.h"

/* ---- roff */

/* Text as it is: what roff would read as a request, an escape or a typographic sign is written so that it is not. */
static void write_plain(struct writer *writer, struct slice text)
{
    bool is_at_start = true;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (is_at_start && (byte == '.' || byte == '\'')) {
            writer_literal(writer, "\\&");
        }
        is_at_start = byte == '\n';
        switch (byte) {
        case '\\':
            writer_literal(writer, "\\e");
            break;
        case '-':
            writer_literal(writer, "\\-");
            break;
        case '\'':
            writer_literal(writer, "\\(aq");
            break;
        case '`':
            writer_literal(writer, "\\(ga");
            break;
        case '^':
            writer_literal(writer, "\\(ha");
            break;
        case '~':
            writer_literal(writer, "\\(ti");
            break;
        default:
            writer_byte(writer, byte);
            break;
        }
    }
}

static void write_bold(struct writer *writer, const char *text)
{
    writer_literal(writer, "\\fB");
    write_plain(writer, slice_of(text));
    writer_literal(writer, "\\fR");
}

static void write_italic(struct writer *writer, const char *text)
{
    writer_literal(writer, "\\fI");
    write_plain(writer, slice_of(text));
    writer_literal(writer, "\\fR");
}

static void write_line(struct writer *writer, const char *text)
{
    write_plain(writer, slice_of(text));
    writer_byte(writer, '\n');
}

/* Paragraphs that an empty line separates. */
static void write_paragraphs(struct writer *writer, const char *text)
{
    struct slice rest = slice_of(text);
    while (rest.length > 0) {
        size_t end = 0;
        while (end < rest.length && !slice_starts_with(slice_after(rest, end), SLICE("\n\n"))) {
            end++;
        }
        writer_literal(writer, ".PP\n");
        write_plain(writer, slice_make(rest.data, end));
        writer_byte(writer, '\n');
        rest = slice_after(rest, end < rest.length ? end + 2 : end);
    }
}

static void write_code(struct writer *writer, const char *text)
{
    writer_literal(writer, ".RS 4\n.nf\n");
    write_line(writer, text);
    writer_literal(writer, ".fi\n.RE\n");
}

static void write_title(struct writer *writer, const char *name, const char *section,
                        const char *volume)
{
    writer_format(writer,
                  ".\\\" Made from the tables of verbgate by: verbgate help --page man%s\n"
                  ".TH %s %s %s \"verbgate %s\" \"%s\"\n",
                  section, name, section, VERBGATE_RELEASED, VERBGATE_VERSION, volume);
}

/* ---- verbgate(8) */

static void write_usage(struct writer *writer, const struct command *command)
{
    for (unsigned i = 0; i < COMMAND_USAGE_MAX && command->usage[i] != NULL; i++) {
        writer_literal(writer, "verbgate ");
        write_line(writer, command->usage[i]);
    }
}

static void write_option(struct writer *writer, const struct command_option *option)
{
    writer_literal(writer, ".TP\n");
    if (option->letter != NULL) {
        write_bold(writer, option->letter);
        writer_literal(writer, ", ");
    }
    write_bold(writer, option->name);
    if (option->value != NULL) {
        writer_byte(writer, ' ');
        write_italic(writer, option->value);
    }
    writer_byte(writer, '\n');
    write_plain(writer, slice_of(option->help));
    writer_literal(writer, ".\n");
}

static void write_statuses(struct writer *writer, const struct command_status *statuses,
                           unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        writer_format(writer, ".TP\n\\fB%d%s\\fR\n", statuses[i].number,
                      statuses[i].number == 128 ? "+N" : "");
        write_plain(writer, slice_of(statuses[i].meaning));
        writer_literal(writer, ".\n");
    }
}

static void write_command(struct writer *writer, const struct command *command)
{
    writer_format(writer, ".SS %s\n", command->name);
    write_plain(writer, slice_of(command->summary));
    writer_literal(writer, ".\n.PP\n.nf\n");
    write_usage(writer, command);
    writer_literal(writer, ".fi\n");
    write_paragraphs(writer, command->description);
    for (unsigned i = 0; i < command->option_count; i++) {
        write_option(writer, &command->options[i]);
    }
    for (unsigned i = 0; i < COMMAND_EXAMPLES_MAX && command->examples[i].line != NULL; i++) {
        writer_literal(writer, ".PP\n");
        write_plain(writer, slice_of(command->examples[i].what));
        writer_literal(writer, ":\n");
        write_code(writer, command->examples[i].line);
    }
    writer_literal(writer, ".PP\nExit status of this command:\n");
    write_statuses(writer, command->statuses, command->status_count);
}

static void write_signals(struct writer *writer)
{
    unsigned count;
    const struct command_signal *signals = command_signals(&count);
    for (unsigned i = 0; i < count; i++) {
        writer_literal(writer, ".TP\n");
        write_bold(writer, signals[i].name);
        writer_byte(writer, '\n');
        write_line(writer, signals[i].effect);
    }
}

void manual_write_commands(struct writer *writer)
{
    write_title(writer, "VERBGATE", "8", "System Administration");
    writer_literal(writer, ".SH NAME\n"
                           "verbgate \\- a reverse proxy that knows what each backend can do\n"
                           ".SH SYNOPSIS\n"
                           ".nf\n");
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        write_usage(writer, command);
    }
    writer_literal(writer,
                   "verbgate \\-\\-help | \\-\\-version\n"
                   ".fi\n"
                   ".SH DESCRIPTION\n"
                   "verbgate stands in front of HTTP servers and checks each request against a\n"
                   "policy.\n"
                   "A method that the server does not implement is answered 501, one that the\n"
                   "resource does not allow 405, and another major version of HTTP 505.\n"
                   "Everything else is forwarded.\n"
                   "The policy is an INI file; see\n"
                   ".BR verbgate.ini (5).\n"
                   ".PP\n"
                   "What was asked for goes to standard output.\n"
                   "Errors, warnings and the error log go to standard error.\n"
                   ".SH COMMANDS\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        write_command(writer, command);
    }
    unsigned count;
    const struct command_status *statuses = command_statuses(&count);
    writer_literal(writer, ".SH EXIT STATUS\n");
    write_statuses(writer, statuses, count);
    writer_literal(writer, ".SH SIGNALS\nThe command run hears these signals:\n");
    write_signals(writer);
    writer_literal(writer, ".SH FILES\n"
                           ".TP\n"
                           ".I " COMMAND_DEFAULT_FILE "\n"
                           "The policy of a command that is given none.\n"
                           ".SH SEE ALSO\n"
                           ".BR verbgate.ini (5)\n");
}

/* ---- verbgate.ini(5) */

static void write_key(struct writer *writer, const struct schema_option *option,
                      enum schema_section section)
{
    char text[256];
    struct writer choices = writer_make(text, sizeof text);
    schema_write_choices(&choices, option);
    writer_string(&choices, schema_unit(option->type));
    writer_string(&choices, option->repeats ? "; may repeat" : "");
    writer_literal(writer, ".TP\n");
    write_bold(writer, option->key);
    writer_literal(writer, " = ");
    write_plain(writer, writer_slice(&choices));
    writer_byte(writer, '\n');
    write_line(writer, option->help);
    struct writer fallback = writer_make(text, sizeof text);
    schema_write_default(&fallback, option, section);
    writer_literal(writer, "Default: ");
    write_plain(writer, writer_slice(&fallback));
    writer_literal(writer, ".\n");
    if (option->example != NULL) {
        writer_literal(writer, "Example: ");
        write_plain(writer, slice_of(option->key));
        writer_literal(writer, " = ");
        write_line(writer, option->example);
    }
}

static void write_section(struct writer *writer, enum schema_section section, const char *meaning)
{
    writer_format(writer, ".SS [%s%s]\n%s\n", schema_section_name(section),
                  section == SCHEMA_GATEWAY ? "" : " NAME", meaning);
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) != 0) {
            write_key(writer, option, section);
        }
    }
}

static const char grammar[] =
    "A section begins with its kind and its name in brackets. "
    "A line in it is a key, an equals sign and a value. "
    "A comment begins with ; or # at the start of a line or after white space. "
    "There are no continuation lines.\n\n"
    "White space around names and values is dropped. A value in double quotes keeps it, and its "
    "comment signs; "
    "there, \\\" is a quote and \\\\ a backslash. Lists are separated by spaces.\n\n"
    "Sizes are bytes, or have k, m or g behind them (powers of 1024). Times have a unit: ms, s, m "
    "or h.\n\n"
    "In a value, ${NAME} is an environment variable, which must be set, and ${NAME:-default} has a "
    "default. "
    "$${ stands for the text ${.\n\n"
    "include = FILE reads another file, as seen from the directory of this one. FILE may be a "
    "pattern.";

void manual_write_options(struct writer *writer)
{
    write_title(writer, "VERBGATE.INI", "5", "File Formats");
    writer_literal(writer,
                   ".SH NAME\n"
                   "verbgate.ini \\- the policy of verbgate\n"
                   ".SH DESCRIPTION\n"
                   "The policy says where\n"
                   ".BR verbgate (8)\n"
                   "listens, which servers it forwards to, what each of them implements, and what\n"
                   "each resource allows.\n"
                   "A file is checked whole before anything of it takes effect.\n");
    write_paragraphs(writer, grammar);
    writer_literal(writer, ".SH OPTIONS\n");
    write_section(writer, SCHEMA_GATEWAY, "The process as a whole. Optional, at most once.");
    write_section(writer, SCHEMA_LISTENER, "A socket that clients connect to. At least one.");
    write_section(writer, SCHEMA_UPSTREAM, "A server, and what it can do. At least one.");
    write_section(writer, SCHEMA_ROUTE,
                  "A resource, and what it allows. Optional when there is only one upstream.");
    writer_literal(writer, ".SH FILES\n"
                           ".TP\n"
                           ".I " COMMAND_DEFAULT_FILE "\n"
                           "The policy of a command that is given none.\n"
                           ".SH EXAMPLES\n");
    write_code(writer, "[listener public]\nbind = 0.0.0.0:8080\n\n[upstream app]\n"
                       "server = 127.0.0.1:9000\nimplements = GET HEAD POST\n\n"
                       "[route reports]\npath = /reports/*\nallow = GET HEAD\n\n[route rest]");
    writer_literal(writer, ".SH SEE ALSO\n"
                           ".BR verbgate (8)\n");
}
