#include "verbgate/base/columns.h"

enum { LEFT_INDENT = 2 };

static void write_spaces(struct writer *writer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        writer_byte(writer, ' ');
    }
}

/* The bytes of the next word, which may hold what is no space: up to a space, a line feed or the end. */
static size_t word_length(struct slice text)
{
    size_t length = 0;
    while (length < text.length && text.data[length] != ' ' && text.data[length] != '\n') {
        length++;
    }
    return length;
}

/* `used` bytes of the first line are taken already, the indentation included. */
static void write_wrapped(struct writer *writer, struct slice text, unsigned indent, size_t used)
{
    bool is_at_start = true;
    while (text.length > 0) {
        if (text.data[0] == ' ' || text.data[0] == '\n') {
            bool is_paragraph = slice_starts_with(text, SLICE("\n\n"));
            text = slice_after(text, is_paragraph ? 2 : 1);
            if (is_paragraph) {
                writer_literal(writer, "\n\n");
                write_spaces(writer, indent);
                used = indent;
                is_at_start = true;
            }
            continue;
        }
        size_t length = word_length(text);
        if (!is_at_start && used + 1 + length > COLUMNS_WIDTH) {
            writer_byte(writer, '\n');
            write_spaces(writer, indent);
            used = indent;
        } else if (!is_at_start) {
            writer_byte(writer, ' ');
            used++;
        }
        writer_put(writer, slice_make(text.data, length));
        used += length;
        is_at_start = false;
        text = slice_after(text, length);
    }
    writer_byte(writer, '\n');
}

void columns_write_text(struct writer *writer, struct slice text, unsigned indent)
{
    write_spaces(writer, indent);
    write_wrapped(writer, text, indent, indent);
}

void columns_write_row(struct writer *writer, struct slice left, struct slice right, unsigned start)
{
    size_t used = LEFT_INDENT + left.length;
    write_spaces(writer, LEFT_INDENT);
    writer_put(writer, left);
    if (used >= start) {
        writer_byte(writer, '\n');
        used = 0;
    }
    write_spaces(writer, start - used);
    write_wrapped(writer, right, start, start);
}
