/* One connection of the admin or the health listener: one request, one answer, then the end. */
#include "admin_steps.h"

#include "verbgate/base/clock.h"
#include "verbgate/http/message.h"
#include "verbgate/http/request_line.h"
#include "verbgate/http/status_line.h"
#include "verbgate/http/target.h"
#include "verbgate/net/stream.h"

#include <stdlib.h>
#include <unistd.h>

enum { FIELDS_KEPT = 64, ANSWER_HEAD_BYTES = 1024 };

struct admin_connection {
    struct admin *admin;
    struct list_node node;
    struct stream stream;
    struct deadline deadline;
    bool checks_host;
    bool has_line;
    bool is_answered; /* what still comes in is dropped */
    size_t unsent;    /* its share of admin->unsent_bytes */
    size_t used, parsed;
    struct request_line_scanner scanner;
    struct request_line line;
    struct message message;
    struct fields fields;
    struct field items[FIELDS_KEPT];
    char buffer[ADMIN_HEAD_BYTES];
};

static struct admin_connection *of_stream(struct stream *stream)
{
    return LIST_OBJECT(stream, struct admin_connection, stream);
}

static void end(struct admin_connection *connection)
{
    deadline_cancel(&connection->deadline);
    stream_close(&connection->stream);
}

static void on_expired(struct deadline *deadline)
{
    end(LIST_OBJECT(deadline, struct admin_connection, deadline));
}

static void wait_for(struct admin_connection *connection, uint32_t length_ms)
{
    deadline_arm(&connection->admin->deadlines, &connection->deadline, length_ms);
}

/* ---- answers */

/* Closing while bytes of the client are unread would reset the connection and lose the answer. */
static void linger(struct admin_connection *connection)
{
    stream_shutdown(&connection->stream);
    wait_for(connection, ADMIN_LINGER_MS);
    stream_start_reading(&connection->stream);
    if (connection->admin->connection_count > ADMIN_CONNECTIONS_MAX) {
        admin_make_room(connection->admin); /* there was none of the kind when the last one came */
    }
}

static void send_answer(struct admin_connection *connection, struct slice head, struct slice body)
{
    struct slice slices[] = {head, body};
    stream_stop_reading(&connection->stream);
    connection->is_answered = true;
    connection->unsent = head.length + body.length;
    connection->admin->unsent_bytes += connection->unsent;
    switch (stream_write(&connection->stream, slices, 2)) {
    case STREAM_SENT:
        linger(connection);
        break;
    case STREAM_QUEUED:
        wait_for(connection, ADMIN_SEND_MS);
        break;
    case STREAM_FAILED:
    case STREAM_CUT:
        end(connection);
        break;
    }
}

static bool is_head_only(const struct admin_connection *connection)
{
    return connection->has_line && slice_equal(connection->line.method, SLICE("HEAD"));
}

static void answer(struct admin_connection *connection, unsigned status, const char *content_type,
                   struct slice body)
{
    struct clock clock;
    char text[ANSWER_HEAD_BYTES];
    struct writer head = writer_make(text, sizeof text);
    clock_init(&clock);
    clock_set(&clock, time(NULL));
    writer_format(&head, "HTTP/1.1 %u %s\r\nDate: %s\r\n", status, status_reason(status),
                  clock.date);
    if (status == 405) {
        writer_literal(&head, "Allow: GET, HEAD\r\n");
    }
    writer_format(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n", content_type, body.length);
    writer_literal(&head, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                          "Content-Security-Policy: default-src 'none'; style-src "
                          "'unsafe-inline'\r\nConnection: close\r\n\r\n");
    send_answer(connection, writer_slice(&head), is_head_only(connection) ? SLICE("") : body);
}

static void answer_status(struct admin_connection *connection, unsigned status)
{
    char text[64];
    struct writer body = writer_make(text, sizeof text);
    writer_format(&body, "%u %s\n", status, status_reason(status));
    answer(connection, status, "text/plain; charset=utf-8", writer_slice(&body));
}

/* `*most` bytes, or fewer where memory is limited: most pages are small. */
static char *take_room(size_t *most)
{
    char *bytes = NULL;
    while (*most > 0 && (bytes = malloc(*most)) == NULL && *most > ADMIN_PAGE_LEAST) {
        *most /= 2;
    }
    return bytes;
}

/* Written once: a page of a large policy takes time, and the control thread does nothing else
 * meanwhile. Memory that a small page does not touch costs nothing. */
static void answer_page(struct admin_connection *connection, const struct admin_page *page)
{
    struct admin *admin = connection->admin;
    size_t room =
        admin->unsent_bytes < ADMIN_UNSENT_MAX ? ADMIN_UNSENT_MAX - admin->unsent_bytes : 0;
    size_t most = room < ADMIN_PAGE_MAX ? room : ADMIN_PAGE_MAX;
    char *bytes = take_room(&most);
    struct writer body = writer_make(bytes, bytes != NULL ? most : 0);
    unsigned status = bytes != NULL ? page->write(&body, admin->status) : 503;
    if (bytes != NULL && !body.overflow) {
        answer(connection, status, page->content_type, writer_slice(&body));
    } else {
        answer_status(connection, 503);
    }
    free(bytes);
}

/* ---- requests */

/* A page of another site may have its name resolve to this machine and then read what is here with
 * the visitor's browser (DNS rebinding). Its requests carry that name in Host; an address or
 * localhost cannot be one. */
static bool is_own_host(struct slice host)
{
    struct address address;
    char text[INET6_ADDRSTRLEN + 8];
    struct writer with_port = writer_make(text, sizeof text);
    writer_put(&with_port, host);
    writer_literal(&with_port, ":1");
    return slice_equal_ignoring_case(host, SLICE("localhost")) ||
           (!with_port.overflow && address_parse(writer_slice(&with_port), &address) == NULL &&
            address.kind == ADDRESS_IP);
}

/* RFC 9112 section 3.2: exactly one Host in a request of HTTP/1.1; of the two, the target's authority
 * wins (section 3.2.2). Returns the status that the request is refused with, or 0. */
static unsigned check_host(const struct admin_connection *connection, const struct target *target)
{
    unsigned count = fields_count(&connection->fields, FIELD_HOST);
    if (count > 1 || (count == 0 && connection->line.version_minor > 0)) {
        return 400;
    }
    struct slice host = SLICE("");
    if (count == 1) {
        const struct field *field = fields_find(&connection->fields, FIELD_HOST);
        if (target_split_host(field->value, true, &host) != FAULT_NONE) {
            return 400;
        }
    }
    if (target->authority.length > 0 &&
        target_split_host(target->authority, false, &host) != FAULT_NONE) {
        return 400;
    }
    return count == 0 || !connection->checks_host || is_own_host(host) ? 0 : 421;
}

static void respond(struct admin_connection *connection)
{
    enum method method = method_find(connection->line.method);
    struct target target;
    if (connection->line.version_major != 1) {
        answer_status(connection, 505);
        return;
    }
    if (target_parse(connection->line.target, method, &target) != FAULT_NONE) {
        answer_status(connection, 400);
        return;
    }
    unsigned refusal = check_host(connection, &target);
    if (refusal != 0) {
        answer_status(connection, refusal);
        return;
    }
    /* As the gateway does it: what is no registered method, and CONNECT, is 501 whatever the path is. */
    if (method == METHOD_UNKNOWN || method == METHOD_CONNECT) {
        answer_status(connection, 501);
        return;
    }
    const struct admin_page *page = admin_page_find(connection->admin->kind, target.path);
    if (page == NULL) {
        answer_status(connection, 404);
    } else if (method != METHOD_GET && method != METHOD_HEAD) {
        answer_status(connection, 405);
    } else {
        answer_page(connection, page);
    }
}

static void read_fields(struct admin_connection *connection)
{
    size_t length = 0;
    enum message_status status =
        message_read_fields(&connection->message, connection->buffer + connection->parsed,
                            connection->used - connection->parsed, &length);
    connection->parsed += length;
    switch (status) {
    case MESSAGE_MORE:
        if (connection->used == ADMIN_HEAD_BYTES) {
            answer_status(connection, fault_status(FAULT_HEAD_TOO_LARGE));
        }
        break;
    case MESSAGE_DONE:
        respond(connection);
        break;
    case MESSAGE_BAD:
        answer_status(connection, fault_status(message_fault(&connection->message)));
        break;
    }
}

static void read_head(struct admin_connection *connection)
{
    enum http_fault fault = FAULT_NONE;
    if (!connection->has_line) {
        switch (request_line_scan(&connection->scanner, connection->buffer, connection->used,
                                  ADMIN_HEAD_BYTES, &connection->line, &fault)) {
        case SCAN_MORE:
            if (connection->used == ADMIN_HEAD_BYTES) {
                answer_status(connection,
                              fault_status(request_line_overflow(&connection->scanner)));
            }
            return;
        case SCAN_BAD:
            answer_status(connection, fault_status(fault));
            return;
        case SCAN_DONE:
            break;
        }
        connection->has_line = true;
        connection->parsed = connection->line.length;
        fields_init(&connection->fields, connection->items, FIELDS_KEPT);
        message_start(&connection->message, MESSAGE_REQUEST, &connection->fields, NULL);
    }
    read_fields(connection);
}

/* ---- the stream's events */

static uv_buf_t on_allocate(struct stream *stream)
{
    struct admin_connection *connection = of_stream(stream);
    size_t used = connection->is_answered ? 0 : connection->used;
    return (uv_buf_t){connection->buffer + used, ADMIN_HEAD_BYTES - used};
}

static void on_read(struct stream *stream, char *data, size_t length)
{
    (void)data;
    struct admin_connection *connection = of_stream(stream);
    if (!connection->is_answered) {
        connection->used += length;
        read_head(connection);
    }
}

static void on_read_end(struct stream *stream, int error)
{
    (void)error;
    end(of_stream(stream));
}

static void on_drained(struct stream *stream, int error)
{
    if (error != 0) {
        end(of_stream(stream));
    } else {
        linger(of_stream(stream));
    }
}

static void on_closed(struct stream *stream)
{
    struct admin_connection *connection = of_stream(stream);
    struct admin *admin = connection->admin;
    list_remove(&connection->node);
    admin->connection_count--;
    admin->unsent_bytes -= connection->unsent;
    free(connection);
    admin->on_connection_closed(admin);
}

static const struct stream_events events = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

/* ---- life */

void admin_serve(struct admin *admin, int descriptor, int family, bool checks_host)
{
    struct admin_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        close(descriptor);
        return;
    }
    connection->admin = admin;
    connection->checks_host = checks_host;
    list_init(&connection->node);
    list_append(&admin->connections, &connection->node);
    admin->connection_count++;
    deadline_init(&connection->deadline, on_expired);
    request_line_start(&connection->scanner);
    if (stream_init_accepted(&connection->stream, admin->loop, family, descriptor, &events) != 0) {
        end(connection);
        return;
    }
    wait_for(connection, ADMIN_HEAD_MS);
    stream_start_reading(&connection->stream);
}

/* Bytes that have come and were not read yet will be in this turn of the loop. */
static bool is_silent(const struct admin_connection *connection)
{
    return !connection->is_answered && stream_unread(&connection->stream) == 0;
}

static bool has_its_answer(const struct admin_connection *connection)
{
    return connection->is_answered && !stream_is_queued(&connection->stream);
}

static bool end_first(struct admin *admin,
                      bool (*is_meant)(const struct admin_connection *connection))
{
    for (struct list_node *node = admin->connections.next; node != &admin->connections;
         node = node->next) {
        struct admin_connection *connection = LIST_OBJECT(node, struct admin_connection, node);
        if (!connection->stream.is_closing && is_meant(connection)) {
            end(connection);
            return true;
        }
    }
    return false;
}

void admin_make_room(struct admin *admin)
{
    /* A client that has its answer loses nothing; one that is silent may be about to ask. */
    if (!end_first(admin, has_its_answer)) {
        (void)end_first(admin, is_silent);
    }
}

void admin_close_connections(struct admin *admin)
{
    for (struct list_node *node = admin->connections.next; node != &admin->connections;
         node = node->next) {
        end(LIST_OBJECT(node, struct admin_connection, node));
    }
}
