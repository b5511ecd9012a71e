#include "verbgate/http/target.h"

#include "verbgate/http/escape.h"

#include <assert.h>

/*
 * The readings of a path. Each is made in one pass: a unit (a byte, or an escape of three) is taken
 * as the reading takes it, and a segment is judged when the separator behind it is reached. So an
 * escape is decoded before segments are told apart and parameters are cut, and never twice.
 */

enum { IS_BEHIND_SLASH = 4, IS_SLASH = 8 }; /* beside the bits of enum target_trait */

static const unsigned char traits_of_bytes[256] = {
    ['%'] = TARGET_HAS_READINGS,
    ['\\'] = TARGET_HAS_READINGS,
    [';'] = TARGET_HAS_READINGS,
    ['/'] = IS_SLASH | IS_BEHIND_SLASH,
    ['.'] = IS_BEHIND_SLASH,
#define CAPITAL(letter) [letter] = TARGET_HAS_CAPITAL
    CAPITAL('A'),
    CAPITAL('B'),
    CAPITAL('C'),
    CAPITAL('D'),
    CAPITAL('E'),
    CAPITAL('F'),
    CAPITAL('G'),
    CAPITAL('H'),
    CAPITAL('I'),
    CAPITAL('J'),
    CAPITAL('K'),
    CAPITAL('L'),
    CAPITAL('M'),
    CAPITAL('N'),
    CAPITAL('O'),
    CAPITAL('P'),
    CAPITAL('Q'),
    CAPITAL('R'),
    CAPITAL('S'),
    CAPITAL('T'),
    CAPITAL('U'),
    CAPITAL('V'),
    CAPITAL('W'),
    CAPITAL('X'),
    CAPITAL('Y'),
    CAPITAL('Z'),
#undef CAPITAL
};

unsigned target_traits(struct slice path)
{
    unsigned traits = 0;
    unsigned previous = 0; /* IS_BEHIND_SLASH when the byte in front is a slash */
    for (size_t i = 0; i < path.length; i++) {
        unsigned byte = traits_of_bytes[(unsigned char)path.data[i]];
        traits |= byte | (byte & previous) >> 2; /* "//" and "/." */
        previous = byte >> 1;
    }
    return traits & (TARGET_HAS_READINGS | TARGET_HAS_CAPITAL);
}

bool target_is_ambiguous(struct slice path)
{
    return (target_traits(path) & TARGET_HAS_READINGS) != 0;
}

/* One byte as written, or one percent-encoded byte. */
struct unit {
    unsigned char byte;
    bool is_escape;
    bool is_canonical; /* not an escape with lower-case hex digits (RFC 3986 section 6.2.2.1) */
};

static struct unit unit_at(struct slice path, size_t at)
{
    struct unit unit = {(unsigned char)path.data[at], false, true};
    int byte = escape_byte(path, at);
    if (byte >= 0) {
        unit.byte = (unsigned char)byte;
        unit.is_escape = true;
        unit.is_canonical = path.data[at + 1] < 'a' && path.data[at + 2] < 'a';
    }
    return unit;
}

static size_t unit_width(struct unit unit)
{
    return unit.is_escape ? ESCAPE_BYTES : 1;
}

/* True for two bytes that begin the UTF-8 form of a character that has a shorter one (RFC 3629
 * section 3): a sloppy decoder takes %C0%AF for '/'. */
static bool is_overlong(unsigned char lead, unsigned char next)
{
    switch (lead) {
    case 0xc0:
    case 0xc1:
        return next >= 0x80 && next <= 0xbf;
    case 0xe0:
        return next >= 0x80 && next <= 0x9f;
    case 0xf0:
        return next >= 0x80 && next <= 0x8f;
    case 0xf8: /* forms of five and six bytes, which RFC 3629 has withdrawn */
        return next >= 0x80 && next <= 0x87;
    case 0xfc:
        return next >= 0x80 && next <= 0x83;
    default:
        return false;
    }
}

/*
 * What makes a path unsafe byte by byte: a '%' that begins no escape (some servers decode "%u0061"),
 * encoded control bytes, overlong UTF-8, and a mixture of encoded slashes, backslashes and parameters. Backends differ on each of the three on its own, so
 * a path with two of them has more readings than the two that are made here. Only "%3B" beside
 * "%2F" is let through, as far as take() allows: a whole URL in one segment has both.
 */
static bool has_unsafe_bytes(struct slice path)
{
    bool has_encoded_slash = false;
    bool has_backslash = false;
    bool has_semicolon = false;
    bool has_encoded_semicolon = false;
    unsigned char lead = 0;
    for (size_t i = 0; i < path.length;) {
        struct unit unit = unit_at(path, i);
        if (unit.is_escape ? unit.byte < 0x20 || unit.byte == 0x7f : unit.byte == '%') {
            return true;
        }
        if (is_overlong(lead, unit.byte)) {
            return true;
        }
        has_encoded_slash |= unit.is_escape && unit.byte == '/';
        has_backslash |= unit.byte == '\\';
        has_semicolon |= !unit.is_escape && unit.byte == ';';
        has_encoded_semicolon |= unit.is_escape && unit.byte == ';';
        lead = unit.byte;
        i += unit_width(unit);
    }
    if (has_backslash) {
        return has_encoded_slash || has_semicolon || has_encoded_semicolon;
    }
    return has_encoded_slash && has_semicolon;
}

/* A reading in the making. text[0] is '/' and text[segment - 1] is '/'; segment <= length. */
struct reading {
    bool is_lenient;
    char *text;
    size_t length;
    size_t segment;      /* where the segment being written begins */
    bool in_parameters;  /* lenient: behind the ';' of this segment */
    bool is_altered;     /* this segment is not written as it is read */
    bool altered_before; /* one in front of it was not, or was empty */
    bool climbed_before; /* a ".." segment came in front of it */
};

static bool is_unreserved(unsigned char byte)
{
    char lower = ascii_lower((char)byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_' || byte == '~';
}

static bool is_decoded(const struct reading *reading, struct unit unit)
{
    bool is_visible = unit.byte > 0x20 && unit.byte < 0x7f;
    return is_unreserved(unit.byte) || (reading->is_lenient && is_visible);
}

static bool is_separator(const struct reading *reading, struct unit unit)
{
    if (reading->is_lenient) {
        return unit.byte == '/' || unit.byte == '\\';
    }
    return unit.byte == '/' && !unit.is_escape;
}

static void put(struct reading *reading, struct unit unit)
{
    if (unit.is_escape && !is_decoded(reading, unit)) {
        static const char digits[] = "0123456789ABCDEF";
        reading->text[reading->length++] = '%';
        reading->text[reading->length++] = digits[unit.byte >> 4];
        reading->text[reading->length++] = digits[unit.byte & 15];
    } else {
        reading->text[reading->length++] = (char)unit.byte;
    }
}

/* Drops the segment being written and the one in front of it, if any (RFC 3986 section 5.2.4). */
static void climb(struct reading *reading)
{
    reading->length = reading->segment;
    if (reading->length > 1) {
        reading->length--;
        while (reading->text[reading->length - 1] != '/') {
            reading->length--;
        }
    }
}

/*
 * Ends the segment being written; `is_last` when no separator follows it. Returns false when the
 * path is unsafe: a backend may do without any of the steps that a reading takes, so a ".." that
 * one backend climbs from /%61dmin, /a//b or /a;x, another climbs from elsewhere, or not at all.
 * That makes more readings than two. A path that stays is safe: ".." behind segments that have one
 * reading only, and a ".." in disguise ("%2e%2e", "..;x") when it is the only one of the path.
 */
static bool end_segment(struct reading *reading, bool is_last)
{
    struct slice segment =
        slice_make(reading->text + reading->segment, reading->length - reading->segment);
    bool is_safe = true;
    if (slice_equal(segment, SLICE(".."))) {
        is_safe = !reading->altered_before && !(reading->is_altered && reading->climbed_before);
        reading->climbed_before = true;
        climb(reading);
    } else if (slice_equal(segment, SLICE("."))) {
        reading->length = reading->segment;
    } else if (segment.length > 0 && !is_last) {
        reading->text[reading->length++] = '/';
    }
    reading->altered_before |= reading->is_altered || segment.length == 0;
    reading->segment = reading->length;
    reading->is_altered = false;
    reading->in_parameters = false;
    return is_safe;
}

/* Takes one unit. Returns false when the path is unsafe. */
static bool take(struct reading *reading, struct unit unit)
{
    bool is_cut = reading->is_lenient && unit.byte == ';';
    bool is_between = is_separator(reading, unit);
    if (unit.is_escape) {
        reading->is_altered |= is_decoded(reading, unit) || !unit.is_canonical;
    } else {
        reading->is_altered |= is_cut || (is_between && unit.byte != '/');
    }
    reading->in_parameters |= is_cut;
    if (is_between) {
        /* "%3B...%2F": a server that decodes the one and not the other cuts more than this reading does. */
        bool ends_safely = !reading->in_parameters || !unit.is_escape;
        return end_segment(reading, false) && ends_safely;
    }
    if (!reading->in_parameters) {
        put(reading, unit);
    }
    return true;
}

static bool read_path(struct slice path, bool is_lenient, char *buffer, struct slice *result)
{
    struct reading reading = {.is_lenient = is_lenient, .text = buffer, .length = 1, .segment = 1};
    buffer[0] = '/';
    for (size_t i = 1; i < path.length;) {
        size_t dropped = is_lenient ? escape_ignorable_length(path, i) : 0;
        struct unit unit = unit_at(path, i);
        if (dropped > 0) {
            reading.is_altered = true;
        } else if (!take(&reading, unit)) {
            return false;
        }
        i += dropped > 0 ? dropped : unit_width(unit);
    }
    if (!end_segment(&reading, true)) {
        return false;
    }
    assert(reading.length <= path.length);
    *result = slice_make(buffer, reading.length);
    return true;
}

enum http_fault target_read(struct slice path, char *buffer, struct target_readings *readings)
{
    struct target_readings made;
    assert(path.length > 0 && path.data[0] == '/');
    if (has_unsafe_bytes(path) || !read_path(path, false, buffer, &made.normal) ||
        !read_path(path, true, buffer + path.length, &made.lenient)) {
        return FAULT_PATH_UNSAFE;
    }
    *readings = made;
    return FAULT_NONE;
}

struct slice target_before_mark(struct slice path, char mark)
{
    size_t i = 0;
    while (i < path.length) {
        struct unit unit = unit_at(path, i);
        if (unit.is_escape && unit.byte == (unsigned char)mark) {
            break;
        }
        i += unit_width(unit);
    }
    return slice_make(path.data, i);
}
