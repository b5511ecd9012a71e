#include "verbgate/base/json.h"
#include "verbgate/config/diagnostics.h"

static void write_text(struct writer *writer, const char *key, struct slice text)
{
    json_write_key(writer, key);
    if (text.length == 0) {
        writer_literal(writer, "null");
    } else {
        json_write_text(writer, text);
    }
}

static void write_number(struct writer *writer, const char *key, unsigned number)
{
    json_write_key(writer, key);
    if (number == 0) {
        writer_literal(writer, "null");
    } else {
        writer_number(writer, number);
    }
}

void diagnostics_write_json(const struct diagnostics *diagnostics, unsigned index,
                            struct writer *writer)
{
    const struct diagnostic *item = &diagnostics->items[index];
    writer_byte(writer, '{');
    write_text(writer, "severity", slice_of(diagnostic_severity_name(item->severity)));
    write_text(writer, "file", item->file);
    write_number(writer, "line", item->line);
    write_number(writer, "column", item->line > 0 ? item->column : 0);
    write_text(writer, "message", item->message);
    write_text(writer, "hint", item->hint);
    writer_byte(writer, '}');
}
