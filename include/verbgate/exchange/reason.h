/*
 * Why an exchange or a connection ended: one table, from which come the status that a client still
 * gets, the Proxy-Status error type (RFC 9209 section 2.3) and the text of the log. Every end
 * passes through one close function with one of these, and the first reason wins.
 */
#ifndef VERBGATE_EXCHANGE_REASON_H
#define VERBGATE_EXCHANGE_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* X(name, is_error, status, proxy_error, text). `status` is what the client gets when nothing was
 * sent yet (0: it gets nothing); for the log it stands in when no status was sent. */
#define CLOSE_REASONS(X)                                                                         \
    X(NONE, 0, 0, NULL, "none")                                                                  \
    X(COMPLETE, 0, 0, NULL, "complete")                                                          \
    X(REFUSED, 0, 0, NULL, "refused by the policy")                                              \
    X(REFUSED_SILENTLY, 0, 0, NULL, "refused by the policy without an answer")                   \
    X(REQUEST_FAULT, 0, 400, "http_request_error", "malformed request")                          \
    X(HEAD_SLOW, 0, 408, "http_request_error", "the request's head did not come in time")        \
    X(CONTENT_SLOW, 0, 408, "http_request_error", "the request's content stopped coming")        \
    X(CONTENT_TOO_LARGE, 0, 413, "http_request_denied",                                          \
      "the content is larger than max-body or buffer-max")                                       \
    X(CLIENT_IDLE, 0, 0, NULL, "the client was idle for too long")                               \
    X(CLIENT_DISPLACED, 0, 0, NULL, "idle, it gave way to a new client at max-connections")      \
    X(CLIENT_CLOSED, 0, 0, NULL, "the client closed the connection")                             \
    X(CLIENT_GONE, 0, 0, NULL, "the client went away before its answer was complete")            \
    X(CLIENT_STALLED, 0, 0, NULL, "the client stopped taking its answer")                        \
    X(TUNNEL_IDLE, 0, 0, NULL, "the upgraded connection was silent for too long")                \
    X(TUNNEL_ENDED, 0, 0, NULL, "the upgraded connection ended")                                 \
    X(TUNNEL_CUT, 0, 0, NULL, "the upgraded connection was cut by one of its sides")             \
    X(LINGERED, 0, 0, NULL, "closed after the last answer")                                      \
    X(DRAINED, 0, 0, NULL, "the gateway is stopping")                                            \
    X(UPSTREAM_REFUSED, 1, 502, "connection_refused", "the server refused the connection")       \
    X(UPSTREAM_SOCKET_MISSING, 1, 502, "destination_unavailable",                                \
      "the server's Unix socket does not exist")                                                 \
    X(UPSTREAM_FORBIDDEN, 1, 502, "destination_unavailable",                                     \
      "no permission to connect to the server")                                                  \
    X(UPSTREAM_UNREACHABLE, 1, 502, "destination_unavailable", "the server cannot be reached")   \
    X(UPSTREAM_BUSY, 1, 503, "connection_limit_reached",                                         \
      "the server takes no more connections now")                                                \
    X(UPSTREAM_CONNECT_SLOW, 1, 504, "connection_timeout",                                       \
      "the server did not take the connection in time")                                          \
    X(UPSTREAM_CLOSED, 1, 502, "connection_terminated",                                          \
      "the server closed the connection before its response")                                    \
    X(LOGIN_CUT, 1, 502, "connection_terminated",                                                \
      "the connection to the server ended in the middle of a login")                             \
    X(UPSTREAM_SLOW, 1, 504, "http_response_timeout", "the server did not respond in time")      \
    X(UPSTREAM_FAULT, 1, 502, "http_protocol_error", "the server's response is unusable")        \
    X(UPSTREAM_HEAD_TOO_LARGE, 1, 502, "http_response_header_section_size",                      \
      "the head of the server's response is too large")                                          \
    X(UPSTREAM_CUT, 1, 502, "http_response_incomplete",                                          \
      "the server's response ended before its end")                                              \
    X(UPSTREAM_STALLED, 1, 504, "http_response_timeout", "the server's response stopped coming") \
    X(NO_STORAGE, 1, 503, "proxy_internal_error", "the request's content could not be buffered") \
    X(NO_RESOURCES, 1, 503, "proxy_internal_error", "out of memory or file descriptors")

enum close_reason {
#define X(name, is_error, status, proxy_error, text) REASON_##name,
    CLOSE_REASONS(X)
#undef X
        REASON_COUNT
};

/* All static; the texts have no full stop. */
bool reason_is_error(enum close_reason reason);
unsigned reason_status(enum close_reason reason);
const char *reason_proxy_error(enum close_reason reason);
const char *reason_text(enum close_reason reason);

/* "UPSTREAM_REFUSED": the name, for logs that machines read. */
const char *reason_name(enum close_reason reason);

#endif
