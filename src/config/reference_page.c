/* The option table as a page for people: config/reference.md. */
#include "verbgate/config/schema.h"

#include "verbgate/policy/policy.h"

/* Stands in the table where an option is inherited. */
#define LEVEL_ABOVE "↑"

static void write_cell(struct writer *writer, const char *text)
{
    writer_literal(writer, " | ");
    writer_string(writer, text);
}

static void write_default(struct writer *writer, const struct schema_option *option,
                          enum schema_section section)
{
    const char *value = schema_fallback(option, section);
    if (value == NULL) {
        write_cell(writer, "required");
    } else if (value[0] != '\0') {
        write_cell(writer, "`");
        writer_string(writer, value);
        writer_byte(writer, '`');
    } else if (schema_is_inherited(option, section)) {
        write_cell(writer, LEVEL_ABOVE);
    } else {
        write_cell(writer, "unset");
    }
}

static void write_row(struct writer *writer, const struct schema_option *option,
                      enum schema_section section)
{
    writer_literal(writer, "| `");
    writer_string(writer, option->key);
    writer_byte(writer, '`');
    write_default(writer, option, section);
    write_cell(writer, "");
    schema_write_choices(writer, option);
    writer_string(writer, option->repeats ? "; may repeat" : "");
    write_cell(writer, option->help);
    writer_literal(writer, " |\n");
}

static void write_table(struct writer *writer, enum schema_section section)
{
    writer_literal(writer, "\n| key | default | allowed | meaning |\n|---|---|---|---|\n");
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) != 0) {
            write_row(writer, option, section);
        }
    }
}

void schema_write_page(struct writer *writer)
{
    writer_literal(
        writer,
        "# Every option\n\n"
        "This page is made from the table that the parser reads, and a test compares the two.\n"
        "`verbgate help KEY` prints a row of it. [README.md](README.md) explains the grammar and "
        "the terms.\n\n"
        "The column *default* says `" LEVEL_ABOVE
        "` where an option is inherited: where it is not set, the value of\n"
        "the level above holds. The level above a route is its upstream, and the level above an "
        "upstream is\n"
        "`[gateway]`. *Unset* means that nothing holds.\n");
    writer_literal(writer, "\n## [gateway]\n\nThe process as a whole. The section is optional.\n");
    write_table(writer, SCHEMA_GATEWAY);
    writer_format(writer,
                  "\n## [listener NAME]\n\nWhere clients connect. A policy has 1 to %d of them, "
                  "with different\naddresses.\n",
                  POLICY_LISTENERS_MAX);
    write_table(writer, SCHEMA_LISTENER);
    writer_format(writer,
                  "\n## [upstream NAME]\n\nA backend and what it can do. A policy has 1 to %d of "
                  "them, each with up to\n%d servers.\n",
                  POLICY_UPSTREAMS_MAX, POLICY_SERVERS_MAX);
    write_table(writer, SCHEMA_UPSTREAM);
    writer_format(writer,
                  "\n## [route NAME]\n\nA resource and the methods that it allows. A policy has up "
                  "to %d of\nthem.\n",
                  POLICY_ROUTES_MAX);
    write_table(writer, SCHEMA_ROUTE);
}
