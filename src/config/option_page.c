/* The rows of the option table for people: `verbgate help KEY`. */
#include "verbgate/base/columns.h"
#include "verbgate/config/schema.h"

enum { VALUE_COLUMN = 12, HELP_COLUMN = 21 };

/* "[gateway], [upstream], [route]" */
static void write_sections(struct writer *writer, unsigned sections)
{
    bool is_first = true;
    for (unsigned section = SCHEMA_GATEWAY; section <= SCHEMA_ROUTE; section *= 2) {
        if ((sections & section) != 0) {
            writer_string(writer, is_first ? "[" : ", [");
            writer_string(writer, schema_section_name((enum schema_section)section));
            writer_byte(writer, ']');
            is_first = false;
        }
    }
}

void schema_write_default(struct writer *writer, const struct schema_option *option,
                          enum schema_section section)
{
    const char *fallback = schema_fallback(option, section);
    if (fallback == NULL) {
        writer_literal(writer, "none: it is required");
    } else if (fallback[0] != '\0') {
        writer_string(writer, fallback);
    } else if (schema_is_inherited(option, section)) {
        writer_literal(writer, "as the level above");
    } else {
        writer_literal(writer, "unset");
    }
}

/* One default for each group of sections that share it: "60s in [gateway]; as the level above in [upstream], [route]". */
static void write_defaults(struct writer *writer, const struct schema_option *option,
                           unsigned sections)
{
    unsigned own = 0;
    unsigned inherited = 0;
    for (unsigned section = SCHEMA_GATEWAY; section <= SCHEMA_ROUTE; section *= 2) {
        bool is_inherited = schema_is_inherited(option, (enum schema_section)section);
        own |= is_inherited ? 0 : section & sections;
        inherited |= is_inherited ? section & sections : 0;
    }
    if (own != 0) {
        schema_write_default(writer, option, (enum schema_section)(own & ~(own - 1)));
    }
    if (own != 0 && inherited != 0) {
        writer_literal(writer, " in ");
        write_sections(writer, own);
        writer_literal(writer, "; ");
    }
    if (inherited != 0) {
        schema_write_default(writer, option, (enum schema_section)(inherited & ~(inherited - 1)));
        writer_string(writer, own != 0 ? " in " : "");
        write_sections(writer, own != 0 ? inherited : 0);
    }
}

static void write_range(struct writer *writer, const struct schema_option *option)
{
    schema_write_choices(writer, option);
    writer_string(writer, schema_unit(option->type));
    writer_string(writer, option->repeats ? "; may repeat" : "");
}

static void write_page(struct writer *writer, const struct schema_option *option, unsigned sections)
{
    enum { VALUE_MAX = 256 };
    char text[3][VALUE_MAX];
    struct writer where = writer_make(text[0], VALUE_MAX);
    struct writer range = writer_make(text[1], VALUE_MAX);
    struct writer fallback = writer_make(text[2], VALUE_MAX);
    write_sections(&where, sections);
    write_range(&range, option);
    write_defaults(&fallback, option, sections);
    columns_write_text(writer, slice_of(option->key), 0);
    columns_write_text(writer, slice_of(option->help), 2);
    writer_byte(writer, '\n');
    columns_write_row(writer, SLICE("sections"), writer_slice(&where), VALUE_COLUMN);
    columns_write_row(writer, SLICE("may be"), writer_slice(&range), VALUE_COLUMN);
    columns_write_row(writer, SLICE("default"), writer_slice(&fallback), VALUE_COLUMN);
    writer_format(writer, "  example   %s = %s\n", option->key, schema_example(option));
}

bool schema_write_option_page(struct writer *writer, unsigned sections, struct slice key)
{
    bool is_found = false;
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & sections) != 0 && slice_equal(slice_of(option->key), key)) {
            writer_string(writer, is_found ? "\n" : "");
            write_page(writer, option, option->sections & sections);
            is_found = true;
        }
    }
    return is_found;
}

void schema_write_section_page(struct writer *writer, enum schema_section section)
{
    writer_format(writer, "[%s%s]\n", schema_section_name(section),
                  section == SCHEMA_GATEWAY ? "" : " NAME");
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) != 0) {
            columns_write_row(writer, slice_of(option->key), slice_of(option->help), HELP_COLUMN);
        }
    }
}
