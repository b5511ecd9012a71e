#include "verbgate/base/html.h"

void html_write_byte(struct writer *writer, char c)
{
    switch (c) {
    case '&':
        writer_literal(writer, "&amp;");
        break;
    case '<':
        writer_literal(writer, "&lt;");
        break;
    case '>':
        writer_literal(writer, "&gt;");
        break;
    case '"':
        writer_literal(writer, "&quot;");
        break;
    case '\'':
        writer_literal(writer, "&#39;");
        break;
    default:
        writer_byte(writer, c);
        break;
    }
}

void html_write_text(struct writer *writer, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        html_write_byte(writer, text.data[i]);
    }
}
