/*
 * A client without a socket: a second implementation of struct client_operations. It keeps what an exchange sends in
 * memory, and has as many exchanges at the same time as a test likes, as a client of HTTP/2 would.
 */
#ifndef VERBGATE_TEST_MEMORY_CLIENT_H
#define VERBGATE_TEST_MEMORY_CLIENT_H

#include "../proxy/gateway_fixture.h"

enum { MEMORY_BYTES_MAX = 512 * 1024, MEMORY_HEAD_MAX = 1024 };

struct memory_request {
    struct exchange exchange; /* the first member */
    struct deadline deadline;
    struct message message;
    struct field items[FIELDS_MAX];
    struct trailers trailers;
    char head[MEMORY_HEAD_MAX];

    char content[MEMORY_BYTES_MAX]; /* of the request, that was not taken yet */
    size_t content_length;
    bool has_all; /* no more of it comes */

    bool is_slow;   /* each write is queued until memory_drain */
    bool is_queued; /* one is */
    bool is_wanted; /* content, by the last set_reading */
    bool is_over;
    enum exchange_end end;
    enum close_reason reason;
    unsigned writes;
    unsigned interims;
    unsigned status;
    bool is_complete;           /* the last piece was sent */
    struct framing framing;     /* of the head that was sent */
    char got[MEMORY_BYTES_MAX]; /* content of the response */
    size_t got_length;
};

static struct client memory_client;

static inline struct memory_request *memory_of(const struct exchange *exchange)
{
    return (struct memory_request *)(uintptr_t)exchange;
}

static inline enum stream_write_status memory_write(struct memory_request *request,
                                                    struct slice content, bool is_last)
{
    cr_assert(!request->is_queued, "a write while the one before waits");
    cr_assert(!request->is_complete, "a write behind the last one");
    cr_assert(request->got_length + content.length <= MEMORY_BYTES_MAX);
    if (content.length > 0) {
        memcpy(request->got + request->got_length, content.data, content.length);
    }
    request->got_length += content.length;
    request->is_complete = is_last;
    request->writes++;
    request->is_queued = request->is_slow;
    return request->is_slow ? STREAM_QUEUED : STREAM_SENT;
}

static inline enum stream_write_status memory_send_head(struct exchange *exchange,
                                                        struct response_head *head,
                                                        struct slice content, bool is_last,
                                                        const struct trailers *trailers)
{
    (void)trailers;
    struct memory_request *request = memory_of(exchange);
    cr_assert_eq(request->status, 0, "a second head");
    request->status = head->status;
    request->framing = head->framing;
    return memory_write(request, content, is_last);
}

static inline enum stream_write_status memory_send_content(struct exchange *exchange,
                                                           struct slice content, bool is_last,
                                                           const struct trailers *trailers)
{
    (void)trailers;
    cr_assert(memory_of(exchange)->status != 0, "content without a head");
    return memory_write(memory_of(exchange), content, is_last);
}

static inline enum stream_write_status memory_send_reply(struct exchange *exchange,
                                                         struct reply *reply)
{
    struct memory_request *request = memory_of(exchange);
    cr_assert_eq(request->status, 0, "a second head");
    request->status = reply->status;
    return memory_write(request, reply->body, true);
}

static inline enum stream_write_status memory_send_interim(struct exchange *exchange,
                                                           const struct response_head *head)
{
    cr_assert(head->status >= 100 && head->status < 200);
    memory_of(exchange)->interims++;
    return memory_write(memory_of(exchange), slice_make(NULL, 0), false);
}

static inline bool memory_take_content(struct exchange *exchange, struct slice *content,
                                       bool *is_last)
{
    struct memory_request *request = memory_of(exchange);
    *content = slice_make(request->content, request->content_length);
    *is_last = request->has_all;
    request->content_length = 0;
    return true;
}

static inline void memory_rewind(struct exchange *exchange)
{
    (void)exchange; /* no test has a request with content sent twice */
}

static inline void memory_set_reading(struct exchange *exchange, bool is_wanted)
{
    memory_of(exchange)->is_wanted = is_wanted;
}

static inline bool memory_has_more(const struct exchange *exchange)
{
    (void)exchange;
    return false;
}

static inline size_t memory_unsent(const struct exchange *exchange)
{
    return memory_of(exchange)->is_queued;
}

static inline void memory_end(struct exchange *exchange)
{
    struct memory_request *request = memory_of(exchange);
    cr_assert(!request->is_over);
    request->is_over = true;
    request->end = exchange->end;
    request->reason = exchange->reason;
    exchange_finish(exchange);
    deadline_cancel(&request->deadline);
}

static const struct client_operations memory_operations = {
    .send_head = memory_send_head,
    .send_content = memory_send_content,
    .send_reply = memory_send_reply,
    .send_interim = memory_send_interim,
    .take_content = memory_take_content,
    .rewind = memory_rewind,
    .set_reading = memory_set_reading,
    .has_more = memory_has_more,
    .unsent = memory_unsent,
    .end = memory_end,
};

static inline void memory_on_expired(struct deadline *deadline)
{
    exchange_on_client_expired(&LIST_OBJECT(deadline, struct memory_request, deadline)->exchange);
}

static inline void memory_start(void)
{
    memory_client = (struct client){.operations = &memory_operations, .number = 1};
    memory_client.peer.sin6_family = AF_UNIX;
    memcpy(memory_client.peer_ip, "unix", 4);
    memory_client.peer_ip_length = 4;
}

/* A request with this head; `content` has come with it, all of it if `has_all`. `request` may be large: it is static. */
static inline void memory_begin(struct memory_request *request, const char *head,
                                const char *content, bool has_all)
{
    struct exchange *exchange = &request->exchange;
    struct request_line_scanner scanner;
    enum http_fault fault = FAULT_NONE;
    size_t length = strlen(head), used = 0;
    bool is_slow = request->is_slow;
    enum flow_way way = exchange->back.way;
    memset(request, 0, sizeof *request);
    request->is_slow = is_slow;
    cr_assert(length < MEMORY_HEAD_MAX);
    memcpy(request->head, head, length);
    request->content_length = strlen(content);
    memcpy(request->content, content, request->content_length);
    request->has_all = has_all;
    deadline_init(&request->deadline, memory_on_expired);
    exchange_init(exchange, &gateway.context, &memory_client, &request->deadline, NULL);
    exchange->back.way = way;
    request_line_start(&scanner);
    cr_assert_eq(request_line_scan(&scanner, request->head, length, 8192, &exchange->line, &fault),
                 SCAN_DONE);
    fields_init(&exchange->fields, request->items, FIELDS_MAX);
    message_start(&request->message, MESSAGE_REQUEST, &exchange->fields, &request->trailers);
    cr_assert_eq(message_read_fields(&request->message, request->head + exchange->line.length,
                                     length - exchange->line.length, &used),
                 MESSAGE_DONE);
    cr_assert_eq(request_facts_read(&exchange->facts, &exchange->line, &exchange->fields),
                 FAULT_NONE);
    exchange->onward.left = exchange->facts.framing.length;
    exchange->expectation = exchange->facts.expects_continue ? EXPECTS_US : EXPECTS_NOTHING;
    exchange->progress = PROGRESS_HEAD;
    exchange_begin(exchange);
}

/* Content that is wanted goes to the exchange at once; the rest waits until it is taken. */
static inline void memory_send(struct memory_request *request, const char *content, bool is_last)
{
    size_t length = strlen(content);
    exchange_note_received(&request->exchange, length);
    if (request->is_wanted) {
        exchange_on_content(&request->exchange, slice_make(content, length), is_last);
        return;
    }
    memcpy(request->content + request->content_length, content, length);
    request->content_length += length;
    request->has_all = is_last;
}

static inline void memory_drain(struct memory_request *request)
{
    if (request->is_queued) {
        request->is_queued = false;
        exchange_on_client_drained(&request->exchange, 0);
    }
}

#endif
