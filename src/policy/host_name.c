#include "verbgate/policy/host_name.h"

#include "verbgate/base/address.h"

static bool is_label_byte(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The URL standard takes a host whose last label is such a number for an IPv4 address. */
static bool is_number(struct slice label)
{
    bool is_hex = label.length >= 2 && label.data[0] == '0' && ascii_lower(label.data[1]) == 'x';
    for (size_t i = is_hex ? 2 : 0; i < label.length; i++) {
        char lower = ascii_lower(label.data[i]);
        if (!(lower >= '0' && lower <= '9') && !(is_hex && lower >= 'a' && lower <= 'f')) {
            return false;
        }
    }
    return label.length > 0;
}

/* "xn--" and a label that Punycode (RFC 3492) leaves as it is: some parsers turn "xn--admin-" into "admin". */
static bool encodes_ascii_alone(struct slice label)
{
    struct slice prefix = SLICE("xn--");
    return label.length >= prefix.length &&
           slice_equal_ignoring_case(slice_make(label.data, prefix.length), prefix) &&
           (label.length == prefix.length || label.data[label.length - 1] == '-');
}

static const char *label_problem(struct slice label)
{
    if (label.length == 0) {
        return "it has an empty label";
    }
    for (size_t i = 0; i < label.length; i++) {
        if (!is_label_byte(label.data[i])) {
            return "it has a character other than letters, digits, '-', '_' and '.'";
        }
    }
    return encodes_ascii_alone(label) ? "a label begins with \"xn--\" and encodes nothing" : NULL;
}

static const char *name_problem(struct slice name)
{
    struct slice rest = name;
    for (;;) {
        size_t dot = slice_find(rest, '.');
        struct slice label = slice_make(rest.data, dot);
        const char *problem = label_problem(label);
        if (problem != NULL) {
            return problem;
        }
        if (dot == rest.length) {
            unsigned char bytes[sizeof(struct in_addr)];
            bool is_plain = !is_number(label) || address_read_ip(name, AF_INET, bytes);
            return is_plain ? NULL : "it is an IPv4 address, not written as four decimal numbers";
        }
        rest = slice_after(rest, dot + 1);
    }
}

static struct slice without_dot(struct slice host)
{
    bool has_dot = host.length > 0 && host.data[host.length - 1] == '.';
    return slice_make(host.data, host.length - has_dot);
}

static bool is_literal(struct slice host)
{
    return host.length >= 2 && host.data[0] == '[' && host.data[host.length - 1] == ']';
}

const char *host_name_problem(struct slice host)
{
    if (host.length == 0) {
        return NULL;
    }
    if (is_literal(host)) {
        unsigned char bytes[sizeof(struct in6_addr)];
        struct slice inside = slice_make(host.data + 1, host.length - 2);
        return address_read_ip(inside, AF_INET6, bytes) ? NULL : "it is no IPv6 address";
    }
    struct slice name = without_dot(host);
    return name.length > HOST_NAME_MAX_BYTES ? "it is longer than 253 bytes" : name_problem(name);
}

struct slice host_name_canonical(struct slice host, char *buffer)
{
    if (!is_literal(host)) {
        return without_dot(host);
    }
    struct slice inside =
        address_canonical_ipv6(slice_make(host.data + 1, host.length - 2), buffer + 1);
    if (inside.length == 0) {
        return host;
    }
    buffer[0] = '[';
    buffer[inside.length + 1] = ']';
    return slice_make(buffer, inside.length + 2);
}
