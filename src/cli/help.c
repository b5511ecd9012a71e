#include "verbgate/cli/help.h"

#include "verbgate/base/nearest.h"
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/pages.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/config/schema.h"

#include <assert.h>
#include <stdio.h>

enum { ALL_SECTIONS = SCHEMA_GATEWAY | SCHEMA_LISTENER | SCHEMA_UPSTREAM | SCHEMA_ROUTE };

/* Too large for a stack, and one at a time. */
static char page[PAGES_MAX];

static int print(const struct writer *writer)
{
    assert(!writer->overflow); /* pages come from tables: their size is known */
    bool is_written = standard_output_write(writer_slice(writer));
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}

int help_print_overview(void)
{
    struct writer writer = writer_make(page, sizeof page);
    help_write_overview(&writer);
    return print(&writer);
}

int help_refuse_nothing(void)
{
    struct writer writer = writer_make(page, sizeof page);
    help_write_overview(&writer);
    fwrite(page, 1, writer.length, stderr);
    return COMMAND_USAGE;
}

int help_print_command(const struct command *command)
{
    struct writer writer = writer_make(page, sizeof page);
    help_write_command(&writer, command);
    return print(&writer);
}

/* ---- topics */

/* "[route] max-body" or "route max-body", in one word of the command line or in two. */
struct topic {
    struct slice section; /* empty: any */
    struct slice word;    /* a command or a key; empty: the section as a whole */
};

static struct slice without_brackets(struct slice text)
{
    bool has_brackets =
        text.length >= 2 && text.data[0] == '[' && text.data[text.length - 1] == ']';
    return has_brackets ? slice_make(text.data + 1, text.length - 2) : text;
}

static struct topic read_topic(const struct arguments *arguments)
{
    struct slice first = slice_trim(slice_of(arguments->plain[0]));
    struct slice second = SLICE("");
    if (arguments->plain_count == 2) {
        second = slice_trim(slice_of(arguments->plain[1]));
    } else {
        size_t end = slice_find(first, ' ');
        second = slice_trim(slice_after(first, end));
        first.length = end;
    }
    bool is_section = second.length > 0 || (first.length > 0 && first.data[0] == '[');
    return is_section ? (struct topic){without_brackets(first), second}
                      : (struct topic){.section = SLICE(""), .word = first};
}

/* Prints all that is called so: `health` is a command and a key. */
static bool write_word(struct writer *writer, struct slice word)
{
    const struct command *command = command_find(word);
    if (command != NULL) {
        help_write_command(writer, command);
    }
    size_t length = writer->length;
    writer_string(writer, command != NULL ? "\nAs an option of the policy:\n\n" : "");
    if (schema_write_option_page(writer, ALL_SECTIONS, word)) {
        return true;
    }
    writer->length = length;
    return command != NULL;
}

static bool write_topic(struct writer *writer, const struct topic *topic)
{
    if (topic->section.length == 0) {
        return write_word(writer, topic->word);
    }
    enum schema_section section;
    if (!schema_section_find(topic->section, &section)) {
        return false;
    }
    if (topic->word.length == 0) {
        schema_write_section_page(writer, section);
        return true;
    }
    return schema_write_option_page(writer, (unsigned)section, topic->word);
}

/* ---- what was meant */

static struct slice nearest_word(struct slice word)
{
    struct nearest nearest = nearest_start(word);
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        nearest_try(&nearest, slice_of(command->name));
    }
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        nearest_try(&nearest, slice_of(option->key));
    }
    return nearest.word;
}

static int refuse_section(struct slice name)
{
    const char *near = schema_section_suggest(name);
    fprintf(stderr, "verbgate: there is no section [%.*s]", SLICE_PRINT(name));
    if (near != NULL) {
        fprintf(stderr, "; did you mean [%s]?\n", near);
    } else {
        fputs(": sections are gateway, listener, upstream and route\n", stderr);
    }
    return COMMAND_USAGE;
}

static int refuse_topic(const struct topic *topic)
{
    enum schema_section section = SCHEMA_GATEWAY;
    bool has_section = topic->section.length > 0;
    if (has_section && !schema_section_find(topic->section, &section)) {
        return refuse_section(topic->section);
    }
    struct slice near =
        has_section ? slice_of(schema_suggest(section, topic->word)) : nearest_word(topic->word);
    fprintf(stderr, "verbgate: there is no %s \"%.*s\"", has_section ? "key" : "command or key",
            SLICE_PRINT(topic->word));
    if (has_section) {
        fprintf(stderr, " in [%s]", schema_section_name(section));
    }
    if (near.length > 0) {
        fprintf(stderr, "; did you mean %.*s?\n", SLICE_PRINT(near));
    } else {
        fputs("; verbgate --help lists the commands, and verbgate help '[gateway]' its keys\n",
              stderr);
    }
    return COMMAND_USAGE;
}

static int print_page(const struct arguments *arguments, const char *name)
{
    if (arguments->plain_count > 0) {
        fputs("verbgate: --page prints a whole page, and takes no other argument\n", stderr);
        return COMMAND_USAGE;
    }
    struct writer writer = writer_make(page, sizeof page);
    if (!pages_write(&writer, slice_of(name))) {
        fprintf(stderr, "verbgate: there is no page %s: pages are " PAGES_NAMES "\n", name);
        return COMMAND_USAGE;
    }
    return print(&writer);
}

int command_help(const struct arguments *arguments)
{
    const char *name = arguments_value(arguments, OPTION_PAGE);
    if (name != NULL) {
        return print_page(arguments, name);
    }
    if (arguments->plain_count == 0) {
        return help_print_overview();
    }
    struct topic topic = read_topic(arguments);
    struct writer writer = writer_make(page, sizeof page);
    return write_topic(&writer, &topic) ? print(&writer) : refuse_topic(&topic);
}
