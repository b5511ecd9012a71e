#include "verbgate/learn/observed_path.h"

static bool is_letter_or_digit(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

bool observed_path_is_plain(struct slice segment)
{
    if (segment.length == 0 || slice_equal(segment, SLICE(".")) ||
        slice_equal(segment, SLICE(".."))) {
        return false;
    }
    for (size_t i = 0; i < segment.length; i++) {
        char c = segment.data[i];
        if (!is_letter_or_digit(c) && (c == '\0' || strchr("-._~:+,=", c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* Numbers, dates, hexadecimal words, UUIDs: four digits, or eight characters of nothing but hexadecimal
 * digits and dashes. */
static bool looks_like_an_id(struct slice segment)
{
    enum { DIGITS_MIN = 4, HEX_MIN = 8 };
    size_t digits = 0;
    size_t hex = 0;
    for (size_t i = 0; i < segment.length; i++) {
        char c = ascii_lower(segment.data[i]);
        bool is_digit = c >= '0' && c <= '9';
        digits += is_digit;
        hex += is_digit || c == '-' || (c >= 'a' && c <= 'f');
    }
    return digits == segment.length || digits >= DIGITS_MIN ||
           (hex == segment.length && hex >= HEX_MIN);
}

static bool is_kept(struct slice segment)
{
    return segment.length <= OBSERVED_PATH_SEGMENT_MAX && observed_path_is_plain(segment) &&
           !looks_like_an_id(segment);
}

/* Takes the next segment, without its slash, off a path that starts with '/'. */
static struct slice take_segment(struct slice *path)
{
    struct slice rest = slice_after(*path, 1);
    size_t end = slice_find(rest, '/');
    *path = slice_after(rest, end);
    return slice_make(rest.data, end);
}

void observed_path_write(struct writer *writer, struct slice path)
{
    if (path.length == 0 || path.data[0] != '/') {
        writer_byte(writer, '*');
        return;
    }
    if (path.length > 1 && path.data[path.length - 1] == '/') {
        path.length--;
    }
    if (path.length == 1) {
        writer_byte(writer, '/');
        return;
    }
    for (unsigned i = 0; i < OBSERVED_PATH_SEGMENTS && path.length > 0; i++) {
        struct slice segment = take_segment(&path);
        writer_byte(writer, '/');
        writer_put(writer, is_kept(segment) ? segment : SLICE("*"));
    }
    if (path.length > 0) {
        writer_literal(writer, "/*");
    }
}

bool observed_path_is_valid(struct slice text)
{
    if (slice_equal(text, SLICE("*")) || slice_equal(text, SLICE("/"))) {
        return true;
    }
    if (text.length == 0 || text.data[0] != '/') {
        return false;
    }
    unsigned count = 0;
    for (; text.length > 0; count++) {
        struct slice segment = take_segment(&text);
        if (!slice_equal(segment, SLICE("*")) && !is_kept(segment)) {
            return false;
        }
    }
    return count <= OBSERVED_PATH_SEGMENTS + 1;
}
