/*
 * Whatever a backend sends: what the gateway would send to the client is, read again by the strict
 * reader, exactly one response, with the status, reason, end-to-end fields and content of the one
 * that the strict reader finds in the bytes that were taken. For GET and HEAD, and for clients of
 * HTTP/1.1 and 1.0.
 */
#include "fuzz.h"
#include "received.h"
#include "strict.h"
#include "verbgate/http/serialise.h"

#include <assert.h>
#include <stdio.h>

enum {
    RESPONSES_MAX = 4,
    OUT_MAX = 2 * RECEIVED_HEAD_MAX + 512,
    TAIL_MAX = 2 * MESSAGE_TRAILER_BYTES,
};

struct client {
    enum method method;
    bool is_http_10;
    bool takes_trailers;
};

static enum framing_kind framing_for(const struct client *client, enum framing_kind received)
{
    if (received == FRAMING_NONE || received == FRAMING_LENGTH) {
        return received;
    }
    return client->is_http_10 ? FRAMING_UNTIL_CLOSE : FRAMING_CHUNKED;
}

static bool drops_trailer(const struct client *client, enum framing_kind framing)
{
    return framing != FRAMING_CHUNKED || !client->takes_trailers;
}

static void write_head(struct writer *out, const struct received_response *response,
                       const struct client *client, enum framing_kind framing)
{
    unsigned status = response->line.status;
    bool is_final = status >= 200;
    struct response_head head = {
        .status = status,
        .reason = response->line.reason,
        .fields = &response->base.fields,
        .framing = {framing, response->base.framing.length},
        .keep_length = client->method == METHOD_HEAD || status == 304,
        .close = is_final && framing == FRAMING_UNTIL_CLOSE,
        .keep_alive = is_final && client->is_http_10 && framing != FRAMING_UNTIL_CLOSE,
        .drop_trailer_field = drops_trailer(client, framing),
        .date = is_final ? SLICE("Sun, 06 Nov 1994 08:49:37 GMT") : slice_make(NULL, 0),
    };
    serialise_response_head(out, &head);
    assert(!out->overflow);
}

/* As relay_send does for one piece that is the last. */
static void write_content(struct writer *out, const struct received *base,
                          const struct client *client, enum framing_kind framing)
{
    struct slice content = slice_make(base->content.data, base->content.length);
    if (framing == FRAMING_CHUNKED && content.length > 0) {
        serialise_chunk_head(out, content.length);
    }
    writer_put(out, content);
    if (framing == FRAMING_CHUNKED) {
        char text[TAIL_MAX];
        struct writer tail = writer_make(text, sizeof text);
        if (content.length > 0) {
            writer_literal(&tail, "\r\n");
        }
        serialise_last_chunk(&tail,
                             client->takes_trailers ? message_trailers(&base->message) : NULL);
        assert(!tail.overflow);
        writer_put(out, writer_slice(&tail));
    }
}

static bool is_added(struct slice name)
{
    return strict_is_name(name, "date") || strict_is_name(name, "connection") ||
           strict_is_name(name, "content-length") || strict_is_name(name, "transfer-encoding");
}

static bool is_expected(const struct strict_message *in, const struct strict_field *field,
                        bool without_trailer)
{
    return !strict_is_hop_by_hop(&in->fields, field) &&
           !strict_is_name(field->name, "content-length") &&
           !(without_trailer && strict_is_name(field->name, "trailer"));
}

/* What came in its order, then what the gateway adds. */
static void check_fields(const struct strict_message *in, const struct strict_message *out,
                         bool without_trailer)
{
    unsigned at = 0;
    for (unsigned i = 0; i < in->fields.count; i++) {
        if (is_expected(in, &in->fields.items[i], without_trailer)) {
            assert(at < out->fields.count);
            assert(strict_field_equal(&out->fields.items[at], &in->fields.items[i]));
            at++;
        }
    }
    unsigned added = out->fields.count - at;
    for (; at < out->fields.count; at++) {
        assert(is_added(out->fields.items[at].name));
    }
    assert(added <= 3); /* Date, Connection, and one of framing */
    assert(strict_count(&out->fields, "connection") <= 1);
    assert(strict_count(&out->fields, "content-length") +
               strict_count(&out->fields, "transfer-encoding") <=
           1);
}

static void require(const struct strict_message *message, struct slice bytes, const char *what)
{
    if (message->problem != NULL) {
        fprintf(stderr, "%s: %s\n%.*s\n", what, message->problem, SLICE_PRINT(bytes));
        abort();
    }
}

static void check_forwarded(const struct client *client, struct slice taken, struct slice sent,
                            enum framing_kind framing, bool has_content)
{
    static struct strict_message in;
    static struct strict_message out;
    (void)strict_read_response(taken, STRICT_RECEIVED, has_content, &in);
    require(&in, taken, "accepted");
    (void)strict_read_response(sent, STRICT_WRITTEN, has_content, &out);
    require(&out, sent, "sent");
    assert(in.status == out.status && slice_equal(in.reason, out.reason));
    check_fields(&in, &out, drops_trailer(client, framing));
    if (out.status < 200 || out.status == 204) {
        assert(strict_count(&out.fields, "content-length") == 0);
        assert(strict_count(&out.fields, "transfer-encoding") == 0);
    }
    assert(out.trailers.count <= in.trailers.count);
    assert(client->takes_trailers || out.trailers.count == 0);
    assert(in.content_length == out.content_length);
    assert(memcmp(in.content, out.content, in.content_length) == 0);
}

/* Returns the length of an interim response that was taken, or 0. */
static size_t forward_one(struct slice stream, const struct client *client)
{
    static char text[OUT_MAX + FUZZ_INPUT_MAX + TAIL_MAX];
    struct received_response response;
    received_response_read(&response, stream, FEED_PIECES, client->method);
    const struct received *base = &response.base;
    unsigned status = response.line.status;
    bool is_whole = base->status == MESSAGE_DONE && status != 101;
    if (is_whole) {
        enum framing_kind framing = framing_for(client, base->framing.kind);
        bool has_content = base->framing.kind != FRAMING_NONE;
        struct writer out = writer_make(text, OUT_MAX);
        write_head(&out, &response, client, framing);
        out.capacity = sizeof text;
        write_content(&out, base, client, framing);
        assert(!out.overflow);
        check_forwarded(client, slice_make(stream.data, base->used), writer_slice(&out), framing,
                        has_content);
    }
    size_t used = is_whole && status < 200 ? base->used : 0;
    received_finish(&response.base);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct client clients[] = {
        {METHOD_GET, false, true},
        {METHOD_GET, false, false},
        {METHOD_GET, true, false},
        {METHOD_HEAD, false, false},
    };
    for (size_t c = 0; c < sizeof clients / sizeof clients[0] && size <= FUZZ_INPUT_MAX; c++) {
        struct slice stream = slice_make((const char *)data, size);
        size_t used = 1;
        for (int i = 0; i < RESPONSES_MAX && used > 0 && stream.length > 0; i++) {
            used = forward_one(stream, &clients[c]);
            stream = slice_after(stream, used);
        }
    }
    return 0;
}
