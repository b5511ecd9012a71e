/*
 * The request line, scanned by our own strict code (RFC 9112 section 3) before llhttp sees
 * anything: llhttp knows only its own methods and lets versions through that are not HTTP/1.x.
 *
 *   method SP request-target SP "HTTP/" DIGIT "." DIGIT CRLF
 *
 * The scanner keeps its place, so bytes may come one at a time and none is looked at twice.
 */
#ifndef VERBGATE_HTTP_REQUEST_LINE_H
#define VERBGATE_HTTP_REQUEST_LINE_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/http/fault.h"

/* Empty lines that a client may send before a request line (RFC 9112 section 2.2). */
enum { REQUEST_LINE_EMPTY_MAX = 4 };

enum scan_status {
    SCAN_MORE, /* all bytes are fine so far; call again with more */
    SCAN_DONE, /* the line is complete */
    SCAN_BAD,  /* see the fault */
};

struct request_line {
    struct slice method; /* a token of 1 or more characters */
    struct slice target; /* 1 or more bytes of 0x21 to 0x7e, without '#' */
    unsigned version_major;
    unsigned version_minor;
    size_t length; /* bytes up to and with the CRLF, leading empty lines included */
};

struct request_line_scanner {
    enum {
        LINE_START,   /* in front of the first byte of a line */
        LINE_EMPTY,   /* behind the CR of an empty line */
        LINE_METHOD,  /* in the method */
        LINE_TARGET,  /* in the target, or in front of it */
        LINE_VERSION, /* in the version and its CRLF, or in front of it */
        LINE_END,     /* behind the CRLF */
    } state;
    size_t position; /* bytes already judged */
    size_t method_start, method_end;
    size_t target_start, target_end;
    unsigned empty_lines;
};

void request_line_start(struct request_line_scanner *scanner);

/*
 * Scans data[0..length); each call gives the same start of the same bytes, with more behind.
 *
 * SCAN_DONE fills *line with slices into `data`. SCAN_BAD sets *fault:
 *   METHOD_SYNTAX, TARGET_SYNTAX, TARGET_SPACE, VERSION_MISSING, VERSION_SYNTAX, LINE_END,
 *   EMPTY_LINES: 400. TARGET_TOO_LONG: the target is longer than `max_target`: 414.
 * A wrong byte is SCAN_BAD at once, without waiting for the end of the line; the scanner is then
 * of no further use. After SCAN_DONE the same call gives the same line.
 * Any major version that is one digit is SCAN_DONE: 505 is a verdict of the policy, not a fault.
 * A line that is longer than the caller's buffer is the caller's to answer: request_line_overflow.
 */
MUST_CHECK enum scan_status request_line_scan(struct request_line_scanner *scanner,
                                              const char *data, size_t length, size_t max_target,
                                              struct request_line *line, enum http_fault *fault);

/* The fault of a line that did not end within the caller's buffer: METHOD_TOO_LONG or
 * TARGET_TOO_LONG, whichever part took more room; EMPTY_LINES when neither was reached. */
enum http_fault request_line_overflow(const struct request_line_scanner *scanner);

#endif
