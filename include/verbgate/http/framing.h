/*
 * How long a message's content is: the one decision point of RFC 9112 section 6.3, for both
 * directions, from the fields as a whole. Exactly one well-formed Content-Length, or exactly
 * "chunked", never both.
 */
#ifndef VERBGATE_HTTP_FRAMING_H
#define VERBGATE_HTTP_FRAMING_H

#include "verbgate/base/attributes.h"
#include "verbgate/http/fault.h"
#include "verbgate/http/fields.h"
#include "verbgate/http/method.h"

enum framing_kind {
    FRAMING_NONE,        /* no content */
    FRAMING_LENGTH,      /* `length` bytes */
    FRAMING_CHUNKED,     /* the chunked coding tells */
    FRAMING_UNTIL_CLOSE, /* responses only: until the connection ends */
};

struct framing {
    enum framing_kind kind;
    uint64_t length; /* FRAMING_LENGTH only; may be 0 in a request or response that says so */
};

/* The fault of a request with a field, in its head or in its trailers, that some servers take for
 * Content-Length (LENGTH_TWIN) or Transfer-Encoding (CODING_TWIN) although its name is another: such a
 * server would find another end of the content than we do. FAULT_NONE when there is none. */
MUST_CHECK enum http_fault framing_twin(const struct fields *fields);

/*
 * The framing of a request. Refused: a twin of a framing field (see above), any Transfer-Encoding in HTTP/1.0 (CODING_VERSION), both
 * fields (LENGTH_AND_CODING), codings other than chunked (CODING_UNKNOWN, 501 by section 6.1),
 * chunked not exactly once and alone (CODING_SYNTAX), more than one Content-Length line or a list
 * (LENGTH_REPEATED), and any value that is not 1 to 18 digits (LENGTH_SYNTAX).
 */
MUST_CHECK enum http_fault framing_of_request(const struct fields *fields, unsigned version_minor,
                                              struct framing *framing);

/*
 * The framing of a response to `method` with this status: none for HEAD, 1xx, 204 and 304, whatever
 * the fields say; otherwise as above, and until close when neither field is there. A fault means
 * that the response is unusable (502). The fields of a response without content are not judged,
 * except that a malformed or repeated Content-Length of a response to HEAD or a 304 is a fault too:
 * it would be forwarded.
 */
MUST_CHECK enum http_fault framing_of_response(const struct fields *fields, unsigned version_minor,
                                               unsigned status, enum method method,
                                               struct framing *framing);

#endif
