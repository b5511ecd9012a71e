#include "verbgate/builtin/legacy.h"

#include "verbgate/base/list.h"
#include "verbgate/base/writer.h"
#include "verbgate/http/framing.h"
#include "verbgate/http/message.h"
#include "verbgate/http/request_line.h"
#include "verbgate/http/status_line.h"
#include "verbgate/net/reserve.h"
#include "verbgate/net/stream.h"

#include <stdlib.h>

enum {
    BUFFER_BYTES = 16 * 1024,
    FIELDS_KEPT = 100,
    TARGET_LIMIT = 4096,
    DESCRIPTORS_MOST = 32766, /* that its loop has a place for at its start */
};

struct legacy {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_async_t stop;
    struct list_node connections;
};

struct connection {
    struct legacy *legacy;
    struct list_node node;
    struct stream stream;
    enum { READING_HEAD, READING_CONTENT } state;
    size_t used;
    uint64_t content_left;
    uint64_t content_bytes;
    struct request_line line;
    struct framing framing;
    struct message message;
    struct fields fields;
    struct field items[FIELDS_KEPT];
    char buffer[BUFFER_BYTES];
};

/* ---- answers */

/* Sends a response, or closes the connection when it cannot be sent at once: this backend is as
 * simple as they come. */
static bool respond(struct connection *connection, unsigned status, struct slice body)
{
    char text[2048];
    struct writer writer = writer_make(text, sizeof text);
    writer_format(&writer, "HTTP/1.1 %u %s\r\nServer: legacy\r\nContent-Type: text/plain\r\n",
                  status, status_reason(status));
    writer_format(&writer, "Content-Length: %zu\r\n\r\n", body.length);
    if (!slice_equal(connection->line.method, SLICE("HEAD"))) {
        writer_put(&writer, body);
    }
    struct slice slices[] = {writer_slice(&writer)};
    return stream_write(&connection->stream, slices, 1) == STREAM_SENT;
}

static bool respond_to_get(struct connection *connection, struct slice path)
{
    if (slice_equal(path, SLICE("/"))) {
        return respond(connection, 200, SLICE("Hello from the legacy backend.\n"));
    }
    if (slice_equal(path, SLICE("/orders"))) {
        return respond(connection, 200, SLICE("order 1: paid\norder 2: open\n"));
    }
    if (slice_starts_with(path, SLICE("/reports/"))) {
        return respond(connection, 200, SLICE("Report: all is fine.\n"));
    }
    return respond(connection, 404, SLICE("No such thing here.\n"));
}

static bool respond_to_post(struct connection *connection, struct slice path)
{
    if (!slice_equal(path, SLICE("/orders")) && !slice_equal(path, SLICE("/"))) {
        return respond(connection, 500, SLICE("Internal error: cannot write that.\n"));
    }
    char text[64];
    struct writer body = writer_make(text, sizeof text);
    writer_format(&body, "Taken: %llu bytes.\n", (unsigned long long)connection->content_bytes);
    return respond(connection, 201, writer_slice(&body));
}

/* Anything it does not know is an internal error: that is what verbgate is for. */
static bool respond_to(struct connection *connection)
{
    struct slice target = connection->line.target;
    struct slice path = slice_make(target.data, slice_find(target, '?'));
    struct slice method = connection->line.method;
    if (slice_equal(method, SLICE("GET")) || slice_equal(method, SLICE("HEAD"))) {
        return respond_to_get(connection, path);
    }
    if (slice_equal(method, SLICE("POST"))) {
        return respond_to_post(connection, path);
    }
    return respond(connection, 500, SLICE("Internal error: unexpected request.\n"));
}

/* ---- requests */

enum progress { PROGRESS_MORE, PROGRESS_NEXT, PROGRESS_CLOSE };

static void consume(struct connection *connection, size_t count)
{
    connection->used -= count;
    memmove(connection->buffer, connection->buffer + count, connection->used);
}

static enum progress read_head(struct connection *connection)
{
    struct request_line_scanner scanner;
    enum http_fault fault;
    request_line_start(&scanner);
    enum scan_status scanned = request_line_scan(&scanner, connection->buffer, connection->used,
                                                 TARGET_LIMIT, &connection->line, &fault);
    if (scanned != SCAN_DONE) {
        bool is_full = connection->used == BUFFER_BYTES;
        return scanned == SCAN_MORE && !is_full ? PROGRESS_MORE : PROGRESS_CLOSE;
    }
    /* Heads are small: each try starts from the first field again. */
    size_t start = connection->line.length;
    size_t length = 0;
    fields_init(&connection->fields, connection->items, FIELDS_KEPT);
    message_start(&connection->message, MESSAGE_REQUEST, &connection->fields, NULL);
    enum message_status status = message_read_fields(
        &connection->message, connection->buffer + start, connection->used - start, &length);
    if (status == MESSAGE_MORE && connection->used < BUFFER_BYTES) {
        return PROGRESS_MORE;
    }
    if (status != MESSAGE_DONE ||
        framing_of_request(&connection->fields, connection->line.version_minor,
                           &connection->framing) != FAULT_NONE) {
        return PROGRESS_CLOSE;
    }
    connection->state = READING_CONTENT;
    connection->content_left = connection->framing.length;
    connection->content_bytes = 0;
    /* The line's slices must not move until the answer is given, so the head stays in the buffer
     * and content is read behind it. */
    connection->line.length = start + length;
    return PROGRESS_NEXT;
}

static enum progress read_content(struct connection *connection)
{
    size_t head = connection->line.length;
    char *data = connection->buffer + head;
    size_t length = connection->used - head;
    size_t used = 0;
    bool is_complete = connection->framing.kind == FRAMING_NONE;
    if (connection->framing.kind == FRAMING_LENGTH) {
        used = length < connection->content_left ? length : (size_t)connection->content_left;
        connection->content_left -= used;
        connection->content_bytes += used;
        is_complete = connection->content_left == 0;
    } else if (connection->framing.kind == FRAMING_CHUNKED) {
        struct slice content;
        enum message_status status =
            message_read_chunks(&connection->message, data, length, &used, &content);
        if (status == MESSAGE_BAD) {
            return PROGRESS_CLOSE;
        }
        connection->content_bytes += content.length;
        is_complete = status == MESSAGE_DONE;
    }
    memmove(data, data + used, length - used);
    connection->used -= used;
    if (!is_complete) {
        return PROGRESS_MORE;
    }
    if (!respond_to(connection) || connection->line.version_minor == 0) {
        return PROGRESS_CLOSE;
    }
    consume(connection, head);
    connection->state = READING_HEAD;
    return PROGRESS_NEXT;
}

static void run_connection(struct connection *connection)
{
    enum progress progress = PROGRESS_NEXT;
    while (progress == PROGRESS_NEXT) {
        progress =
            connection->state == READING_HEAD ? read_head(connection) : read_content(connection);
    }
    if (progress == PROGRESS_CLOSE || connection->used == BUFFER_BYTES) {
        stream_close(&connection->stream);
    }
}

/* ---- the stream's events */

static struct connection *of_stream(struct stream *stream)
{
    return LIST_OBJECT(stream, struct connection, stream);
}

static uv_buf_t on_allocate(struct stream *stream)
{
    struct connection *connection = of_stream(stream);
    return (uv_buf_t){connection->buffer + connection->used, BUFFER_BYTES - connection->used};
}

static void on_read(struct stream *stream, char *data, size_t length)
{
    (void)data;
    of_stream(stream)->used += length;
    run_connection(of_stream(stream));
}

static void on_read_end(struct stream *stream, int error)
{
    (void)error;
    stream_close(stream);
}

static void on_drained(struct stream *stream, int error)
{
    (void)error;
    stream_close(stream);
}

static void on_closed(struct stream *stream)
{
    struct connection *connection = of_stream(stream);
    list_remove(&connection->node);
    free(connection);
}

static const struct stream_events events = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

static void on_connection(uv_stream_t *listener, int status)
{
    struct legacy *legacy = listener->data;
    struct connection *connection = status == 0 ? calloc(1, sizeof *connection) : NULL;
    if (connection == NULL) {
        return;
    }
    connection->legacy = legacy;
    list_init(&connection->node);
    list_append(&legacy->connections, &connection->node);
    if (stream_init_from(&connection->stream, listener, &events) == 0) {
        stream_start_reading(&connection->stream);
    } else {
        stream_close(&connection->stream);
    }
}

/* ---- life */

static void on_stop(uv_async_t *stop)
{
    struct legacy *legacy = LIST_OBJECT(stop, struct legacy, stop);
    uv_close((uv_handle_t *)&legacy->listener, NULL);
    uv_close((uv_handle_t *)stop, NULL);
    for (struct list_node *node = legacy->connections.next; node != &legacy->connections;
         node = node->next) {
        stream_close(&LIST_OBJECT(node, struct connection, node)->stream);
    }
}

static void run(void *argument)
{
    struct legacy *legacy = argument;
    uv_run(&legacy->loop, UV_RUN_DEFAULT);
}

static bool listen_on_loopback(struct legacy *legacy, struct socket_address *address)
{
    struct sockaddr_in any_port = {.sin_family = AF_INET};
    any_port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int length = sizeof address->storage;
    uv_tcp_init(&legacy->loop, &legacy->listener);
    uv_async_init(&legacy->loop, &legacy->stop, on_stop);
    legacy->listener.data = legacy;
    memset(address, 0, sizeof *address);
    if (uv_tcp_bind(&legacy->listener, (const struct sockaddr *)&any_port, 0) != 0 ||
        uv_tcp_getsockname(&legacy->listener, &address->any, &length) != 0 ||
        uv_listen((uv_stream_t *)&legacy->listener, 128, on_connection) != 0) {
        return false;
    }
    address->length = (socklen_t)length;
    return true;
}

struct legacy *legacy_start(struct socket_address *address)
{
    struct legacy *legacy = calloc(1, sizeof *legacy);
    if (legacy == NULL) {
        return NULL;
    }
    list_init(&legacy->connections);
    if (uv_loop_init(&legacy->loop) != 0) {
        free(legacy);
        return NULL;
    }
    if (!reserve_watchers(&legacy->loop, DESCRIPTORS_MOST)) {
        uv_run(&legacy->loop, UV_RUN_DEFAULT);
        uv_loop_close(&legacy->loop);
        free(legacy);
        return NULL;
    }
    if (!listen_on_loopback(legacy, address) ||
        uv_thread_create(&legacy->thread, run, legacy) != 0) {
        on_stop(&legacy->stop);
        uv_run(&legacy->loop, UV_RUN_DEFAULT);
        uv_loop_close(&legacy->loop);
        free(legacy);
        return NULL;
    }
    return legacy;
}

void legacy_stop(struct legacy *legacy)
{
    if (legacy == NULL) {
        return;
    }
    uv_async_send(&legacy->stop);
    uv_thread_join(&legacy->thread);
    uv_loop_close(&legacy->loop);
    free(legacy);
}
