#include "verbgate/http/request_line.h"

#include "verbgate/http/token.h"

/*
 * What a request target may hold: visible ASCII without '#', which begins a fragment and is never
 * sent (RFC 9112 section 3.2). Some of these bytes are outside the URI grammar ('<', '"', '\', ...)
 * but clients send them, and they cannot be mistaken for the end of the target.
 */
static const bool target_characters[256] = {
    ['!'] = true, ['"'] = true, ['$'] = true, ['%'] = true, ['&'] = true,  ['\''] = true,
    ['('] = true, [')'] = true, ['*'] = true, ['+'] = true, [','] = true,  ['-'] = true,
    ['.'] = true, ['/'] = true, ['0'] = true, ['1'] = true, ['2'] = true,  ['3'] = true,
    ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true,  ['9'] = true,
    [':'] = true, [';'] = true, ['<'] = true, ['='] = true, ['>'] = true,  ['?'] = true,
    ['@'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true,  ['E'] = true,
    ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true,  ['K'] = true,
    ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true,  ['Q'] = true,
    ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true,  ['W'] = true,
    ['X'] = true, ['Y'] = true, ['Z'] = true, ['['] = true, ['\\'] = true, [']'] = true,
    ['^'] = true, ['_'] = true, ['`'] = true, ['a'] = true, ['b'] = true,  ['c'] = true,
    ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true,  ['i'] = true,
    ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true,  ['o'] = true,
    ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true,  ['u'] = true,
    ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,  ['{'] = true,
    ['|'] = true, ['}'] = true, ['~'] = true,
};

/* What stands behind the target and its space; '0' stands for any digit (RFC 9112 section 2.3). */
static const char version_form[] = "HTTP/0.0\r\n";
enum { VERSION_MAJOR_AT = 5, VERSION_MINOR_AT = 7, VERSION_BYTES = 8, VERSION_LINE_BYTES = 10 };
_Static_assert(sizeof version_form - 1 == VERSION_LINE_BYTES, "the form ends with its CRLF");

void request_line_start(struct request_line_scanner *scanner)
{
    *scanner = (struct request_line_scanner){.state = LINE_START};
}

/* The first byte of a line: of an empty one, which a robust server ignores (RFC 9112 section 2.2),
 * or of the method. */
static enum http_fault scan_start(struct request_line_scanner *scanner, const char *data)
{
    char c = data[scanner->position];
    if (c == '\r') {
        if (scanner->empty_lines == REQUEST_LINE_EMPTY_MAX) {
            return FAULT_EMPTY_LINES;
        }
        scanner->state = LINE_EMPTY;
    } else if (token_is_character(c)) {
        scanner->method_start = scanner->position;
        scanner->state = LINE_METHOD;
    } else {
        return c == '\n' ? FAULT_LINE_END : FAULT_METHOD_SYNTAX;
    }
    scanner->position++;
    return FAULT_NONE;
}

static enum http_fault scan_empty_line(struct request_line_scanner *scanner, const char *data)
{
    if (data[scanner->position] != '\n') {
        return FAULT_LINE_END;
    }
    scanner->position++;
    scanner->empty_lines++;
    scanner->state = LINE_START;
    return FAULT_NONE;
}

static enum http_fault scan_method(struct request_line_scanner *scanner, const char *data,
                                   size_t length)
{
    size_t i = scanner->position;
    while (i < length && token_is_character(data[i])) {
        i++;
    }
    scanner->position = i;
    if (i == length) {
        return FAULT_NONE;
    }
    if (data[i] != ' ') {
        return FAULT_METHOD_SYNTAX;
    }
    scanner->method_end = i;
    scanner->target_start = i + 1;
    scanner->position = i + 1;
    scanner->state = LINE_TARGET;
    return FAULT_NONE;
}

/* The byte behind the target: only one space will do. */
static enum http_fault end_target(struct request_line_scanner *scanner, char c)
{
    if (scanner->position == scanner->target_start) {
        return FAULT_TARGET_SYNTAX;
    }
    if (c == '\r' || c == '\n') {
        return FAULT_VERSION_MISSING;
    }
    if (c != ' ') {
        return FAULT_TARGET_SYNTAX;
    }
    scanner->target_end = scanner->position++;
    scanner->state = LINE_VERSION;
    return FAULT_NONE;
}

static enum http_fault scan_target(struct request_line_scanner *scanner, const char *data,
                                   size_t length, size_t max_target)
{
    size_t end = length;
    if (length - scanner->target_start > max_target) {
        end = scanner->target_start + max_target;
    }
    size_t i = scanner->position;
    while (i < end && target_characters[(unsigned char)data[i]]) {
        i++;
    }
    scanner->position = i;
    if (i == length) {
        return FAULT_NONE;
    }
    if (target_characters[(unsigned char)data[i]]) {
        return FAULT_TARGET_TOO_LONG;
    }
    return end_target(scanner, data[i]);
}

/* Names what is wrong when byte number `index` of the version is `c`. A client that left a space
 * in its target is more common than one that cannot spell HTTP, and is told so. */
static enum http_fault version_fault(size_t index, char c)
{
    const size_t name_bytes = sizeof "HTTP" - 1;
    if (index == 0 && (c == '\r' || c == '\n')) {
        return FAULT_VERSION_MISSING;
    }
    if (index < name_bytes) {
        bool is_other_case = ascii_lower(c) == ascii_lower(version_form[index]);
        return is_other_case ? FAULT_VERSION_SYNTAX : FAULT_TARGET_SPACE;
    }
    if (index == VERSION_BYTES) {
        bool is_blank = c == ' ' || c == '\t' || c == '\n';
        return is_blank ? FAULT_LINE_END : FAULT_VERSION_SYNTAX;
    }
    return index > VERSION_BYTES ? FAULT_LINE_END : FAULT_VERSION_SYNTAX;
}

static enum http_fault scan_version(struct request_line_scanner *scanner, const char *data,
                                    size_t length)
{
    size_t start = scanner->target_end + 1;
    /* The version that nearly all lines have is looked at in one piece; a digit of the form is fine with the '1'. */
    const struct slice usual = SLICE("HTTP/1.");
    if (scanner->position == start &&
        slice_starts_with(slice_make(data + start, length - start), usual)) {
        scanner->position += usual.length;
    }
    for (; scanner->position < length; scanner->position++) {
        size_t index = scanner->position - start;
        if (index == VERSION_LINE_BYTES) {
            break;
        }
        char c = data[scanner->position];
        char expected = version_form[index];
        if (expected == '0' ? c < '0' || c > '9' : c != expected) {
            return version_fault(index, c);
        }
    }
    if (scanner->position - start == VERSION_LINE_BYTES) {
        scanner->state = LINE_END;
    }
    return FAULT_NONE;
}

static enum http_fault scan_part(struct request_line_scanner *scanner, const char *data,
                                 size_t length, size_t max_target)
{
    switch (scanner->state) {
    case LINE_START:
        return scan_start(scanner, data);
    case LINE_EMPTY:
        return scan_empty_line(scanner, data);
    case LINE_METHOD:
        return scan_method(scanner, data, length);
    case LINE_TARGET:
        return scan_target(scanner, data, length, max_target);
    case LINE_VERSION:
        return scan_version(scanner, data, length);
    case LINE_END:
        break;
    }
    return FAULT_NONE;
}

static void fill(const struct request_line_scanner *scanner, const char *data,
                 struct request_line *line)
{
    const char *version = data + scanner->target_end + 1;
    *line = (struct request_line){
        .method =
            slice_make(data + scanner->method_start, scanner->method_end - scanner->method_start),
        .target =
            slice_make(data + scanner->target_start, scanner->target_end - scanner->target_start),
        .version_major = (unsigned)(version[VERSION_MAJOR_AT] - '0'),
        .version_minor = (unsigned)(version[VERSION_MINOR_AT] - '0'),
        .length = scanner->position,
    };
}

enum scan_status request_line_scan(struct request_line_scanner *scanner, const char *data,
                                   size_t length, size_t max_target, struct request_line *line,
                                   enum http_fault *fault)
{
    while (scanner->position < length && scanner->state != LINE_END) {
        enum http_fault found = scan_part(scanner, data, length, max_target);
        if (found != FAULT_NONE) {
            *fault = found;
            return SCAN_BAD;
        }
    }
    if (scanner->state != LINE_END) {
        return SCAN_MORE;
    }
    fill(scanner, data, line);
    return SCAN_DONE;
}

enum http_fault request_line_overflow(const struct request_line_scanner *scanner)
{
    switch (scanner->state) {
    case LINE_START:
    case LINE_EMPTY:
        return FAULT_EMPTY_LINES;
    case LINE_METHOD:
        return FAULT_METHOD_TOO_LONG;
    case LINE_TARGET:
    case LINE_VERSION:
    case LINE_END:
        break;
    }
    /* Both parts took room: the longer one is to blame. */
    size_t method = scanner->method_end - scanner->method_start;
    size_t target = scanner->position - scanner->target_start;
    return method > target ? FAULT_METHOD_TOO_LONG : FAULT_TARGET_TOO_LONG;
}
