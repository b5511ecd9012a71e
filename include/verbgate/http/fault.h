/*
 * Everything that can be wrong with an HTTP message, in one table: the name, the status that a
 * client gets for it in a request (a response with any fault is 502), and a sentence for the log
 * and the answer's body. Every function of the http layer that judges bytes returns one of these.
 */
#ifndef VERBGATE_HTTP_FAULT_H
#define VERBGATE_HTTP_FAULT_H

/* X(name, status, sentence) */
#define HTTP_FAULTS(X)                                                                           \
    X(NONE, 0, "no fault")                                                                       \
    /* request line: RFC 9112 section 3 */                                                       \
    X(EMPTY_LINES, 400, "too many empty lines before the request line")                          \
    X(METHOD_SYNTAX, 400, "the method has a character that no method may have")                  \
    X(METHOD_TOO_LONG, 501, "the method is longer than any that is implemented")                 \
    X(TARGET_SYNTAX, 400, "the request target has a character that no target may have")          \
    X(TARGET_SPACE, 400, "malformed request line (a space in the target?)")                      \
    X(TARGET_FORM, 400, "the request target has a form that this method does not take")          \
    X(TARGET_AUTHORITY, 400, "the request target's authority is not a valid host")               \
    X(TARGET_SCHEME, 400, "the request target's scheme is not http or https")                    \
    X(TARGET_TOO_LONG, 414, "the request target is too long")                                    \
    X(PATH_UNSAFE, 400, "the path is written in a way that backends read differently")           \
    X(VERSION_MISSING, 400, "the request line has no HTTP version")                              \
    X(VERSION_SYNTAX, 400, "the HTTP version is malformed")                                      \
    X(LINE_END, 400, "the first line does not end in CRLF")                                      \
    /* status line: RFC 9112 section 4 */                                                        \
    X(STATUS_LINE, 400, "the status line is malformed")                                          \
    X(STATUS_VERSION, 400, "the status line's HTTP version is not 1.x")                          \
    X(STATUS_CODE, 400, "the status code is not a number from 100 to 599")                       \
    /* fields: RFC 9110 section 5, RFC 9112 section 5 */                                         \
    X(FIELD_SYNTAX, 400, "a field line is malformed")                                            \
    X(FIELD_NAME, 400, "a field name is empty or has a character that no field name may have")   \
    X(FIELD_FOLDED, 400, "a field line is folded (obs-fold)")                                    \
    X(FIELD_LINE_END, 400, "a line of the head does not end in CRLF")                            \
    X(FIELDS_TOO_MANY, 431, "the message has too many fields")                                   \
    X(HEAD_TOO_LARGE, 431, "the message's head is too large")                                    \
    X(CONNECTION_OPTIONS, 400, "the Connection field is malformed or names too many fields")     \
    X(HOST_MISSING, 400, "the Host field is missing")                                            \
    X(HOST_EMPTY, 400, "the Host field is empty")                                                \
    X(HOST_REPEATED, 400, "there is more than one Host field")                                   \
    X(HOST_SYNTAX, 400, "the Host field is not a valid host")                                    \
    X(EXPECTATION, 417, "the expectation is not 100-continue")                                   \
    /* framing: RFC 9112 section 6 */                                                            \
    X(LENGTH_SYNTAX, 400, "Content-Length is not one plain decimal number")                      \
    X(LENGTH_REPEATED, 400, "there is more than one Content-Length")                             \
    X(LENGTH_AND_CODING, 400, "both Content-Length and Transfer-Encoding are present")           \
    /* what some servers take for a framing field: see guarded.h */                              \
    X(LENGTH_TWIN, 400, "a field such as Content_Length, which servers take for Content-Length") \
    X(CODING_TWIN, 400,                                                                          \
      "a field such as Transfer_Encoding, which servers take for Transfer-Encoding")             \
    X(CODING_UNKNOWN, 501, "the transfer coding is not chunked")                                 \
    X(CODING_SYNTAX, 400, "Transfer-Encoding is not exactly chunked")                            \
    X(CODING_VERSION, 400, "Transfer-Encoding in an HTTP/1.0 message")                           \
    X(CHUNK_SYNTAX, 400, "the chunked content is malformed")                                     \
    X(CHUNK_OVERHEAD, 400, "the chunked content is nearly all framing")                          \
    X(TRAILERS_TOO_LARGE, 431, "the trailer section is too large")                               \
    X(PARSER, 400, "the message is malformed")

enum http_fault {
#define X(name, status, sentence) FAULT_##name,
    HTTP_FAULTS(X)
#undef X
        FAULT_COUNT
};

/* The status that a client gets for a fault in its request: 400, 414, 417, 431 or 501; 0 for
 * FAULT_NONE. */
unsigned fault_status(enum http_fault fault);

/* The sentence, static text, no full stop at the end. */
const char *fault_sentence(enum http_fault fault);

#endif
