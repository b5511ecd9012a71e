/* The option table in the words of people: choices for messages, and config/reference.ini. */
#include "verbgate/config/schema.h"

static void write_size(struct writer *writer, uint64_t bytes)
{
    if (bytes == UINT64_MAX) {
        writer_literal(writer, "unlimited");
        return;
    }
    static const char suffixes[] = "kmg";
    const char *suffix = NULL;
    for (const char *next = suffixes; *next != '\0' && bytes > 0 && bytes % 1024 == 0; next++) {
        bytes /= 1024;
        suffix = next;
    }
    writer_number(writer, bytes);
    if (suffix != NULL) {
        writer_byte(writer, *suffix);
    }
}

static void write_time(struct writer *writer, uint64_t milliseconds)
{
    if (milliseconds == 0 || milliseconds % 1000 != 0) {
        writer_number(writer, milliseconds);
        writer_literal(writer, "ms");
    } else if (milliseconds % (60 * 60 * 1000) == 0) {
        writer_number(writer, milliseconds / (60 * 60 * 1000));
        writer_byte(writer, 'h');
    } else if (milliseconds % (60 * 1000) == 0) {
        writer_number(writer, milliseconds / (60 * 1000));
        writer_byte(writer, 'm');
    } else {
        writer_number(writer, milliseconds / 1000);
        writer_byte(writer, 's');
    }
}

static void write_words(struct writer *writer, const char *words)
{
    for (; *words != '\0'; words++) {
        if (*words == ' ') {
            writer_literal(writer, ", ");
        } else {
            writer_byte(writer, *words);
        }
    }
}

/* What an option of this type may be, where that is always the same; else NULL. */
static const char *choices_of(enum schema_type type)
{
    switch (type) {
    case SCHEMA_TOKEN:
        return "a token";
    case SCHEMA_MODE:
        return "octal permissions, 0000 to 0777";
    case SCHEMA_METHODS:
        return "methods, @presets, *, -METHOD";
    case SCHEMA_HOST:
        return "hosts";
    case SCHEMA_PATH:
        return "paths";
    case SCHEMA_REFERENCE:
        return "the name of an [upstream]";
    case SCHEMA_URL:
        return "an http or https URL";
    case SCHEMA_FILE:
        return "a file";
    case SCHEMA_NETWORKS:
        return "networks, addresses, unix";
    case SCHEMA_DIRECTORY:
        return "an absolute path";
    case SCHEMA_NAMES:
        return "names of fields";
    default:
        return NULL;
    }
}

/* The words that an option has beside its type: "auto, or ". */
static void write_words_or(struct writer *writer, const char *words)
{
    if (words != NULL) {
        write_words(writer, words);
        writer_literal(writer, ", or ");
    }
}

static void write_range(struct writer *writer, const struct schema_option *option,
                        void (*write)(struct writer *writer, uint64_t number))
{
    write(writer, option->least);
    writer_literal(writer, " to ");
    write(writer, option->most);
}

void schema_write_choices(struct writer *writer, const struct schema_option *option)
{
    const char *constant = choices_of(option->type);
    if (constant != NULL) {
        writer_string(writer, constant);
        return;
    }
    switch (option->type) {
    case SCHEMA_COUNT:
        write_words_or(writer, option->words);
        write_range(writer, option, writer_number);
        break;
    case SCHEMA_SIZE:
        write_range(writer, option, write_size);
        break;
    case SCHEMA_TIME:
        write_words_or(writer, option->words);
        write_range(writer, option, write_time);
        break;
    case SCHEMA_TEXT:
        write_words_or(writer, option->words);
        writer_string(writer, option->words != NULL ? "a path" : "a host, with or without a port");
        break;
    case SCHEMA_ADDRESS:
        write_words_or(writer, option->words);
        writer_literal(writer, "an address");
        break;
    case SCHEMA_VERSIONS:
        writer_literal(writer, "any of ");
        write_words(writer, option->words);
        break;
    case SCHEMA_LIST:
        writer_string(writer, option->words);
        break;
    case SCHEMA_FORMAT:
        write_words_or(writer, option->words);
        writer_literal(writer, "a text with $variables");
        break;
    default: /* SCHEMA_WORD */
        write_words(writer, option->words);
        break;
    }
}

const char *schema_unit(enum schema_type type)
{
    switch (type) {
    case SCHEMA_SIZE:
        return " (bytes; k, m, g)";
    case SCHEMA_TIME:
        return " (ms, s, m, h)";
    default:
        return "";
    }
}

/* The help, the choices, and the line itself, as a comment when the default is to be unset. */
static void write_option(struct writer *writer, const struct schema_option *option,
                         enum schema_section section)
{
    writer_literal(writer, "\n; ");
    writer_string(writer, option->help);
    writer_literal(writer, "\n; ");
    schema_write_choices(writer, option);
    writer_string(writer, schema_unit(option->type));
    writer_string(writer, option->repeats ? "; may repeat" : "");
    const char *value = schema_fallback(option, section);
    if (value == NULL) {
        writer_literal(writer, "; required, for example:\n");
        value = option->example;
    } else if (value[0] == '\0') {
        bool is_inherited = schema_is_inherited(option, section);
        writer_string(writer, is_inherited ? "; unset, as the level above; for example:\n;"
                                           : "; unset by default, for example:\n;");
        value = schema_example(option);
    } else if (option->type == SCHEMA_MODE) {
        /* The listener of the reference is a TCP one, on which a mode is warned about. */
        writer_literal(writer, "; default:\n;");
    } else {
        writer_literal(writer, "; default:\n");
    }
    writer_string(writer, option->key);
    writer_literal(writer, " = ");
    writer_string(writer, value);
    writer_byte(writer, '\n');
}

static void write_section(struct writer *writer, enum schema_section section, const char *head)
{
    writer_byte(writer, '\n');
    writer_string(writer, head);
    writer_byte(writer, '\n');
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) != 0) {
            write_option(writer, option, section);
        }
    }
}

void schema_write_reference(struct writer *writer)
{
    writer_literal(
        writer, "; Every option of verbgate with its default, its range and its unit.\n"
                "; This file loads as it is. It is made from the option table in\n"
                "; src/config/schema_*.c, and a test keeps the two equal: do not edit it by hand.\n"
                "; config/README.md explains the grammar and the rules behind the options.\n");
    write_section(writer, SCHEMA_GATEWAY,
                  "; The process as a whole. Optional, at most once.\n[gateway]");
    write_section(writer, SCHEMA_LISTENER,
                  "; A socket that clients connect to. At least one.\n[listener public]");
    write_section(writer, SCHEMA_UPSTREAM,
                  "; A backend, and what it can do. At least one.\n[upstream app]");
    write_section(writer, SCHEMA_ROUTE,
                  "; A resource, and what it takes. Optional when there is only one upstream.\n"
                  "[route everything]");
}
