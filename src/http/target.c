#include "verbgate/http/target.h"

#include "verbgate/base/address.h"

/* The form, the parts and the authority of a target; its readings are in target_readings.c. */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'z';
}

static bool is_hex_digit(char c)
{
    char lower = ascii_lower(c);
    return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/*
 * The unreserved and sub-delims characters of RFC 3986 section 2, without ',' and ';'. The host is
 * copied into lists (X-Forwarded-Host) and parameters (Forwarded), where those two would make one
 * host into two elements. No name in the DNS has them.
 */
static const bool name_characters[256] = {
    ['!'] = true, ['$'] = true, ['&'] = true, ['\''] = true, ['('] = true, [')'] = true,
    ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,  ['0'] = true, ['1'] = true,
    ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true,  ['6'] = true, ['7'] = true,
    ['8'] = true, ['9'] = true, ['='] = true, ['A'] = true,  ['B'] = true, ['C'] = true,
    ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true,  ['H'] = true, ['I'] = true,
    ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true,  ['N'] = true, ['O'] = true,
    ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true,  ['T'] = true, ['U'] = true,
    ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true,  ['Z'] = true, ['_'] = true,
    ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true,  ['e'] = true, ['f'] = true,
    ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true,  ['k'] = true, ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true,  ['q'] = true, ['r'] = true,
    ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true,  ['w'] = true, ['x'] = true,
    ['y'] = true, ['z'] = true, ['~'] = true,
};

static bool is_name_character(char c)
{
    return name_characters[(unsigned char)c];
}

/* "%" and two hex digits of a byte outside ASCII. RFC 3986 section 3.2.2 has percent-encoding in a
 * host for UTF-8 only; an encoded ASCII character would be a second way to write a host, and could
 * hide it from the policy. */
static bool is_name_escape(struct slice text)
{
    return text.length >= 3 && text.data[0] == '%' && is_hex_digit(text.data[1]) &&
           is_hex_digit(text.data[2]) && !(text.data[1] >= '0' && text.data[1] <= '7');
}

/* The length of the reg-name or IPv4 address that `value` begins with (RFC 3986 section 3.2.2). */
static size_t name_length(struct slice value)
{
    size_t i = 0;
    while (i < value.length) {
        if (is_name_character(value.data[i])) {
            i++;
        } else if (is_name_escape(slice_after(value, i))) {
            i += 3;
        } else {
            break;
        }
    }
    return i;
}

/* Zone identifiers have no place in HTTP (RFC 3986 section 3.2.2). */
static bool is_ipv6(struct slice text)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return address_read_ip(text, AF_INET6, bytes);
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool is_ip_future(struct slice text)
{
    size_t dot = slice_find(text, '.');
    if (dot < 2 || dot + 1 >= text.length || ascii_lower(text.data[0]) != 'v') {
        return false;
    }
    for (size_t i = 1; i < dot; i++) {
        if (!is_hex_digit(text.data[i])) {
            return false;
        }
    }
    for (size_t i = dot + 1; i < text.length; i++) {
        if (text.data[i] != ':' && !is_name_character(text.data[i])) {
            return false;
        }
    }
    return true;
}

/* The length of the bracketed IP literal that `value` begins with, or 0 when it is malformed. */
static size_t literal_length(struct slice value)
{
    size_t end = slice_find(value, ']');
    if (end == value.length) {
        return 0;
    }
    struct slice inside = slice_make(value.data + 1, end - 1);
    return is_ipv6(inside) || is_ip_future(inside) ? end + 1 : 0;
}

/* Nothing, or ":" with a port; the port may be empty (RFC 3986 section 3.2.3). */
static bool is_port_part(struct slice text)
{
    const size_t digits_max = 5;
    if (text.length == 0) {
        return true;
    }
    struct slice digits = slice_after(text, 1);
    uint64_t port;
    return text.data[0] == ':' &&
           (digits.length == 0 ||
            (digits.length <= digits_max && slice_to_number(digits, &port) && port <= UINT16_MAX));
}

enum http_fault target_split_host(struct slice value, bool allow_empty, struct slice *host)
{
    if (value.length == 0) {
        if (allow_empty) {
            *host = value;
        }
        return allow_empty ? FAULT_NONE : FAULT_HOST_SYNTAX;
    }
    size_t length = value.data[0] == '[' ? literal_length(value) : name_length(value);
    /* http and https URIs have no empty host (RFC 9110 section 4.2.1), so ":80" is refused. */
    if (length == 0 || !is_port_part(slice_after(value, length))) {
        return FAULT_HOST_SYNTAX;
    }
    *host = slice_make(value.data, length);
    return FAULT_NONE;
}

/* Takes "path?query" apart. Only the absolute form can leave the path empty, which means "/"
 * (RFC 9112 section 3.2.1). */
static void split_path(struct slice text, struct target *target)
{
    size_t mark = slice_find(text, '?');
    target->path = mark > 0 ? slice_make(text.data, mark) : SLICE("/");
    target->path_query = text.length > 0 ? text : SLICE("/");
    target->needs_slash = mark == 0 && text.length > 0;
    if (mark < text.length) {
        target->query = slice_after(text, mark + 1);
    }
}

/* CONNECT takes host ":" port and nothing else; the port cannot be left out (RFC 9110 section
 * 9.3.6). */
static enum http_fault parse_authority_form(struct slice text, struct target *target)
{
    struct slice host;
    if (slice_equal(text, SLICE("*")) || slice_find(text, '/') < text.length ||
        slice_find(text, '?') < text.length) {
        return FAULT_TARGET_FORM;
    }
    if (target_split_host(text, false, &host) != FAULT_NONE || text.length < host.length + 2) {
        return FAULT_TARGET_AUTHORITY;
    }
    *target = (struct target){.form = TARGET_AUTHORITY, .authority = text};
    return FAULT_NONE;
}

/* The length of the scheme in front of "://", or 0 when `text` is no absolute form. */
static size_t scheme_length(struct slice text)
{
    size_t length = slice_find(text, ':');
    if (length == 0 || !is_alpha(text.data[0]) ||
        !slice_starts_with(slice_after(text, length), SLICE("://"))) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        char c = text.data[i];
        if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') {
            return 0;
        }
    }
    return length;
}

/* The absolute form (RFC 9112 section 3.2.2). */
static enum http_fault parse_absolute_form(struct slice text, enum method method,
                                           struct target *target)
{
    size_t scheme_end = scheme_length(text);
    if (scheme_end == 0) {
        return FAULT_TARGET_FORM;
    }
    struct slice scheme = slice_make(text.data, scheme_end);
    bool is_https = slice_equal_ignoring_case(scheme, SLICE("https"));
    if (!is_https && !slice_equal_ignoring_case(scheme, SLICE("http"))) {
        return FAULT_TARGET_SCHEME;
    }
    struct slice rest = slice_after(text, scheme_end + sizeof "://" - 1);
    size_t slash = slice_find(rest, '/');
    size_t mark = slice_find(rest, '?');
    size_t end = slash < mark ? slash : mark;
    struct slice authority = slice_make(rest.data, end);
    struct slice host;
    /* Userinfo fails here too: a host has no '@' (RFC 9110 section 4.2.4). */
    if (target_split_host(authority, false, &host) != FAULT_NONE) {
        return FAULT_TARGET_AUTHORITY;
    }
    *target =
        (struct target){.form = TARGET_ABSOLUTE, .authority = authority, .is_https = is_https};
    if (method == METHOD_OPTIONS && end == rest.length) {
        target->form = TARGET_ASTERISK;
        target->path = target->path_query = SLICE("*");
    } else {
        split_path(slice_after(rest, end), target);
    }
    return FAULT_NONE;
}

enum http_fault target_parse(struct slice text, enum method method, struct target *target)
{
    if (method == METHOD_CONNECT) {
        return parse_authority_form(text, target);
    }
    if (text.length > 0 && text.data[0] == '/') {
        *target = (struct target){.form = TARGET_ORIGIN};
        split_path(text, target);
        return FAULT_NONE;
    }
    if (!slice_equal(text, SLICE("*"))) {
        return parse_absolute_form(text, method, target);
    }
    /* "*" asks about the server as a whole, which only OPTIONS can (RFC 9112 section 3.2.4). */
    if (method != METHOD_OPTIONS) {
        return FAULT_TARGET_FORM;
    }
    *target = (struct target){.form = TARGET_ASTERISK, .path = text, .path_query = text};
    return FAULT_NONE;
}
