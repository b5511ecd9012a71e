#include "verbgate/http/error_body.h"

#include "verbgate/base/html.h"
#include "verbgate/http/status_line.h"
#include "verbgate/http/token.h"

#include <assert.h>

enum { METHOD_SHOWN_MAX = 64 };

/* Anything but printable ASCII is of no use to a reader, and in no type harmless everywhere. */
static char shown(char c)
{
    return c >= 0x20 && c <= 0x7e ? c : '?';
}

/* RFC 8259 section 7; '<' too, in case somebody puts the document into a page. */
static void put_json(struct writer *writer, char c)
{
    if (c == '<') {
        writer_literal(writer, "\\u003c");
        return;
    }
    if (c == '"' || c == '\\') {
        writer_byte(writer, '\\');
    }
    writer_byte(writer, c);
}

static void put_byte(struct writer *writer, enum media_type media, char c)
{
    switch (media) {
    case MEDIA_HTML:
        html_write_byte(writer, c);
        break;
    case MEDIA_PROBLEM:
        put_json(writer, c);
        break;
    default:
        writer_byte(writer, c);
        break;
    }
}

static void put_escaped(struct writer *writer, enum media_type media, struct slice text)
{
    while (!writer->overflow) {
        size_t plain = plain_length(text);
        writer_put(writer, slice_make(text.data, plain));
        if (plain == text.length) {
            break;
        }
        put_byte(writer, media, shown(text.data[plain]));
        text = slice_after(text, plain + 1);
    }
}

static void put_detail(struct writer *writer, const struct error_body *body)
{
    struct slice plain = slice_make(body->detail.text.data, body->detail.plain_length);
    writer_put(writer, plain);
    put_escaped(writer, body->media, slice_after(body->detail.text, plain.length));
}

static void put_method(struct writer *writer, const struct error_body *body)
{
    bool is_cut = body->method.length > METHOD_SHOWN_MAX;
    size_t length = is_cut ? METHOD_SHOWN_MAX : body->method.length;
    put_escaped(writer, body->media, slice_make(body->method.data, length));
    if (is_cut) {
        writer_literal(writer, "...");
    }
}

static void put_title(struct writer *writer, const struct error_body *body)
{
    writer_number(writer, body->status);
    writer_byte(writer, ' ');
    writer_string(writer, status_reason(body->status));
}

static void write_text(struct writer *writer, const struct error_body *body)
{
    put_title(writer, body);
    writer_byte(writer, '\n');
    put_detail(writer, body);
    writer_byte(writer, '\n');
}

static void write_html(struct writer *writer, const struct error_body *body)
{
    writer_literal(writer, "<!DOCTYPE html>\n<html lang=\"en\">\n"
                           "<head><meta charset=\"utf-8\"><title>");
    put_title(writer, body);
    writer_literal(writer, "</title></head>\n<body>\n<h1>");
    put_title(writer, body);
    writer_literal(writer, "</h1>\n<p>");
    put_detail(writer, body);
    writer_literal(writer, "</p>\n");
    if (body->docs.length > 0) {
        writer_literal(writer, "<p><a rel=\"help\" href=\"");
        put_escaped(writer, MEDIA_HTML, body->docs);
        writer_literal(writer, "\">Documentation</a></p>\n");
    }
    writer_literal(writer, "</body>\n</html>\n");
}

static void put_allow_array(struct writer *writer, struct slice allow)
{
    struct slice method;
    const char *before = "";
    writer_literal(writer, ",\"allow\":[");
    while (token_list_next(&allow, &method)) {
        writer_string(writer, before);
        writer_byte(writer, '"');
        put_escaped(writer, MEDIA_PROBLEM, method);
        writer_byte(writer, '"');
        before = ",";
    }
    writer_byte(writer, ']');
}

/* RFC 9457 section 3.1; with "about:blank" the title is the status's reason (section 4.2.1). */
static void write_problem(struct writer *writer, const struct error_body *body)
{
    writer_literal(writer, "{\"type\":\"");
    put_escaped(writer, MEDIA_PROBLEM, body->docs.length > 0 ? body->docs : SLICE("about:blank"));
    writer_literal(writer, "\",\"title\":\"");
    writer_string(writer, status_reason(body->status));
    writer_literal(writer, "\",\"status\":");
    writer_number(writer, body->status);
    writer_literal(writer, ",\"detail\":\"");
    put_detail(writer, body);
    writer_byte(writer, '"');
    if (body->method.length > 0) {
        writer_literal(writer, ",\"method\":\"");
        put_method(writer, body);
        writer_byte(writer, '"');
    }
    if (body->has_allow) {
        put_allow_array(writer, body->allow);
    }
    writer_literal(writer, "}\n");
}

/* Writes what stands for the placeholder at the front of `text`, and returns its length with the
 * braces; 0 when there is none. */
static size_t put_placeholder(struct writer *writer, const struct error_body *body,
                              struct slice text)
{
    if (slice_starts_with(text, SLICE("{status}"))) {
        writer_number(writer, body->status);
        return sizeof "{status}" - 1;
    }
    if (slice_starts_with(text, SLICE("{reason}"))) {
        writer_string(writer, status_reason(body->status));
        return sizeof "{reason}" - 1;
    }
    if (slice_starts_with(text, SLICE("{detail}"))) {
        put_detail(writer, body);
        return sizeof "{detail}" - 1;
    }
    if (slice_starts_with(text, SLICE("{method}"))) {
        put_method(writer, body);
        return sizeof "{method}" - 1;
    }
    if (slice_starts_with(text, SLICE("{allow}"))) {
        put_escaped(writer, body->media, body->allow);
        return sizeof "{allow}" - 1;
    }
    if (slice_starts_with(text, SLICE("{docs}"))) {
        put_escaped(writer, body->media, body->docs);
        return sizeof "{docs}" - 1;
    }
    return 0;
}

static void write_own(struct writer *writer, const struct error_body *body)
{
    struct slice rest = body->own;
    while (rest.length > 0 && !writer->overflow) {
        size_t plain = slice_find(rest, '{');
        writer_put(writer, slice_make(rest.data, plain));
        rest = slice_after(rest, plain);
        size_t used = put_placeholder(writer, body, rest);
        if (used == 0 && rest.length > 0) {
            writer_byte(writer, '{');
            used = 1;
        }
        rest = slice_after(rest, used);
    }
}

void error_body_write(struct writer *writer, const struct error_body *body)
{
    if (body->own.length > 0 && !writer->overflow) {
        size_t start = writer->length;
        write_own(writer, body);
        if (!writer->overflow) {
            return;
        }
        writer->length = start;
        writer->overflow = false;
    }
    switch (body->media) {
    case MEDIA_HTML:
        write_html(writer, body);
        break;
    case MEDIA_PROBLEM:
        write_problem(writer, body);
        break;
    default:
        assert(body->media == MEDIA_TEXT);
        write_text(writer, body);
        break;
    }
}
