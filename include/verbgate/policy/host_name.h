/*
 * The host of a request, as rules see it. Servers that read it with a URL parser (the URL standard of the WHATWG,
 * IDNA, inet_aton) take more spellings for one host than the bytes tell. Where a rule depends on hosts, a
 * request is let through only with a host that all of them read alike.
 */
#ifndef VERBGATE_POLICY_HOST_NAME_H
#define VERBGATE_POLICY_HOST_NAME_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

/* Bytes that a name may have (RFC 1035 section 2.3.4), and that host_name_canonical needs. */
enum { HOST_NAME_MAX_BYTES = 253, HOST_NAME_CANONICAL_MAX = 64 };

/*
 * NULL, or what is wrong with a host, static text. Fine is: a name, of labels of letters, digits, '-' and '_', with
 * or without a dot at its end; an IPv4 address in four decimal numbers without zeros in front; an IPv6 address in
 * brackets; and no host at all. Not fine is what some parser reads as another host than another parser: percent-encoding, other
 * characters, empty labels, a last label that is a number ("127.1", "0x7f.1"), and a label that begins with "xn--" and
 * encodes ASCII alone.
 */
MUST_CHECK const char *host_name_problem(struct slice host);

/* The host in the one text that stands for it: an IPv6 address as RFC 5952 writes it, any other host without a
 * dot at its end. The result points to `host` or into `buffer`, of HOST_NAME_CANONICAL_MAX bytes. */
struct slice host_name_canonical(struct slice host, char *buffer);

#endif
