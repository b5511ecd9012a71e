/*
 * Messages as the gateway reads them, without its sockets: the steps of src/downstream/h1.c and
 * src/exchange/back.c, in their order.
 */
#ifndef VERBGATE_FUZZ_RECEIVED_H
#define VERBGATE_FUZZ_RECEIVED_H

#include "feed.h"
#include "verbgate/http/connection.h"
#include "verbgate/http/request_line.h"
#include "verbgate/http/status_line.h"
#include "verbgate/http/target.h"

/* Small limits, so that short inputs reach them. */
enum { RECEIVED_HEAD_MAX = 2048, RECEIVED_TARGET_MAX = 512, RECEIVED_FIELDS_MAX = 24 };

/* What both kinds of message have. */
struct received {
    enum message_status status;
    enum http_fault fault; /* of MESSAGE_BAD */
    bool has_line;         /* the first line was read */
    bool has_head;         /* the head was read and nothing is wrong with it */
    size_t head_length;
    size_t used; /* bytes of the stream, content included, when DONE */
    struct feed feed;
    struct field items[RECEIVED_FIELDS_MAX];
    struct fields fields;
    struct trailers trailers;
    struct message message;
    struct framing framing;
    struct connection_info connection;
    struct content content;
};

struct received_request {
    struct received base;
    struct request_line line;
    struct target target;
    struct slice host_name;     /* for the policy */
    struct slice received_host; /* for the onward Host; .data is NULL when there was none */
    int64_t max_forwards;       /* -1: none that counts */
};

struct received_response {
    struct received base;
    struct status_line line;
};

/* Reads one message from the start of `stream`; a request of another major version than 1 is its
 * line alone. `method` is what the response answers. */
void received_request_read(struct received_request *request, struct slice stream,
                           enum feed_mode mode);
void received_response_read(struct received_response *response, struct slice stream,
                            enum feed_mode mode, enum method method);

/* Frees what a message owns. */
void received_finish(struct received *received);

/* Asserts that both readings of one stream came to the same result. */
void received_request_compare(const struct received_request *a, const struct received_request *b);
void received_response_compare(const struct received_response *a,
                               const struct received_response *b);

#endif
