#include "verbgate/config/ini.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A comment sign at `at` begins a comment: at the start of a line, or after white space. */
static bool is_comment(struct slice line, size_t at)
{
    char c = line.data[at];
    return (c == ';' || c == '#') && (at == 0 || is_blank(line.data[at - 1]));
}

static size_t skip_blanks(struct slice line, size_t at)
{
    while (at < line.length && is_blank(line.data[at])) {
        at++;
    }
    return at;
}

/* The offset after the last byte of line[from..to) that is no white space. */
static size_t trim_end(struct slice line, size_t from, size_t to)
{
    while (to > from && is_blank(line.data[to - 1])) {
        to--;
    }
    return to;
}

static struct slice part(struct slice line, size_t from, size_t to)
{
    return slice_make(line.data + from, to - from);
}

/* Lines and columns fit: a file of 4 GiB is far beyond what anybody reads in. */
static unsigned column_of(size_t offset)
{
    return (unsigned)offset + 1;
}

static void fail(struct ini_item *item, size_t offset, const char *error)
{
    item->kind = INI_ERROR;
    item->error = error;
    item->error_column = column_of(offset);
}

void ini_start(struct ini_reader *reader, struct slice text)
{
    if (slice_starts_with(text, SLICE("\xef\xbb\xbf"))) {
        text = slice_after(text, 3);
    }
    *reader = (struct ini_reader){.rest = text};
}

static struct slice take_line(struct ini_reader *reader)
{
    size_t end = slice_find(reader->rest, '\n');
    struct slice line = slice_make(reader->rest.data, end);
    reader->rest = slice_after(reader->rest, end < reader->rest.length ? end + 1 : end);
    reader->line++;
    if (line.length > 0 && line.data[line.length - 1] == '\r') {
        line.length--;
    }
    return line;
}

/* What no line of text has, comments included: a file that is not text is refused early. */
static bool is_text(struct slice line, struct ini_item *item)
{
    for (size_t i = 0; i < line.length; i++) {
        char c = line.data[i];
        if (c == '\0') {
            fail(item, i, "the line has a NUL byte: is this a text file, in UTF-8?");
            return false;
        }
        if (c == '\r') {
            fail(item, i, "a carriage return inside the line: lines end in LF or CRLF");
            return false;
        }
        if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f) {
            fail(item, i, "the line has a control character");
            return false;
        }
    }
    return true;
}

static bool is_end(struct slice line, size_t at)
{
    at = skip_blanks(line, at);
    return at == line.length || is_comment(line, at);
}

/* "[kind name]"; `start` is the offset of the bracket. */
static void read_section(struct slice line, size_t start, struct ini_item *item)
{
    size_t close = start + slice_find(slice_after(line, start), ']');
    if (close == line.length) {
        fail(item, start, "the section's closing ']' is missing");
        return;
    }
    if (!is_end(line, close + 1)) {
        fail(item, skip_blanks(line, close + 1), "only a comment may follow the ']'");
        return;
    }
    size_t kind = skip_blanks(line, start + 1);
    size_t kind_end = kind;
    while (kind_end < close && !is_blank(line.data[kind_end])) {
        kind_end++;
    }
    if (kind_end == kind) {
        fail(item, start, "the brackets are empty: a section looks like [route orders]");
        return;
    }
    size_t name = skip_blanks(line, kind_end);
    size_t name_end = trim_end(line, name, close);
    for (size_t i = name; i < name_end; i++) {
        if (is_blank(line.data[i])) {
            fail(item, i, "a section's name is one word, without spaces");
            return;
        }
    }
    item->kind = INI_SECTION;
    item->section = part(line, kind, kind_end);
    item->section_column = column_of(kind);
    item->name = part(line, name, name_end);
    item->name_column = column_of(name);
}

/* `start` is the offset of the opening quote. */
static void read_quoted(struct slice line, size_t start, struct ini_item *item)
{
    size_t at = start + 1;
    while (at < line.length && line.data[at] != '"') {
        if (line.data[at] == '\\') {
            char next = at + 1 < line.length ? line.data[at + 1] : '\0';
            if (next != '"' && next != '\\') {
                fail(item, at, "in quotes, a backslash is written \\\\ and a quote \\\"");
                return;
            }
            item->has_escapes = true;
            at++;
        }
        at++;
    }
    if (at >= line.length) {
        fail(item, start, "the closing quote is missing");
        return;
    }
    if (!is_end(line, at + 1)) {
        fail(item, skip_blanks(line, at + 1), "only a comment may follow the closing quote");
        return;
    }
    item->kind = INI_PAIR;
    item->is_quoted = true;
    item->value = part(line, start + 1, at);
    item->value_width = (unsigned)(at + 1 - start);
}

static void read_value(struct slice line, size_t start, struct ini_item *item)
{
    item->value_column = column_of(start);
    if (start < line.length && line.data[start] == '"') {
        read_quoted(line, start, item);
        return;
    }
    size_t end = start;
    while (end < line.length && !is_comment(line, end)) {
        end++;
    }
    end = trim_end(line, start, end);
    item->kind = INI_PAIR;
    item->value = part(line, start, end);
    item->value_width = (unsigned)(end - start);
}

/* `start` is the offset of the first byte that is no white space. */
static void read_pair(struct slice line, size_t start, struct ini_item *item)
{
    size_t equals = start;
    while (equals < line.length && line.data[equals] != '=' && !is_comment(line, equals)) {
        equals++;
    }
    if (equals == line.length || line.data[equals] != '=') {
        fail(item, start, "this is neither [section] nor key = value");
        return;
    }
    size_t name_end = trim_end(line, start, equals);
    if (name_end == start) {
        fail(item, equals, "the key in front of '=' is missing");
        return;
    }
    item->name = part(line, start, name_end);
    item->name_column = column_of(start);
    read_value(line, skip_blanks(line, equals + 1), item);
}

void ini_next(struct ini_reader *reader, struct ini_item *item)
{
    while (reader->rest.length > 0) {
        struct slice line = take_line(reader);
        *item = (struct ini_item){.line = reader->line, .line_text = line};
        if (line.length > INI_LINE_MAX) {
            item->line_text.length = INI_LINE_MAX;
            fail(item, INI_LINE_MAX - 1, "the line is longer than 8192 bytes");
            return;
        }
        if (!is_text(line, item)) {
            return;
        }
        size_t start = skip_blanks(line, 0);
        if (start == line.length || is_comment(line, start)) {
            continue;
        }
        if (line.data[start] == '[') {
            read_section(line, start, item);
        } else {
            read_pair(line, start, item);
        }
        return;
    }
    *item = (struct ini_item){.kind = INI_END, .line = reader->line};
}
