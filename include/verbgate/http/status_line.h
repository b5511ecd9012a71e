/* The status line of a response, scanned strictly (RFC 9112 section 4). */
#ifndef VERBGATE_HTTP_STATUS_LINE_H
#define VERBGATE_HTTP_STATUS_LINE_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/http/fault.h"
#include "verbgate/http/request_line.h"

struct status_line {
    unsigned version_minor; /* the major version is 1 */
    unsigned status;        /* 100 to 599 */
    struct slice reason;    /* may be empty */
    size_t length;          /* bytes up to and with the CRLF */
};

/*
 * Scans data[0..length) from its start; status lines are short, so this one keeps no place. The
 * space before an empty reason may be missing (real backends leave it out). SCAN_BAD sets *fault:
 * STATUS_LINE, STATUS_VERSION or STATUS_CODE. A line that has no LF within `length` is SCAN_MORE
 * unless its bytes are wrong already; the caller bounds `length`.
 */
MUST_CHECK enum scan_status status_line_scan(const char *data, size_t length,
                                             struct status_line *line, enum http_fault *fault);

/* The usual reason phrase of a status (RFC 9110 section 15), or "Unknown". */
const char *status_reason(unsigned status);

#endif
