#include "effective.h"

#include "verbgate/config/ini.h"

enum { LINE_BUFFER_BYTES = 3 * INI_LINE_MAX, COMMENT_ROOM = 1024 };

struct printing {
    const struct config_document *document;
    const struct sink *sink;
    struct writer writer;
    bool has_failed;
};

/* The value of an option in a section, and the section that it was found in. */
struct effective_value {
    const struct config_entry *entry; /* NULL: the default */
    const struct config_section *origin;
    const char *fallback;
};

static void end_line(struct printing *printing)
{
    writer_byte(&printing->writer, '\n');
    printing->has_failed = printing->has_failed || !sink_flush(printing->sink, &printing->writer);
}

/* The only [upstream], or NULL. */
static const struct config_section *only_upstream(const struct config_document *document)
{
    const struct config_section *only = NULL;
    for (const struct config_section *section = document->first_section; section != NULL;
         section = section->next) {
        if (section->kind == SCHEMA_UPSTREAM) {
            if (only != NULL) {
                return NULL;
            }
            only = section;
        }
    }
    return only;
}

static const struct config_section *upstream_of(const struct config_document *document,
                                                const struct config_section *route)
{
    const struct config_entry *entry =
        document_entry(route, schema_find(SCHEMA_ROUTE, SLICE("upstream")));
    return entry == NULL ? only_upstream(document)
                         : document_find(document, SCHEMA_UPSTREAM, entry->value);
}

/* In the section itself, then in the levels that it inherits from. */
static struct effective_value find_value(const struct config_document *document,
                                         const struct config_section *section,
                                         const struct schema_option *option)
{
    struct effective_value value = {document_entry(section, option), section, option->fallback};
    unsigned above = option->sections & schema_levels_above(section->kind);
    if (value.entry == NULL && (above & SCHEMA_UPSTREAM) != 0) {
        value.origin = upstream_of(document, section);
        value.entry = value.origin == NULL ? NULL : document_entry(value.origin, option);
    }
    if (value.entry == NULL && (above & SCHEMA_GATEWAY) != 0) {
        value.origin = document_gateway(document);
        value.entry = document_entry(value.origin, option);
    }
    return value;
}

static bool needs_quotes(struct slice value)
{
    if (value.length == 0 || slice_trim(value).length < value.length) {
        return true;
    }
    for (size_t i = 0; i < value.length; i++) {
        if (strchr(";#\"\\", value.data[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* So that it is read as this value again: quoted where it must be, and "${" as "$${". */
static void write_value(struct writer *writer, struct slice value)
{
    bool is_quoted = needs_quotes(value);
    writer_string(writer, is_quoted ? "\"" : "");
    for (size_t i = 0; i < value.length; i++) {
        char c = value.data[i];
        if (is_quoted && (c == '"' || c == '\\')) {
            writer_byte(writer, '\\');
        } else if (c == '$' && i + 1 < value.length && value.data[i + 1] == '{') {
            writer_byte(writer, '$');
        }
        writer_byte(writer, c);
    }
    writer_string(writer, is_quoted ? "\"" : "");
}

/* The value as it will stand in the output. The name of a file is seen from the directory of the file
 * that it stands in: in the output, from where that one is seen. */
static struct slice moved(const struct config_entry *entry, struct writer *writer)
{
    struct slice value = entry->value;
    struct slice directory = slice_of(entry->file->path);
    if (entry->option->type != SCHEMA_FILE || value.length == 0 || value.data[0] == '/') {
        return value;
    }
    while (directory.length > 0 && directory.data[directory.length - 1] != '/') {
        directory.length--;
    }
    writer_put(writer, directory);
    writer_put(writer, value);
    return writer_slice(writer);
}

/* A path may have any byte, a comment may not. */
static void write_place(struct writer *writer, const struct config_file *file, unsigned line)
{
    for (const char *c = file->path; *c != '\0'; c++) {
        bool is_control = (unsigned char)*c < 0x20 || *c == 0x7f;
        writer_byte(writer, is_control ? '?' : *c);
    }
    writer_byte(writer, ':');
    writer_number(writer, line);
}

static void write_section_name(struct writer *writer, const struct config_section *section)
{
    writer_byte(writer, '[');
    writer_string(writer, schema_section_name(section->kind));
    writer_string(writer, section->name.length > 0 ? " " : "");
    writer_put(writer, section->name);
    writer_byte(writer, ']');
}

static void write_origin(struct printing *printing, const struct config_section *section,
                         const struct config_section *origin, const struct config_entry *entry)
{
    struct writer *writer = &printing->writer;
    if (writer->length > INI_LINE_MAX - COMMENT_ROOM) {
        return; /* the value leaves no room for a comment in its line */
    }
    writer_literal(writer, " ; ");
    if (entry == NULL) {
        writer_literal(writer, "default");
        return;
    }
    if (origin != section) {
        writer_literal(writer, "from ");
        write_section_name(writer, origin);
        writer_literal(writer, ", ");
    }
    write_place(writer, entry->file, entry->line);
}

static void write_key(struct writer *writer, const struct schema_option *option)
{
    writer_string(writer, option->key);
    writer_literal(writer, " = ");
}

static void write_default(struct printing *printing, const struct config_section *section,
                          const struct schema_option *option, const char *fallback)
{
    struct writer *writer = &printing->writer;
    const struct config_section *only =
        option->type == SCHEMA_REFERENCE ? only_upstream(printing->document) : NULL;
    if (only != NULL) {
        write_key(writer, option);
        writer_put(writer, only->name);
        writer_literal(writer, " ; the only one");
    } else if (fallback == NULL || fallback[0] == '\0') {
        writer_literal(writer, "; ");
        writer_string(writer, option->key);
        writer_literal(writer, " is unset");
    } else {
        /* Permissions that a TCP listener does not have would be warned about. */
        writer_string(writer, option->type == SCHEMA_MODE ? ";" : "");
        write_key(writer, option);
        write_value(writer, slice_of(fallback));
        write_origin(printing, section, section, NULL);
    }
    end_line(printing);
}

static void write_option(struct printing *printing, const struct config_section *section,
                         const struct schema_option *option)
{
    struct effective_value value = find_value(printing->document, section, option);
    if (value.entry == NULL) {
        write_default(printing, section, option, value.fallback);
        return;
    }
    for (const struct config_entry *entry = value.entry; entry != NULL && !printing->has_failed;
         entry = document_next_entry(entry)) {
        char text[INI_LINE_MAX];
        struct writer path = writer_make(text, sizeof text);
        write_key(&printing->writer, option);
        write_value(&printing->writer, moved(entry, &path));
        write_origin(printing, section, value.origin, entry);
        end_line(printing);
    }
}

static void write_section(struct printing *printing, const struct config_section *section)
{
    struct writer *writer = &printing->writer;
    writer_byte(writer, '\n');
    write_section_name(writer, section);
    if (section->line > 0) {
        writer_literal(writer, " ; ");
        write_place(writer, section->file, section->line);
    }
    end_line(printing);
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL && !printing->has_failed; i++) {
        if ((option->sections & section->kind) != 0) {
            write_option(printing, section, option);
        }
    }
}

bool effective_write(const struct config_document *document, const struct sink *sink)
{
    char buffer[LINE_BUFFER_BYTES];
    struct printing printing = {
        .document = document, .sink = sink, .writer = writer_make(buffer, sizeof buffer)};
    const struct config_section *gateway = document_gateway(document);
    writer_literal(&printing.writer, "; The policy in force: all options with their values, and "
                                     "where each comes from.");
    end_line(&printing);
    write_section(&printing, gateway);
    for (const struct config_section *section = document->first_section;
         section != NULL && !printing.has_failed; section = section->next) {
        if (section != gateway) {
            write_section(&printing, section);
        }
    }
    return !printing.has_failed;
}
