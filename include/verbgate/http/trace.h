/* What names one request across programs: X-Request-ID, and traceparent (W3C Trace Context). */
#ifndef VERBGATE_HTTP_TRACE_H
#define VERBGATE_HTTP_TRACE_H

#include "verbgate/base/attributes.h"
#include "verbgate/http/fields.h"

enum {
    TRACE_REQUEST_ID_MAX = 128,
    TRACE_PARENT_BYTES = 55, /* of version 00 */
    TRACE_ID_BYTES = 32,
};

/* 1 to 128 letters, digits and -._~+/=:@ : safe in a log, a URL and a shell. */
MUST_CHECK bool trace_request_id_is_valid(struct slice value);

/* The value of the one X-Request-ID; the empty slice when there is none, several, or a bad one. */
struct slice trace_request_id(const struct fields *fields);

/* The trace-id in a traceparent value, or the empty slice when the value is not valid. A version
 * above 00 may have more at its end (section 4 of the specification, "Versioning"). */
struct slice trace_id_of(struct slice value);

/* trace_id_of the one traceparent field; several are as good as none. */
struct slice trace_id(const struct fields *fields);

#endif
