#include "access_text.h"

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void write_special(struct writer *writer, unsigned char c, struct slice prefix)
{
    static const char digits[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        char escape[] = {'\\', (char)c};
        writer_put(writer, slice_make(escape, sizeof escape));
    } else {
        char escape[] = {digits[c >> 4], digits[c & 15]};
        writer_put(writer, prefix);
        writer_put(writer, slice_make(escape, sizeof escape));
    }
}

void access_text_write(struct writer *writer, struct slice text, size_t most, struct slice prefix)
{
    size_t length = text.length < most ? text.length : most;
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (!is_plain(c)) {
            writer_put(writer, slice_make(text.data + start, i - start));
            write_special(writer, c, prefix);
            start = i + 1;
        }
    }
    if (length > start) {
        writer_put(writer, slice_make(text.data + start, length - start));
    }
    if (length < text.length) {
        writer_literal(writer, "...");
    }
}

const char *access_text_decision(const struct verdict *verdict)
{
    switch (verdict->kind) {
    case VERDICT_FORWARD:
        return verdict->is_reported ? "report" : "forward";
    case VERDICT_ANSWER:
        return "answer";
    case VERDICT_REFUSE:
        break;
    }
    return "refuse";
}
