#include "verbgate/http/reply.h"

#include "verbgate/http/serialise.h"
#include "verbgate/http/status_line.h"

#include <assert.h>

/* Bytes of Proxy-Status details that are written at most, escapes included. */
enum { DETAILS_MAX = 200 };

static bool is_printable(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* RFC 8941 section 3.3.3: a string has printable ASCII only, and escapes two characters of it. An
 * escape that would be cut in half is left out. */
static void put_details(struct writer *writer, const struct quote *quote)
{
    struct slice details = quote->text;
    char text[DETAILS_MAX];
    size_t length = least(quote->plain_length, sizeof text);
    if (length > 0) {
        memcpy(text, details.data, length);
    }
    for (size_t i = length; i < details.length; i++) {
        char c = is_printable(details.data[i]) ? details.data[i] : '?';
        bool is_escaped = c == '"' || c == '\\';
        if (length + (is_escaped ? 2 : 1) > sizeof text) {
            break;
        }
        if (is_escaped) {
            text[length++] = '\\';
        }
        text[length++] = c;
    }
    writer_literal(writer, "; details=\"");
    writer_put(writer, slice_make(text, length));
    writer_byte(writer, '"');
}

/* RFC 9209 section 2: who answered, and why. */
static void put_proxy_status(struct writer *writer, const struct reply *reply)
{
    writer_literal(writer, "Proxy-Status: ");
    writer_put(writer, reply->proxy_name);
    writer_literal(writer, "; error=");
    writer_string(writer, reply->proxy_error);
    if (reply->details.text.length > 0) {
        put_details(writer, &reply->details);
    }
    writer_literal(writer, "\r\n");
}

static void put_line(struct writer *writer, struct slice name_colon, struct slice value)
{
    writer_put(writer, name_colon);
    writer_put(writer, value);
    writer_literal(writer, "\r\n");
}

static void put_content_fields(struct writer *writer, const struct reply *reply)
{
    if (reply->body.length > 0) {
        put_line(writer, SLICE("Content-Type: "), media_type_value(reply->media));
    }
    /* RFC 9110 section 8.6: never in a 204. */
    if (reply->status != 204) {
        writer_literal(writer, "Content-Length: ");
        writer_number(writer, reply->body.length);
        writer_literal(writer, "\r\n");
    }
}

/* RFC 9110 section 12.5.5: what else in a request the answer depended on. RFC 9111 section 4.2.2: an
 * error may be kept by guess where nothing is said, which is not wanted by default. */
static void put_caching(struct writer *writer, const struct reply *reply)
{
    if (reply->varies) {
        writer_literal(writer, "Vary: Accept\r\n");
    }
    if (reply->max_age == 0) {
        writer_literal(writer, "Cache-Control: no-store\r\n");
        return;
    }
    writer_literal(writer, "Cache-Control: max-age=");
    writer_number(writer, reply->max_age);
    writer_literal(writer, "\r\n");
}

/* RFC 8288 section 3. */
static void put_docs(struct writer *writer, struct slice docs)
{
    writer_literal(writer, "Link: <");
    writer_put(writer, docs);
    writer_literal(writer, ">; rel=\"help\"\r\n");
}

void reply_write_head(struct writer *writer, const struct reply *reply)
{
    assert(reply->status >= 200 && (reply->status != 204 || reply->body.length == 0));
    serialise_status_line(writer, reply->status, slice_of(status_reason(reply->status)));
    put_line(writer, SLICE("Date: "), reply->date);
    put_content_fields(writer, reply);
    if (reply->has_allow) {
        put_line(writer, SLICE("Allow: "), reply->allow);
    }
    if (reply->docs.length > 0) {
        put_docs(writer, reply->docs);
    }
    writer_put(writer, reply->extra);
    put_caching(writer, reply);
    if (reply->proxy_error != NULL) {
        put_proxy_status(writer, reply);
    }
    if (reply->close) {
        writer_literal(writer, "Connection: close\r\n");
    } else if (reply->keep_alive) {
        writer_literal(writer, "Connection: keep-alive\r\n");
    }
    writer_literal(writer, "\r\n");
}

void reply_write(struct writer *writer, const struct reply *reply)
{
    reply_write_head(writer, reply);
    if (!reply->head_only) {
        writer_put(writer, reply->body);
    }
}

static bool is_shown_plainly(char c)
{
    return is_printable(c) && c != '<' && c != '>' && c != '&' && c != '"';
}

void reply_write_shown(struct writer *writer, struct slice text, size_t max)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = least(text.length, max);
    size_t plain = plain_length(slice_make(text.data, length));
    writer_put(writer, slice_make(text.data, plain));
    for (size_t i = plain; i < length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (is_shown_plainly(text.data[i])) {
            writer_byte(writer, text.data[i]);
        } else {
            char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
            writer_put(writer, slice_make(escape, sizeof escape));
        }
    }
    if (length < text.length) {
        writer_literal(writer, "...");
    }
}
