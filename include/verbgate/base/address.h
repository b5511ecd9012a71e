/*
 * Network addresses as a configuration writes them: parsed, not resolved.
 *
 *   127.0.0.1:8080   [::1]:8080   localhost:8080   *:8080 or :8080 (any address, for listeners)
 *   unix:/run/app.sock            builtin:legacy (servers only)
 *   systemd:NAME (listeners only) a listening socket that the process was started with
 */
#ifndef VERBGATE_BASE_ADDRESS_H
#define VERBGATE_BASE_ADDRESS_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

enum address_kind {
    ADDRESS_NAME,      /* a host name and port, to be resolved */
    ADDRESS_IP,        /* a literal IPv4 or IPv6 address and port */
    ADDRESS_ANY,       /* every local address, a port */
    ADDRESS_UNIX,      /* a Unix-domain socket's path */
    ADDRESS_BUILTIN,   /* a backend inside the binary, by name */
    ADDRESS_INHERITED, /* a socket from the service manager, by name */
};

struct address {
    enum address_kind kind;
    struct slice host; /* name or literal without brackets, path, or builtin name; a view of the
                          text that was parsed */
    uint16_t port;
};

/* A socket address that connect(2) or bind(2) take. */
struct socket_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
        struct sockaddr_storage storage;
    };
    socklen_t length;
};

/*
 * Parses `text`; the result points into it. Returns NULL, or a sentence that says what is wrong
 * (static text). Ports are 0 to 65535, and only TCP addresses have one. A Unix
 * path must be absolute and fit sockaddr_un.
 */
MUST_CHECK const char *address_parse(struct slice text, struct address *address);

/* Reads the literal of an IP address, without brackets or zone, into `bytes`: 4 of them for AF_INET,
 * 16 for AF_INET6. Returns false when `text` is none of that family. */
MUST_CHECK bool address_read_ip(struct slice text, int family, unsigned char *bytes);

/* Writes the IPv6 literal `text` as RFC 5952 has it: one text for each address. `out` has at least
 * INET6_ADDRSTRLEN bytes. The result is empty when `text` is no such literal. */
struct slice address_canonical_ipv6(struct slice text, char *out);

/* The socket address of an ADDRESS_IP, ADDRESS_ANY (as IPv4 0.0.0.0) or ADDRESS_UNIX; false for
 * the kinds that need resolving. */
MUST_CHECK bool address_to_socket(const struct address *address, struct socket_address *out);

/* Whether only this machine reaches the address: 127.0.0.0/8, ::1, or a Unix socket. */
bool socket_address_is_loopback(const struct socket_address *address);

/* Writes the numeric IP of a TCP peer, without port or brackets, or "unix" for a Unix-socket peer,
 * NUL-terminated, and returns its length. `out` has at least INET6_ADDRSTRLEN bytes. An IPv4-mapped
 * IPv6 address is written as IPv4. */
size_t socket_address_ip(const struct sockaddr *address, char *out);

/* Writes "ip:port", "[ip]:port" or "unix:/path" for messages, NUL-terminated and cut to `size`. */
void socket_address_text(const struct socket_address *address, char *out, size_t size);

#endif
