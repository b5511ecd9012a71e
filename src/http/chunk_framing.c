#include "verbgate/http/chunk_framing.h"

void chunk_framing_start(struct chunk_framing *framing)
{
    *framing = (struct chunk_framing){0};
}

static bool is_hex_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static enum http_fault judge_size(struct chunk_framing *framing, char c)
{
    if (!is_hex_digit(c)) {
        framing->is_size_read = true;
        return FAULT_NONE;
    }
    framing->is_size_zero = c == '0' && (framing->size_digits == 0 || framing->is_size_zero);
    framing->size_digits++;
    return framing->size_digits > CHUNK_SIZE_DIGITS_MAX ? FAULT_CHUNK_SYNTAX : FAULT_NONE;
}

/* The line is that of a chunk, or the CRLF behind chunk data, which has no digits. */
static void end_line(struct chunk_framing *framing)
{
    framing->is_trailer |= framing->size_digits > 0 && framing->is_size_zero;
    framing->size_digits = 0;
    framing->is_size_read = false;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t' && c != '\r') || c == 0x7f;
}

static enum http_fault judge_byte(struct chunk_framing *framing, char c)
{
    char previous = framing->previous;
    framing->previous = c;
    if ((c == '\n') != (previous == '\r')) {
        return framing->is_trailer ? FAULT_FIELD_LINE_END : FAULT_CHUNK_SYNTAX;
    }
    if (c == '\n') {
        end_line(framing);
        return FAULT_NONE;
    }
    if (is_control(c)) {
        return framing->is_trailer ? FAULT_FIELD_SYNTAX : FAULT_CHUNK_SYNTAX;
    }
    if (previous == '\n' && (c == ' ' || c == '\t')) {
        return framing->is_trailer ? FAULT_FIELD_FOLDED : FAULT_CHUNK_SYNTAX;
    }
    if (!framing->is_trailer && !framing->is_size_read) {
        return judge_size(framing, c);
    }
    return FAULT_NONE;
}

enum http_fault chunk_framing_judge(struct chunk_framing *framing, const char *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        enum http_fault fault = judge_byte(framing, data[i]);
        if (fault != FAULT_NONE) {
            return fault;
        }
        if (framing->overhead >= CHUNK_OVERHEAD_MAX) {
            return FAULT_CHUNK_OVERHEAD;
        }
        framing->overhead++;
    }
    return FAULT_NONE;
}

void chunk_framing_pass_content(struct chunk_framing *framing, size_t length)
{
    framing->previous = '\0';
    if (length > framing->overhead / CHUNK_OVERHEAD_PAID) {
        framing->overhead = 0;
    } else {
        framing->overhead -= length * CHUNK_OVERHEAD_PAID;
    }
}
