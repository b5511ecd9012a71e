#include "verbgate/base/address.h"

#include "verbgate/base/writer.h"

#include <arpa/inet.h>
#include <stdio.h>

static const struct slice unix_prefix = {"unix:", 5};
static const struct slice builtin_prefix = {"builtin:", 8};
static const struct slice inherited_prefix = {"systemd:", 8};

static const char *parse_port(struct slice text, uint16_t *port)
{
    uint64_t number;
    if (text.length == 0) {
        return "the port is missing: write HOST:PORT";
    }
    if (text.length > 5 || !slice_to_number(text, &number) || number > 65535) {
        return "the port is not a number from 0 to 65535";
    }
    *port = (uint16_t)number;
    return NULL;
}

bool address_read_ip(struct slice text, int family, unsigned char *bytes)
{
    char string[INET6_ADDRSTRLEN];
    if (text.length == 0 || text.length >= sizeof string ||
        memchr(text.data, '\0', text.length) != NULL) {
        return false;
    }
    memcpy(string, text.data, text.length);
    string[text.length] = '\0';
    return inet_pton(family, string, bytes) == 1;
}

struct slice address_canonical_ipv6(struct slice text, char *out)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    if (!address_read_ip(text, AF_INET6, bytes) ||
        inet_ntop(AF_INET6, bytes, out, INET6_ADDRSTRLEN) == NULL) {
        return slice_make(out, 0);
    }
    return slice_of(out);
}

static bool is_ip_literal(struct slice host, int family)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return address_read_ip(host, family, bytes);
}

static bool is_host_name(struct slice host)
{
    if (host.length > 253) {
        return false;
    }
    for (size_t i = 0; i < host.length; i++) {
        char c = ascii_lower(host.data[i]);
        bool fine =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (!fine) {
            return false;
        }
    }
    return host.length > 0;
}

static const char *parse_unix(struct slice path, struct address *address)
{
    struct sockaddr_un room;
    if (path.length == 0 || path.data[0] != '/') {
        return "a Unix socket needs an absolute path: unix:/run/app.sock";
    }
    if (path.length >= sizeof room.sun_path) {
        return "the Unix socket's path is longer than the system allows (107 bytes)";
    }
    if (memchr(path.data, '\0', path.length) != NULL) {
        return "the Unix socket's path has a NUL byte";
    }
    *address = (struct address){.kind = ADDRESS_UNIX, .host = path};
    return NULL;
}

static const char *parse_builtin(struct slice name, struct address *address)
{
    if (name.length == 0) {
        return "builtin: needs a name";
    }
    *address = (struct address){.kind = ADDRESS_BUILTIN, .host = name};
    return NULL;
}

/* A name has no colon, which separates names in LISTEN_FDNAMES, and no control characters
 * (sd_listen_fds_with_names). */
static const char *parse_inherited(struct slice name, struct address *address)
{
    if (name.length == 0 || name.length > 255) {
        return "systemd: needs the socket's name: its FileDescriptorName, or UNIT.socket";
    }
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == ':') {
            return "the socket's name has a character that no such name has";
        }
    }
    *address = (struct address){.kind = ADDRESS_INHERITED, .host = name};
    return NULL;
}

/* "[::1]:80": the part after the bracket must be a colon and a port. */
static const char *parse_bracketed(struct slice text, struct address *address)
{
    size_t end = slice_find(text, ']');
    if (end == text.length || end + 1 >= text.length || text.data[end + 1] != ':') {
        return "an IPv6 address is written [::1]:PORT";
    }
    struct slice host = slice_make(text.data + 1, end - 1);
    if (!is_ip_literal(host, AF_INET6)) {
        return "what stands in the brackets is not an IPv6 address";
    }
    uint16_t port;
    const char *problem = parse_port(slice_after(text, end + 2), &port);
    if (problem == NULL) {
        *address = (struct address){ADDRESS_IP, host, port};
    }
    return problem;
}

const char *address_parse(struct slice text, struct address *address)
{
    if (slice_starts_with(text, unix_prefix)) {
        return parse_unix(slice_after(text, unix_prefix.length), address);
    }
    if (slice_starts_with(text, builtin_prefix)) {
        return parse_builtin(slice_after(text, builtin_prefix.length), address);
    }
    if (slice_starts_with(text, inherited_prefix)) {
        return parse_inherited(slice_after(text, inherited_prefix.length), address);
    }
    if (text.length > 0 && text.data[0] == '[') {
        return parse_bracketed(text, address);
    }
    if (slice_find(text, '/') < text.length) {
        return "an address has no scheme and no path: write HOST:PORT";
    }
    size_t colon = slice_find(text, ':');
    if (colon == text.length) {
        return "the port is missing: write HOST:PORT";
    }
    struct slice host = slice_make(text.data, colon);
    struct slice port_text = slice_after(text, colon + 1);
    if (slice_find(port_text, ':') != port_text.length) {
        return "an IPv6 address is written [::1]:PORT";
    }
    uint16_t port;
    const char *problem = parse_port(port_text, &port);
    if (problem != NULL) {
        return problem;
    }
    if (host.length == 0 || slice_equal(host, SLICE("*"))) {
        *address = (struct address){ADDRESS_ANY, slice_make(NULL, 0), port};
        return NULL;
    }
    if (!is_host_name(host)) {
        return "the host has a character that no host name has";
    }
    enum address_kind kind = is_ip_literal(host, AF_INET) ? ADDRESS_IP : ADDRESS_NAME;
    *address = (struct address){kind, host, port};
    return NULL;
}

bool address_to_socket(const struct address *address, struct socket_address *out)
{
    struct socket_address result;
    memset(&result, 0, sizeof result);
    char text[INET6_ADDRSTRLEN];
    switch (address->kind) {
    case ADDRESS_UNIX:
        result.path.sun_family = AF_UNIX;
        memcpy(result.path.sun_path, address->host.data, address->host.length);
        result.length = sizeof result.path;
        break;
    case ADDRESS_ANY:
        result.v4.sin_family = AF_INET;
        result.v4.sin_port = htons(address->port);
        result.length = sizeof result.v4;
        break;
    case ADDRESS_IP:
        memcpy(text, address->host.data, address->host.length);
        text[address->host.length] = '\0';
        if (inet_pton(AF_INET, text, &result.v4.sin_addr) == 1) {
            result.v4.sin_family = AF_INET;
            result.v4.sin_port = htons(address->port);
            result.length = sizeof result.v4;
        } else if (inet_pton(AF_INET6, text, &result.v6.sin6_addr) == 1) {
            result.v6.sin6_family = AF_INET6;
            result.v6.sin6_port = htons(address->port);
            result.length = sizeof result.v6;
        } else {
            return false;
        }
        break;
    case ADDRESS_NAME:
    case ADDRESS_BUILTIN:
    case ADDRESS_INHERITED:
        return false;
    }
    *out = result;
    return true;
}

bool socket_address_is_loopback(const struct socket_address *address)
{
    switch (address->any.sa_family) {
    case AF_INET:
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    default:
        return address->any.sa_family == AF_UNIX;
    }
}

/* inet_ntop prints IPv4 with sprintf, which shows in a profile of every forwarded request. */
static size_t write_ipv4(const unsigned char bytes[4], char *out)
{
    struct writer writer = writer_make(out, INET6_ADDRSTRLEN - 1);
    for (int i = 0; i < 4; i++) {
        if (i > 0) {
            writer_byte(&writer, '.');
        }
        writer_number(&writer, bytes[i]);
    }
    out[writer.length] = '\0';
    return writer.length;
}

size_t socket_address_ip(const struct sockaddr *address, char *out)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return write_ipv4((const unsigned char *)&v4->sin_addr, out);
    }
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(v6)) {
            return write_ipv4(v6->s6_addr + 12, out);
        }
        if (inet_ntop(AF_INET6, v6, out, INET6_ADDRSTRLEN) != NULL) {
            return strlen(out);
        }
    }
    memcpy(out, "unix", sizeof "unix");
    return sizeof "unix" - 1;
}

void socket_address_text(const struct socket_address *address, char *out, size_t size)
{
    if (address->any.sa_family == AF_UNIX) {
        snprintf(out, size, "unix:%.*s", (int)sizeof address->path.sun_path,
                 address->path.sun_path);
        return;
    }
    char ip[INET6_ADDRSTRLEN];
    socket_address_ip(&address->any, ip);
    if (address->any.sa_family == AF_INET6 && strchr(ip, ':') != NULL) {
        snprintf(out, size, "[%s]:%u", ip, (unsigned)ntohs(address->v6.sin6_port));
    } else {
        snprintf(out, size, "%s:%u", ip, (unsigned)ntohs(address->v4.sin_port));
    }
}
