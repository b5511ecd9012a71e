#include "verbgate/http/serialise.h"

#include <assert.h>

/* One check of the room and four copies. */
static void put_field(struct writer *writer, struct slice name, struct slice value)
{
    size_t room = writer->capacity - writer->length;
    if (UNLIKELY(name.length + value.length + 4 > room)) {
        writer->overflow = true;
        return;
    }
    char *to = writer->data + writer->length;
    memcpy(to, name.data, name.length);
    to += name.length;
    *to++ = ':';
    *to++ = ' ';
    if (value.length > 0) {
        memcpy(to, value.data, value.length);
        to += value.length;
    }
    *to++ = '\r';
    *to++ = '\n';
    writer->length = (size_t)(to - writer->data);
}

/*
 * Received lines on their way out. Most are sent as they came, and stand one behind the other in what was
 * read: those go in one piece. The bytes between the parts are looked at, so what is copied is to the byte
 * what put_field would write.
 */
struct run {
    const char *start; /* NULL: no line waits */
    const char *end;   /* of the last one's value */
};

static void put_run(struct writer *writer, struct run *run)
{
    if (run->start != NULL) {
        writer_put(writer, slice_make(run->start, (size_t)(run->end - run->start)));
        writer_literal(writer, "\r\n");
        run->start = NULL;
    }
}

static void pass_field(struct writer *writer, struct run *run, const struct field *field)
{
    bool is_usual = fields_is_usual_form(field->name, field->value);
    if (is_usual && run->start != NULL && field->name.data == run->end + 2 &&
        memcmp(run->end, "\r\n", 2) == 0) {
        run->end = field->value.data + field->value.length;
        return;
    }
    put_run(writer, run);
    if (is_usual) {
        run->start = field->name.data;
        run->end = field->value.data + field->value.length;
    } else {
        put_field(writer, field->name, field->value);
    }
}

static void put_number_field(struct writer *writer, struct slice name_colon, uint64_t number)
{
    writer_put(writer, name_colon);
    writer_number(writer, number);
    writer_literal(writer, "\r\n");
}

/* RFC 9112 section 6: the framing is what the gateway will send, never what it received. */
static void put_framing(struct writer *writer, const struct framing *framing)
{
    switch (framing->kind) {
    case FRAMING_LENGTH:
        put_number_field(writer, SLICE("Content-Length: "), framing->length);
        break;
    case FRAMING_CHUNKED:
        writer_literal(writer, "Transfer-Encoding: chunked\r\n");
        break;
    case FRAMING_NONE:
    case FRAMING_UNTIL_CLOSE:
        break;
    }
}

/* RFC 9112 section 3.2.1 and 3.2.4: origin form, or the asterisk. */
static void put_request_line(struct writer *writer, const struct request_head *head)
{
    writer_put(writer, head->method);
    writer_byte(writer, ' ');
    if (head->target->form == TARGET_ASTERISK) {
        writer_byte(writer, '*');
    } else {
        if (head->target->needs_slash) {
            writer_byte(writer, '/');
        }
        writer_put(writer, head->target->path_query);
    }
    writer_put(writer, head->is_http_10 ? SLICE(" HTTP/1.0\r\n") : SLICE(" HTTP/1.1\r\n"));
}

/* Whether a received field is forwarded as it is. Connection and Transfer-Encoding are hop-by-hop by
 * the table of fields.h. */
static bool is_passed_in_request(const struct request_head *head, const struct field *field)
{
    if (field->is_hop_by_hop) {
        return false;
    }
    switch (field->id) {
    case FIELD_HOST:
    case FIELD_CONTENT_LENGTH:
        return false;
    case FIELD_EXPECT:
        return !head->drop_expect && !head->is_http_10;
    case FIELD_MAX_FORWARDS:
        return head->max_forwards < 0;
    case FIELD_TRAILER:
        return head->passes_trailers && head->framing.kind == FRAMING_CHUNKED;
    case FIELD_PROXY:
        return false;
    case FIELD_X_FORWARDED_FOR:
        return head->forwarded == FORWARDED_OFF;
    case FIELD_X_FORWARDED:
    case FIELD_X_FORWARDED_HOST:
    case FIELD_X_FORWARDED_PROTO:
    case FIELD_X_REAL_IP:
    case FIELD_FORWARDED:
        return head->forwarded != FORWARDED_REPLACE;
    default:
        return true;
    }
}

/* The first element is led in by the name, the others by a comma. */
static void put_forwarded_element(struct writer *writer, struct slice element, bool *is_first)
{
    if (element.length == 0) {
        return;
    }
    if (*is_first) {
        writer_literal(writer, "X-Forwarded-For: ");
    } else {
        writer_literal(writer, ", ");
    }
    *is_first = false;
    writer_put(writer, element);
}

/* A client on a Unix socket has no address to add. */
static void put_forwarded_for(struct writer *writer, const struct request_head *head)
{
    bool is_first = true;
    const struct field *field = NULL;
    if (head->forwarded == FORWARDED_APPEND) {
        field = fields_find(head->fields, FIELD_X_FORWARDED_FOR);
    }
    for (; field != NULL; field = fields_find_next(head->fields, field)) {
        put_forwarded_element(writer, field->value, &is_first);
    }
    put_forwarded_element(writer, head->client_ip, &is_first);
    if (!is_first) {
        writer_literal(writer, "\r\n");
    }
}

static void put_forwarded(struct writer *writer, const struct request_head *head)
{
    if (head->forwarded == FORWARDED_OFF) {
        return;
    }
    bool keeps = head->forwarded == FORWARDED_APPEND;
    put_forwarded_for(writer, head);
    if (!keeps || !fields_has(head->fields, FIELD_X_FORWARDED_PROTO)) {
        writer_literal(writer, "X-Forwarded-Proto: http\r\n");
    }
    if (head->received_host.length > 0 &&
        (!keeps || !fields_has(head->fields, FIELD_X_FORWARDED_HOST))) {
        put_field(writer, SLICE("X-Forwarded-Host"), head->received_host);
    }
}

/* RFC 9110 section 7.6.3. Via lines that came have been passed before, so this one, a line of its
 * own, is the last element of the list. Minor versions above 9 do not exist. */
static void put_via(struct writer *writer, const struct request_head *head)
{
    char start[] = "Via: 1.0 ";
    start[sizeof "Via: 1." - 1] = (char)('0' + head->received_minor);
    writer_put(writer, slice_make(start, sizeof start - 1));
    writer_put(writer, head->via_name);
    writer_literal(writer, "\r\n");
}

/* RFC 9110 section 7.8 and 10.1.4: both fields take effect only when Connection names them.
 * HTTP/1.1 persists by itself, so most requests have no Connection field. */
static void put_request_options(struct writer *writer, const struct request_head *head)
{
    if (head->is_http_10) {
        return;
    }
    static const char *const options[2][2][2] = {
        {{"", "close"}, {"Upgrade", "Upgrade, close"}},
        {{"TE", "TE, close"}, {"TE, Upgrade", "TE, Upgrade, close"}},
    };
    bool has_upgrade = head->upgrade.length > 0;
    if (head->takes_trailers) {
        writer_literal(writer, "TE: trailers\r\n");
    }
    if (has_upgrade) {
        put_field(writer, SLICE("Upgrade"), head->upgrade);
    }
    if (head->takes_trailers || has_upgrade || head->close) {
        writer_literal(writer, "Connection: ");
        writer_string(writer, options[head->takes_trailers][has_upgrade][head->close]);
        writer_literal(writer, "\r\n");
    }
}

/* RFC 9110 section 5.1: names are case-insensitive, and some servers have never heard of it. */
static void spell(char *name, size_t length, const struct field_spellings *spellings)
{
    for (unsigned i = 0; i < spellings->count; i++) {
        if (slice_equal_ignoring_case(spellings->names[i], slice_make(name, length))) {
            memcpy(name, spellings->names[i].data, length);
            return;
        }
    }
}

/* A spelling is as long as what it replaces, so the names are mended where they stand: from the first
 * field line to the empty one. */
static void spell_names(struct writer *writer, size_t fields_start,
                        const struct field_spellings *spellings)
{
    if (writer->overflow) {
        return;
    }
    size_t at = fields_start;
    while (at < writer->length) {
        struct slice rest = slice_make(writer->data + at, writer->length - at);
        struct slice line = slice_make(rest.data, slice_find(rest, '\n'));
        size_t name_length = slice_find(line, ':');
        if (name_length < line.length) {
            spell(writer->data + at, name_length, spellings);
        }
        at += line.length + 1;
    }
}

void serialise_request_head(struct writer *writer, const struct request_head *head)
{
    assert(!head->is_http_10 || head->framing.kind != FRAMING_CHUNKED);
    put_request_line(writer, head);
    size_t fields_start = writer->length;
    put_field(writer, SLICE("Host"), head->host);
    struct run run = {NULL, NULL};
    for (unsigned i = 0; i < head->fields->count; i++) {
        const struct field *field = &head->fields->items[i];
        if (is_passed_in_request(head, field)) {
            pass_field(writer, &run, field);
        }
    }
    put_run(writer, &run);
    if (head->max_forwards >= 0) {
        put_number_field(writer, SLICE("Max-Forwards: "), (uint64_t)head->max_forwards);
    }
    writer_put(writer, head->extra);
    put_forwarded(writer, head);
    put_via(writer, head);
    put_request_options(writer, head);
    put_framing(writer, &head->framing);
    writer_literal(writer, "\r\n");
    if (head->spellings != NULL) {
        spell_names(writer, fields_start, head->spellings);
    }
}

void serialise_status_line(struct writer *writer, unsigned status, struct slice reason)
{
    assert(status >= 100 && status <= 999);
    /* The space stands before an empty reason too (RFC 9112 section 4). */
    char start[] = "HTTP/1.1 000 ";
    char *code = start + sizeof "HTTP/1.1 " - 1;
    code[0] = (char)('0' + status / 100);
    code[1] = (char)('0' + status / 10 % 10);
    code[2] = (char)('0' + status % 10);
    writer_put(writer, slice_make(start, sizeof start - 1));
    writer_put(writer, reason);
    writer_literal(writer, "\r\n");
}

static bool is_passed_in_response(const struct response_head *head, const struct field *field)
{
    if (field->is_hop_by_hop) {
        return false;
    }
    switch (field->id) {
    case FIELD_CONTENT_LENGTH:
        return false;
    case FIELD_TRAILER:
        return !head->drop_trailer_field;
    default:
        return true;
    }
}

/* RFC 9110 section 8.6 and RFC 9112 section 6.1: neither field in 1xx and 204. A Content-Length
 * beside a Transfer-Encoding is not passed on (RFC 9112 section 6.3 rule 3). */
static void put_response_framing(struct writer *writer, const struct response_head *head)
{
    if (head->status < 200 || head->status == 204) {
        return;
    }
    put_framing(writer, &head->framing);
    if (head->framing.kind == FRAMING_NONE && head->keep_length &&
        !fields_has(head->fields, FIELD_TRANSFER_ENCODING)) {
        const struct field *length = fields_find(head->fields, FIELD_CONTENT_LENGTH);
        if (length != NULL) {
            put_field(writer, length->name, length->value);
        }
    }
}

static void put_response_options(struct writer *writer, const struct response_head *head)
{
    if (head->upgrade.length > 0) {
        put_field(writer, SLICE("Upgrade"), head->upgrade);
        if (head->close) {
            writer_literal(writer, "Connection: Upgrade, close\r\n");
        } else {
            writer_literal(writer, "Connection: Upgrade\r\n");
        }
    } else if (head->close) {
        writer_literal(writer, "Connection: close\r\n");
    } else if (head->keep_alive) {
        writer_literal(writer, "Connection: keep-alive\r\n");
    }
}

void serialise_response_head(struct writer *writer, const struct response_head *head)
{
    serialise_status_line(writer, head->status, head->reason);
    struct run run = {NULL, NULL};
    for (unsigned i = 0; i < head->fields->count; i++) {
        const struct field *field = &head->fields->items[i];
        if (is_passed_in_response(head, field)) {
            pass_field(writer, &run, field);
        }
    }
    put_run(writer, &run);
    writer_put(writer, head->extra);
    if (head->date.length > 0 && !fields_has(head->fields, FIELD_DATE)) {
        put_field(writer, SLICE("Date"), head->date);
    }
    put_response_options(writer, head);
    put_response_framing(writer, head);
    writer_literal(writer, "\r\n");
}

void serialise_chunk_head(struct writer *writer, uint64_t length)
{
    writer_hex(writer, length);
    writer_literal(writer, "\r\n");
}

/*
 * RFC 9110 section 6.5.1: what is needed before the content, or would change what was already done
 * on it, must not come behind it. Of the fields that the gateway knows all are of that kind, or
 * mean nothing there. In an odd spelling they are no better: the recipient may fold names (guarded.h).
 */
static bool is_good_trailer(const struct field *field)
{
    static const struct slice refused[] = {
#define NAME(text) {text, sizeof(text) - 1}
        NAME("age"),           NAME("expires"),
        NAME("if-match"),      NAME("if-modified-since"),
        NAME("if-none-match"), NAME("if-range"),
        NAME("location"),      NAME("if-unmodified-since"),
        NAME("pragma"),        NAME("proxy-authenticate"),
        NAME("range"),         NAME("proxy-authorization"),
        NAME("vary"),          NAME("retry-after"),
        NAME("warning"),       NAME("www-authenticate"),
#undef NAME
    };
    if (field->id != FIELD_OTHER || field->folds_into != FIELD_OTHER || field->is_hop_by_hop) {
        return false;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (fields_folds_to(field->name, refused[i])) {
            return false;
        }
    }
    return true;
}

unsigned serialise_trailers_passed(const struct trailers *trailers)
{
    unsigned count = 0;
    for (unsigned i = 0; i < trailers->fields.count; i++) {
        count += is_good_trailer(&trailers->fields.items[i]);
    }
    return count;
}

void serialise_last_chunk(struct writer *writer, const struct trailers *trailers)
{
    writer_literal(writer, "0\r\n");
    for (unsigned i = 0; trailers != NULL && i < trailers->fields.count; i++) {
        if (is_good_trailer(&trailers->fields.items[i])) {
            put_field(writer, trailers->fields.items[i].name, trailers->fields.items[i].value);
        }
    }
    writer_literal(writer, "\r\n");
}
