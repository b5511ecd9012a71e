#include "verbgate/base/json.h"

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void json_write_text(struct writer *writer, struct slice text)
{
    static const char digits[] = "0123456789abcdef";
    writer_byte(writer, '"');
    for (size_t i = 0; i < text.length;) {
        size_t end = i;
        while (end < text.length && is_plain(text.data[end])) {
            end++;
        }
        writer_put(writer, slice_make(text.data + i, end - i));
        if (end < text.length) {
            unsigned char c = (unsigned char)text.data[end++];
            char escaped[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
            bool is_sign = c == '"' || c == '\\';
            char sign[] = {'\\', (char)c};
            writer_put(writer, is_sign ? slice_make(sign, sizeof sign)
                                       : slice_make(escaped, sizeof escaped));
        }
        i = end;
    }
    writer_byte(writer, '"');
}

void json_write_comma(struct writer *writer)
{
    char last = writer->length == 0 ? '{' : writer->data[writer->length - 1];
    if (last != '{' && last != '[') {
        writer_byte(writer, ',');
    }
}

void json_write_key(struct writer *writer, const char *key)
{
    json_write_comma(writer);
    json_write_text(writer, slice_of(key));
    writer_byte(writer, ':');
}
