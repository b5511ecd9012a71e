/*
 * HTTP/1 of a client: one request after another, each an exchange. The codec owns the memory: the exchange is a member of
 * its request, and the buffer stands behind that in the same block.
 *
 * The buffer (`region`) holds the head, whose slices stay valid for the request's life, and behind it what has come in
 * and is not used yet: 0 <= head_length <= read_offset <= used <= region_bytes. Content with a length passes through the
 * context's scratch buffer instead, as it never overruns its end.
 */
#ifndef VERBGATE_DOWNSTREAM_H1_H
#define VERBGATE_DOWNSTREAM_H1_H

#include "verbgate/exchange/exchange.h"

struct h1_request {
    struct exchange exchange; /* the first member: the codec finds itself by it */
    size_t region_bytes;
    char *region;
    size_t used;               /* bytes in region */
    size_t head_length;        /* bytes of it that are the head so far */
    size_t read_offset;        /* where bytes that are not used yet begin */
    enum framing_kind framing; /* of the response's content, as it is sent */
    struct request_line_scanner scanner;

    struct message message; /* from here on nothing is set before it is used */
    struct field items[FIELDS_MAX];
    struct trailers trailers;
    /* The region follows. */
};

/* Bytes of a request with a region of `region_bytes`. */
size_t h1_object_bytes(size_t region_bytes);

/* A request of a client, or NULL: out of memory. `stream` and `deadline` are those of the client's connection. */
MUST_CHECK struct h1_request *h1_create(struct context *context, struct client *client,
                                        struct stream *stream, struct deadline *deadline);

/* Gives it back, with its exchange. */
void h1_destroy(struct h1_request *request);

/* Makes it the next request of the same connection: bytes that are not used yet move to the front, and the deadline for
 * the rest of the head begins. */
void h1_restart(struct h1_request *request);

/* Whether bytes of the client's next request are there already. */
static inline bool h1_has_more(const struct h1_request *request)
{
    return request->used > request->read_offset;
}

/* Whether its head has not come whole, so that bytes belong to that. */
static inline bool h1_is_reading_head(const struct h1_request *request)
{
    return request->exchange.onward.state == FLOW_HEAD && request->exchange.back.state == FLOW_HEAD;
}

/* Where the next bytes go; no room: not now. */
uv_buf_t h1_room(struct h1_request *request);

/* Bytes of a head came; h1_run_head is to follow. */
void h1_add_to_head(struct h1_request *request, size_t length);

/* Reads the head from what has come, and has the exchange judge it once it is whole. The request may be gone, or be the
 * next one, when this returns. */
void h1_run_head(struct h1_request *request);

/* Other bytes came. The same holds. */
void h1_bytes(struct h1_request *request, char *data, size_t length);

/* Whether an answer that is cut now would seem complete: its end is the connection's end, so only a reset tells. */
bool h1_would_seem_complete(const struct h1_request *request);

/* Functions of struct client_operations; the owner of the connection adds `end`. */
enum stream_write_status h1_send_head(struct exchange *exchange, struct response_head *head,
                                      struct slice content, bool is_last,
                                      const struct trailers *trailers);
enum stream_write_status h1_send_content(struct exchange *exchange, struct slice content,
                                         bool is_last, const struct trailers *trailers);
enum stream_write_status h1_send_reply(struct exchange *exchange, struct reply *reply);
enum stream_write_status h1_send_interim(struct exchange *exchange,
                                         const struct response_head *head);
bool h1_take_content(struct exchange *exchange, struct slice *content, bool *is_last);
void h1_rewind(struct exchange *exchange);
void h1_set_reading(struct exchange *exchange, bool is_wanted);
bool h1_exchange_has_more(const struct exchange *exchange);
size_t h1_unsent(const struct exchange *exchange);

#endif
