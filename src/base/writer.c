#include "verbgate/base/writer.h"

#include <stdarg.h>
#include <stdio.h>

void writer_number(struct writer *writer, uint64_t number)
{
    if (number < 10) {
        writer_byte(writer, (char)('0' + number));
        return;
    }
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    writer_put(writer, slice_make(digits + start, sizeof digits - start));
}

void writer_hex(struct writer *writer, uint64_t number)
{
    char digits[16];
    size_t start = sizeof digits;
    do {
        digits[--start] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number > 0);
    writer_put(writer, slice_make(digits + start, sizeof digits - start));
}

void writer_format(struct writer *writer, const char *format, ...)
{
    size_t room = writer->capacity - writer->length;
    if (room == 0) {
        writer->overflow = true;
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    /* vsnprintf wants room for a NUL that we do not keep: text that fits only without it is lost,
     * which a caller sees as overflow. */
    int needed = vsnprintf(writer->data + writer->length, room, format, arguments);
    va_end(arguments);
    if (needed < 0 || (size_t)needed >= room) {
        writer->overflow = true;
        return;
    }
    writer->length += (size_t)needed;
}
