#include "verbgate/config/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    TEXTS_BYTES_MAX = 4 * 1024 * 1024, /* DIAGNOSTICS_MAX times a long line, a long message */
    SHOWN_LINE_MAX = 160,              /* bytes of a source line that are shown */
    MESSAGE_MAX = 512,                 /* bytes of a message, which may quote a long value */
};

void diagnostics_init(struct diagnostics *diagnostics)
{
    memset(diagnostics, 0, sizeof *diagnostics);
    arena_init(&diagnostics->arena, TEXTS_BYTES_MAX);
}

void diagnostics_finish(struct diagnostics *diagnostics)
{
    arena_finish(&diagnostics->arena);
    diagnostics->count = 0;
}

/* The kept item that has to go for one of this severity: the last of the least severe. DIAGNOSTICS_MAX when there is
 * none that is less severe. */
static unsigned find_victim(const struct diagnostics *diagnostics,
                            enum diagnostic_severity severity)
{
    unsigned victim = DIAGNOSTICS_MAX;
    for (unsigned i = diagnostics->count; i > 0; i--) {
        if (diagnostics->items[i - 1].severity < severity) {
            severity = diagnostics->items[i - 1].severity;
            victim = i - 1;
        }
    }
    return victim;
}

bool diagnostics_is_full(const struct diagnostics *diagnostics)
{
    return diagnostics->count == DIAGNOSTICS_MAX &&
           find_victim(diagnostics, DIAGNOSTIC_ERROR) == DIAGNOSTICS_MAX;
}

static bool make_room(struct diagnostics *diagnostics, enum diagnostic_severity severity)
{
    if (diagnostics->count < DIAGNOSTICS_MAX) {
        return true;
    }
    unsigned victim = find_victim(diagnostics, severity);
    if (victim == DIAGNOSTICS_MAX) {
        return false;
    }
    memmove(&diagnostics->items[victim], &diagnostics->items[victim + 1],
            (DIAGNOSTICS_MAX - 1 - victim) * sizeof diagnostics->items[0]);
    diagnostics->count--;
    return true;
}

static void count(struct diagnostics *diagnostics, enum diagnostic_severity severity)
{
    switch (severity) {
    case DIAGNOSTIC_NOTE:
        diagnostics->note_count++;
        break;
    case DIAGNOSTIC_WARNING:
        diagnostics->warning_count++;
        break;
    case DIAGNOSTIC_ERROR:
        diagnostics->error_count++;
        break;
    }
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80; /* a continuation byte of UTF-8 */
}

static struct slice shorten(char *text, size_t length)
{
    if (length <= MESSAGE_MAX) {
        return slice_make(text, length);
    }
    size_t end = MESSAGE_MAX - 3;
    while (is_inside_character(text[end])) {
        end--;
    }
    memcpy(text + end, "...", 3);
    return slice_make(text, end + 3);
}

/* Formats into the arena. On lack of memory the item is kept with a sentence that says so. */
static struct slice format_message(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
    if (text == NULL) {
        return SLICE("there is no memory to say what is wrong here");
    }
    vsnprintf(text, (size_t)length + 1, format, arguments);
    for (int i = 0; i < length; i++) {
        text[i] = is_control(text[i]) ? '?' : text[i];
    }
    return shorten(text, (size_t)length);
}

void diagnostics_add(struct diagnostics *diagnostics, const struct diagnostic *place,
                     const char *hint, const char *format, ...)
{
    count(diagnostics, place->severity);
    if (!make_room(diagnostics, place->severity)) {
        return;
    }
    struct diagnostic *item = &diagnostics->items[diagnostics->count++];
    *item = *place;
    item->file = arena_copy(&diagnostics->arena, place->file);
    item->line_text = arena_copy(&diagnostics->arena, place->line_text);
    item->hint = arena_copy(&diagnostics->arena, slice_of(hint));
    va_list arguments;
    va_start(arguments, format);
    item->message = format_message(&diagnostics->arena, format, arguments);
    va_end(arguments);
}

static bool comes_before(const struct diagnostic *a, const struct diagnostic *b)
{
    if (a->file_order != b->file_order) {
        return a->file_order < b->file_order;
    }
    if (a->line != b->line) {
        return a->line != 0 && (b->line == 0 || a->line < b->line);
    }
    return a->column < b->column;
}

/* Insertion keeps equal items in the order they came, and there are few. */
void diagnostics_sort(struct diagnostics *diagnostics)
{
    for (unsigned i = 1; i < diagnostics->count; i++) {
        struct diagnostic item = diagnostics->items[i];
        unsigned at = i;
        while (at > 0 && comes_before(&item, &diagnostics->items[at - 1])) {
            diagnostics->items[at] = diagnostics->items[at - 1];
            at--;
        }
        diagnostics->items[at] = item;
    }
}

/* The part of the line to show: all of it, or a window that begins well before the column. */
static struct slice shown_part(const struct diagnostic *item)
{
    struct slice line = item->line_text;
    size_t start = 0;
    if (line.length > SHOWN_LINE_MAX && item->column > SHOWN_LINE_MAX / 2) {
        start = item->column - SHOWN_LINE_MAX / 2;
        start = start < line.length ? start : line.length;
    }
    while (start < line.length && is_inside_character(line.data[start])) {
        start++;
    }
    size_t end = line.length - start > SHOWN_LINE_MAX ? start + SHOWN_LINE_MAX : line.length;
    while (end > start && end < line.length && is_inside_character(line.data[end])) {
        end--;
    }
    return slice_make(line.data + start, end - start);
}

static void write_source(struct writer *writer, struct slice shown)
{
    for (size_t i = 0; i < shown.length; i++) {
        char c = shown.data[i];
        writer_byte(writer, is_control(c) && c != '\t' ? '?' : c);
    }
    writer_byte(writer, '\n');
}

/* The caret stands under the first byte; tabs are repeated and UTF-8 counts once a character, so
 * that it stands there on a terminal too. */
static void write_caret(struct writer *writer, const struct diagnostic *item, struct slice shown)
{
    size_t column = item->column - 1 - (size_t)(shown.data - item->line_text.data);
    for (size_t i = 0; i < column && i < shown.length; i++) {
        if (!is_inside_character(shown.data[i])) {
            writer_byte(writer, shown.data[i] == '\t' ? '\t' : ' ');
        }
    }
    writer_byte(writer, '^');
    for (size_t i = column + 1; i < column + item->width && i < shown.length; i++) {
        if (!is_inside_character(shown.data[i])) {
            writer_byte(writer, '~');
        }
    }
    writer_byte(writer, '\n');
}

static void write_excerpt(struct writer *writer, const struct diagnostic *item)
{
    enum { GUTTER = 5 };
    char number[16];
    int digits = snprintf(number, sizeof number, "%*u", GUTTER, item->line);
    struct slice shown = shown_part(item);
    writer_string(writer, number);
    writer_literal(writer, " | ");
    write_source(writer, shown);
    if (item->column == 0) {
        return;
    }
    for (int i = 0; i < digits; i++) {
        writer_byte(writer, ' ');
    }
    writer_literal(writer, " | ");
    write_caret(writer, item, shown);
}

const char *diagnostic_severity_name(enum diagnostic_severity severity)
{
    static const char *const names[] = {"note", "warning", "error"};
    return names[severity];
}

void diagnostics_write(const struct diagnostics *diagnostics, unsigned index, struct writer *writer)
{
    const struct diagnostic *item = &diagnostics->items[index];
    if (item->file.length > 0) {
        writer_put(writer, item->file);
        writer_byte(writer, ':');
        if (item->line > 0) {
            writer_number(writer, item->line);
            writer_byte(writer, ':');
        }
        if (item->line > 0 && item->column > 0) {
            writer_number(writer, item->column);
            writer_byte(writer, ':');
        }
        writer_byte(writer, ' ');
    }
    writer_string(writer, diagnostic_severity_name(item->severity));
    writer_literal(writer, ": ");
    writer_put(writer, item->message);
    writer_byte(writer, '\n');
    if (item->line > 0 && item->line_text.length > 0) {
        write_excerpt(writer, item);
    }
    if (item->hint.length > 0) {
        writer_literal(writer, "hint: ");
        writer_put(writer, item->hint);
        writer_byte(writer, '\n');
    }
}
