/*
 * The request target (RFC 9112 section 3.2): its form and parts, and the readings of its path.
 *
 * The path is forwarded byte for byte. It is judged under every reading that a backend could give
 * it, so that a rule for /admin holds for /%61dmin and /x/../admin, too. Readings that see no case and
 * no slash at the end are the matter of http/folding.h and the policy:
 *
 *   as written   the bytes of the path
 *   normal       percent-encoded unreserved characters decoded, the escapes that stay written in
 *                upper case, dot segments removed, "//" merged (RFC 3986 section 6.2.2)
 *   lenient      all percent-encoded visible ASCII decoded, characters without a look dropped
 *                (http/escape.h), '\' read as '/', then the segments told apart and ";params" cut off
 *                each, then as normal: "/..;/admin" is "/admin", and so is "/admin%3Bx"
 *   cut          leniently, and only up to the first encoded '?', or up to the first encoded '#': who
 *                decodes before looking for the query reads "/admin%3Fx" as "/admin"
 *
 * Each escape is decoded once: "%2561" is "%2561" in the normal reading, "%61" in the lenient one,
 * and nothing decodes that again. Dot segments at the end leave a slash ("/a/." is "/a/"), and "/.."
 * at the root stays there.
 *
 * Some paths have more readings than these, because backends combine the steps as they like. They
 * are FAULT_PATH_UNSAFE; no honest client needs them:
 *   - a "%" without two hexadecimal digits, which is no URI (RFC 3986 section 2.1): some servers
 *     decode "%u0061" or "%uFF0F", some take "%2" for a byte, some drop the "%";
 *   - an encoded control byte (%00 to %1F, %7F), and overlong UTF-8 (%C0%AF);
 *   - two of: an encoded slash, a backslash (or %5C), a ';' in one path; but a "%3B" may stand
 *     behind the last encoded slash of its segment;
 *   - a ".." behind anything that the readings change (/%61dmin/../x, /a//../x, /a;b/../x), and a
 *     ".." in disguise (%2e%2e, "..;x") behind another "..".
 */
#ifndef VERBGATE_HTTP_TARGET_H
#define VERBGATE_HTTP_TARGET_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/http/fault.h"
#include "verbgate/http/method.h"

enum target_form {
    TARGET_ORIGIN,    /* /path?query */
    TARGET_ABSOLUTE,  /* http://host/path?query */
    TARGET_ASTERISK,  /* * (OPTIONS only), also written as http://host */
    TARGET_AUTHORITY, /* host:port (CONNECT only) */
};

struct target {
    enum target_form form;
    struct slice authority;  /* host[:port] if the target has one, else empty */
    struct slice path;       /* starts with '/'; "/" for an absolute form without a path; "*" for
                                the asterisk form; empty for the authority form */
    struct slice path_query; /* what is forwarded in origin form: the path with "?query"; for an
                                absolute form with an empty path and a query, see below */
    struct slice query;      /* after the '?', which is not part of it; may be empty */
    bool needs_slash;        /* "http://host?q": send '/' before path_query */
    bool is_https;           /* the absolute form's scheme */
};

/*
 * Takes the target of a scanned request line apart. Userinfo in an authority is refused (RFC 9110
 * section 4.2.4), so are schemes other than http and https, "*" with any method but OPTIONS, and
 * the authority form with any method but CONNECT. CONNECT with another form is TARGET_FORM. OPTIONS
 * with "http://host", no path and no query, is the asterisk form (RFC 9112 section 3.2.4).
 */
MUST_CHECK enum http_fault target_parse(struct slice text, enum method method,
                                        struct target *target);

/*
 * Judges a Host field's value or an authority: uri-host [ ":" port ] (RFC 9110 section 7.2). On
 * success *host is the host without port, brackets kept. The empty value is valid only when
 * `allow_empty` is true. Stricter than RFC 3986: no ',' and ';' (they would join two list elements
 * where the host is copied to), no percent-encoded ASCII (a second way to write a host), no empty
 * host before a port. Returns FAULT_NONE or FAULT_HOST_SYNTAX.
 */
MUST_CHECK enum http_fault target_split_host(struct slice value, bool allow_empty,
                                             struct slice *host);

/* What a path has that a reading may change: a set of bits. */
enum target_trait {
    TARGET_HAS_READINGS = 1, /* '%', "//", "/.", '\\' or ';' */
    TARGET_HAS_CAPITAL = 2,  /* an ASCII letter in upper case */
};
unsigned target_traits(struct slice path);

/* True when the path could be read in more than one way: it has '%', "//", "/.", '\' or ';'. The
 * other readings of any other path equal the path. */
bool target_is_ambiguous(struct slice path);

/* Buffers of at least path.length bytes are enough for every reading. */
struct target_readings {
    struct slice normal;
    struct slice lenient;
};

/*
 * Makes the normal and the lenient reading of an ambiguous path; both start with '/'. `buffer` has at least
 * 2 * path.length bytes and owns what the slices point at. Returns FAULT_NONE or
 * FAULT_PATH_UNSAFE.
 */
MUST_CHECK enum http_fault target_read(struct slice path, char *buffer,
                                       struct target_readings *readings);

/* The path up to its first percent-encoded `mark`; the whole path where there is none. The cut reading is the lenient
 * one of this. */
struct slice target_before_mark(struct slice path, char mark);

#endif
