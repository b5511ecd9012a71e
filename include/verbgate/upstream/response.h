/*
 * What a server answers in HTTP/1: the block that it is read into, its head, its content. No socket and no decision:
 * bytes come in, and heads and pieces of content come out.
 *
 * It is a block of its own, taken when the server's first bytes are about to be read and given back with the exchange:
 * most answers come whole, so a few blocks, which stay in the processor's caches, serve all the exchanges that wait for
 * their server.
 */
#ifndef VERBGATE_UPSTREAM_RESPONSE_H
#define VERBGATE_UPSTREAM_RESPONSE_H

#include "verbgate/context/context.h"
#include "verbgate/http/connection.h"
#include "verbgate/http/framing.h"
#include "verbgate/http/message.h"
#include "verbgate/http/status_line.h"

/* How far a head has been read. */
enum head_status {
    HEAD_MORE,
    HEAD_READY,
    HEAD_BAD, /* see the fault */
};

struct response {
    size_t region_bytes;
    char *region;  /* behind this struct */
    size_t used;   /* bytes in region */
    size_t parsed; /* of them parsed */
    bool has_line; /* `line` is complete */
    bool is_extra; /* the server sent more than its response */
    bool is_early; /* it began before the server had the whole request */
    unsigned read_count;
    unsigned interim_count;
    enum http_fault fault;
    struct status_line line;
    struct framing framing; /* as received */
    uint64_t left;          /* of FRAMING_LENGTH: content that has not come */
    size_t framing_bytes;   /* around the last piece of content: chunk heads and ends */
    struct connection_info connection;
    struct fields fields;

    struct message message; /* from here on nothing is set before it is used */
    struct field items[FIELDS_MAX];
    struct trailers trailers;
    /* The region follows. */
};

/* What the policy says of heads of responses. */
struct response_limits {
    size_t max_head;
    unsigned max_fields;
    bool takes_trailers; /* the client does: they are kept */
};

/* Bytes of a block with a region of `region_bytes`. */
size_t response_object_bytes(size_t region_bytes);

/* A block for a server's answer, or NULL: out of memory. */
MUST_CHECK struct response *response_take(struct context *context);

/* Gives it back. */
void response_give(struct context *context, struct response *response);

/* Where the next bytes of a head go; behind them response->used is to be set. Never empty. */
static inline uv_buf_t response_room(struct response *response)
{
    return (uv_buf_t){response->region + response->used, response->region_bytes - response->used};
}

/* Reads the status line and the fields from what has come. White space in front of a colon, as old servers send it, is
 * taken out (RFC 9112 section 5.1). */
enum head_status response_read_head(struct response *response,
                                    const struct response_limits *limits);

/* An interim response is through: what came behind it is the beginning of the next head. */
void response_begin_next(struct response *response);

/* Finds the framing of a final response to `method`, and what it says of its connection. FAULT_NONE, or what makes it
 * unusable. response->left is set. */
MUST_CHECK enum http_fault response_read_framing(struct response *response, enum method method);

/*
 * Takes the content out of what was read, decoded, which may move it within `data`. What lies behind its end sets
 * is_extra: the connection is unfit for another use. False: the framing is broken, see response->fault.
 */
MUST_CHECK bool response_read_content(struct response *response, char *data, size_t length,
                                      struct slice *content, bool *is_last);

#endif
