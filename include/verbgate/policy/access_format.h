/*
 * What a line of the access log looks like: text with $names of what is known of a request, `$$`
 * for a dollar. Read once, when the configuration is loaded; written by server/access_line.
 */
#ifndef VERBGATE_POLICY_ACCESS_FORMAT_H
#define VERBGATE_POLICY_ACCESS_FORMAT_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

enum { ACCESS_PIECES_MAX = 64, ACCESS_FORMAT_TEXT_MAX = 1024 };

/* X(identifier, "name"), in the order of config/guide-logs-and-metrics.md. */
#define ACCESS_VARIABLES(X)             \
    X(CLIENT, "client")                 \
    X(PEER, "peer")                     \
    X(TIME, "time")                     \
    X(TIME_ISO, "time_iso")             \
    X(REQUEST, "request")               \
    X(METHOD, "method")                 \
    X(TARGET, "target")                 \
    X(HOST, "host")                     \
    X(VERSION, "version")               \
    X(STATUS, "status")                 \
    X(RULE, "rule")                     \
    X(DECISION, "decision")             \
    X(ANSWERED_BY, "answered_by")       \
    X(UPSTREAM, "upstream")             \
    X(ROUTE, "route")                   \
    X(SERVER, "server")                 \
    X(END, "end")                       \
    X(FAULT, "fault")                   \
    X(RECEIVED_BYTES, "received_bytes") \
    X(SENT_BYTES, "sent_bytes")         \
    X(FIRST_BYTE_US, "first_byte_us")   \
    X(DURATION_US, "duration_us")       \
    X(REFERER, "referer")               \
    X(USER_AGENT, "user_agent")         \
    X(REQUEST_ID, "request_id")         \
    X(TRACE_ID, "trace_id")             \
    X(GENERATION, "generation")

enum access_variable {
    ACCESS_TEXT, /* no variable: the piece's own text */
#define X(identifier, name) ACCESS_##identifier,
    ACCESS_VARIABLES(X)
#undef X
        ACCESS_VARIABLE_COUNT
};

struct access_piece {
    enum access_variable variable;
    struct slice text; /* of ACCESS_TEXT; in the text that was read */
};

/* Without pieces: one JSON object with everything that is known. */
struct access_format {
    const struct access_piece *pieces;
    unsigned count;
};

/* All names, separated by spaces, for hints. */
extern const char access_format_names[];

/* The formats of Apache by these names. */
extern const char access_format_common[];
extern const char access_format_combined[];

/*
 * Reads `text` into `pieces`, which point into it. Returns NULL and sets *count, or a sentence
 * (static text) and sets *part to what of the text it is about.
 */
MUST_CHECK const char *access_format_read(struct slice text,
                                          struct access_piece pieces[ACCESS_PIECES_MAX],
                                          unsigned *count, struct slice *part);

#endif
