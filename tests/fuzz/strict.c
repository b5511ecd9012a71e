#include "strict.h"

#include <strings.h>

struct cursor {
    const char *at;
    const char *end;
    const char *problem;
};

static bool fail(struct cursor *cursor, const char *problem)
{
    if (cursor->problem == NULL) {
        cursor->problem = problem;
    }
    return false;
}

/* Takes a line without its CRLF. No other CR or LF, and no control byte, may be in it. */
static bool take_line(struct cursor *cursor, struct slice *line)
{
    for (const char *c = cursor->at; c < cursor->end; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '\r') {
            if (c + 1 == cursor->end || c[1] != '\n') {
                return fail(cursor, "a CR without LF");
            }
            *line = slice_make(cursor->at, (size_t)(c - cursor->at));
            cursor->at = c + 2;
            return true;
        }
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return fail(cursor, "a control byte in a line");
        }
    }
    return fail(cursor, "a line without an end");
}

static bool is_token_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!is_token_byte(text.data[i])) {
            return false;
        }
    }
    return text.length > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice trim(struct slice text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text = slice_make(text.data + 1, text.length - 1);
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1])) {
        text.length--;
    }
    return text;
}

/* Cuts `text` at the first `byte`; *rest is what follows it. False when there is none. */
static bool cut(struct slice *text, char byte, struct slice *rest)
{
    const char *found = text->length == 0 ? NULL : memchr(text->data, byte, text->length);
    if (found == NULL) {
        return false;
    }
    size_t at = (size_t)(found - text->data);
    *rest = slice_make(found + 1, text->length - at - 1);
    text->length = at;
    return true;
}

static bool is_digits(struct slice text, unsigned most)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.length > 0 && text.length <= most;
}

bool strict_is_name(struct slice name, const char *wanted)
{
    return name.length == strlen(wanted) && strncasecmp(name.data, wanted, name.length) == 0;
}

static char folded(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
}

bool strict_is_folded(struct slice name, const char *wanted)
{
    size_t i = 0;
    while (i < name.length && wanted[i] != '\0' && folded(name.data[i]) == folded(wanted[i])) {
        i++;
    }
    return i == name.length && wanted[i] == '\0';
}

/* Whether a field's name is another than that of a framing field, but folds into it. */
static bool is_twin(struct slice name)
{
    static const char *const framing[] = {"content-length", "transfer-encoding"};
    for (unsigned i = 0; i < 2; i++) {
        if (is_token(name) && strict_is_folded(name, framing[i]) &&
            !strict_is_name(name, framing[i])) {
            return true;
        }
    }
    return false;
}

/* No recipient may find another framing than this reader does. */
static void refuse_twins(struct cursor *cursor, const struct strict_fields *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        if (is_twin(fields->items[i].name)) {
            fail(cursor, "a twin of a framing field");
        }
    }
}

unsigned strict_count(const struct strict_fields *fields, const char *name)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fields->count; i++) {
        count += strict_is_name(fields->items[i].name, name);
    }
    return count;
}

bool strict_field_equal(const struct strict_field *a, const struct strict_field *b)
{
    return slice_equal(a->name, b->name) && slice_equal(a->value, b->value);
}

/* RFC 9112 section 5, up to and with the empty line. */
static bool read_fields(struct cursor *cursor, struct strict_fields *fields)
{
    struct slice line;
    while (take_line(cursor, &line)) {
        struct slice value;
        if (line.length == 0) {
            return true;
        }
        if (fields->count == STRICT_FIELDS_MAX) {
            return fail(cursor, "too many fields");
        }
        /* A fold, an empty name and a blank before the colon all make a name that is no token. */
        if (!cut(&line, ':', &value) || !is_token(line)) {
            return fail(cursor, "a field line without a name");
        }
        fields->items[fields->count++] = (struct strict_field){line, trim(value)};
    }
    return false;
}

static const struct strict_field *find(const struct strict_fields *fields, const char *name)
{
    for (unsigned i = 0; i < fields->count; i++) {
        if (strict_is_name(fields->items[i].name, name)) {
            return &fields->items[i];
        }
    }
    return NULL;
}

static bool take_content(struct cursor *cursor, size_t length, struct strict_message *message)
{
    if (length > (size_t)(cursor->end - cursor->at)) {
        return fail(cursor, "less content than was said");
    }
    if (length > sizeof message->content - message->content_length) {
        return fail(cursor, "too much content");
    }
    memcpy(message->content + message->content_length, cursor->at, length);
    message->content_length += length;
    cursor->at += length;
    return true;
}

static bool read_size(struct cursor *cursor, struct slice digits, size_t *size)
{
    *size = 0;
    for (size_t i = 0; i < digits.length; i++) {
        const char *all = "0123456789abcdef";
        char lower = digits.data[i];
        lower = lower >= 'A' && lower <= 'F' ? (char)(lower - 'A' + 'a') : lower;
        const char *found = lower == '\0' ? NULL : strchr(all, lower);
        if (found == NULL || *size > SIZE_MAX / 16 - 15) {
            return fail(cursor, "a chunk size that is none");
        }
        *size = *size * 16 + (size_t)(found - all);
    }
    return digits.length > 0 || fail(cursor, "a chunk without a size");
}

/* RFC 9112 section 7.1. */
static bool read_chunks(struct cursor *cursor, enum strict_view view,
                        struct strict_message *message)
{
    struct slice line;
    while (take_line(cursor, &line)) {
        struct slice extensions;
        size_t size;
        bool has_extensions = view == STRICT_RECEIVED && cut(&line, ';', &extensions);
        bool may_pad = view == STRICT_RECEIVED && message->status != 0; /* a response's size */
        if (has_extensions || may_pad) {
            line = trim(line); /* BWS (section 7.1.1) */
        }
        if (!read_size(cursor, line, &size)) {
            return false;
        }
        if (size == 0) {
            return read_fields(cursor, &message->trailers);
        }
        if (!take_content(cursor, size, message) || !take_line(cursor, &line)) {
            return false;
        }
        if (line.length > 0) {
            return fail(cursor, "a chunk longer than its size");
        }
    }
    return false;
}

/* RFC 9112 section 6: at most one framing field, in its one good form. */
static bool read_framing(struct cursor *cursor, struct strict_message *message, size_t *length)
{
    const struct strict_field *field = find(&message->fields, "content-length");
    unsigned lengths = strict_count(&message->fields, "content-length");
    unsigned codings = strict_count(&message->fields, "transfer-encoding");
    *length = 0;
    if (lengths + codings > 1) {
        return fail(cursor, "more than one framing field");
    }
    message->is_chunked = codings == 1;
    message->has_length = lengths == 1;
    if (message->has_length) {
        if (!is_digits(field->value, 18)) {
            return fail(cursor, "a Content-Length that is no number");
        }
        for (size_t i = 0; i < field->value.length; i++) {
            *length = *length * 10 + (size_t)(field->value.data[i] - '0');
        }
    }
    field = find(&message->fields, "transfer-encoding");
    if (message->is_chunked && (!strict_is_name(field->value, "chunked") || message->minor == 0)) {
        return fail(cursor, "a Transfer-Encoding that is not chunked");
    }
    return true;
}

static bool read_content(struct cursor *cursor, enum strict_view view,
                         struct strict_message *message)
{
    size_t length;
    if (!read_framing(cursor, message, &length)) {
        return false;
    }
    return message->is_chunked ? read_chunks(cursor, view, message)
                               : take_content(cursor, length, message);
}

static bool is_target(struct slice target, enum strict_view view)
{
    for (size_t i = 0; i < target.length; i++) {
        if (target.data[i] <= 0x20 || target.data[i] >= 0x7f || target.data[i] == '#') {
            return false;
        }
    }
    return target.length > 0 && (view == STRICT_RECEIVED || target.data[0] == '/' ||
                                 (target.data[0] == '*' && target.length == 1));
}

/* "HTTP/1." and a digit. */
static bool read_version(struct cursor *cursor, struct slice text, enum strict_view view,
                         struct strict_message *message)
{
    if (text.length != 8 || memcmp(text.data, "HTTP/1.", 7) != 0 ||
        !is_digits(slice_make(text.data + 7, 1), 1)) {
        return fail(cursor, "a version that is not HTTP/1.x");
    }
    message->minor = (unsigned)(text.data[7] - '0');
    return message->minor == 1 || view == STRICT_RECEIVED || fail(cursor, "not HTTP/1.1");
}

/* RFC 9112 section 3. */
static bool read_request_line(struct cursor *cursor, enum strict_view view,
                              struct strict_message *message)
{
    struct slice line;
    struct slice version;
    while (take_line(cursor, &line)) {
        if (line.length == 0 && view == STRICT_RECEIVED) {
            continue;
        }
        if (!cut(&line, ' ', &message->target) || !cut(&message->target, ' ', &version)) {
            return fail(cursor, "a request line without three parts");
        }
        message->method = line;
        if (!is_token(line) || !is_target(message->target, view)) {
            return fail(cursor, "a method or target with a wrong byte");
        }
        return read_version(cursor, version, view, message);
    }
    return false;
}

static bool finish(struct cursor *cursor, struct strict_message *message)
{
    if (cursor->problem == NULL && cursor->at != cursor->end) {
        fail(cursor, "bytes behind the message");
    }
    message->problem = cursor->problem;
    return message->problem == NULL;
}

static void start(struct strict_message *message)
{
    message->problem = NULL;
    message->fields.count = message->trailers.count = 0;
    message->is_chunked = message->has_length = false;
    message->content_length = 0;
}

bool strict_read_request(struct slice bytes, enum strict_view view, struct strict_message *message)
{
    struct cursor cursor = {bytes.data, bytes.data + bytes.length, NULL};
    start(message);
    if (read_request_line(&cursor, view, message) && read_fields(&cursor, &message->fields)) {
        unsigned hosts = strict_count(&message->fields, "host");
        if (hosts > 1 || (hosts == 0 && message->minor > 0)) {
            fail(&cursor, "not exactly one Host");
        }
        (void)read_content(&cursor, view, message);
        refuse_twins(&cursor, &message->fields);
        refuse_twins(&cursor, &message->trailers);
    }
    return finish(&cursor, message);
}

/* RFC 9112 section 4; the space in front of an empty reason may be missing in what is received. */
static bool read_status_line(struct cursor *cursor, enum strict_view view,
                             struct strict_message *message)
{
    struct slice line;
    struct slice code;
    if (!take_line(cursor, &line)) {
        return false;
    }
    if (!cut(&line, ' ', &code)) {
        return fail(cursor, "a status line without a code");
    }
    message->reason = slice_make("", 0);
    if (!cut(&code, ' ', &message->reason) && view == STRICT_WRITTEN) {
        return fail(cursor, "a status line without a second space");
    }
    if (code.length != 3 || !is_digits(code, 3) || code.data[0] < '1' || code.data[0] > '5') {
        return fail(cursor, "a status that is none");
    }
    message->status = (unsigned)(code.data[0] - '0') * 100 + (unsigned)(code.data[1] - '0') * 10 +
                      (unsigned)(code.data[2] - '0');
    return read_version(cursor, line, view, message);
}

bool strict_read_response(struct slice bytes, enum strict_view view, bool has_content,
                          struct strict_message *message)
{
    struct cursor cursor = {bytes.data, bytes.data + bytes.length, NULL};
    start(message);
    if (read_status_line(&cursor, view, message) && read_fields(&cursor, &message->fields) &&
        has_content) {
        bool is_framed = strict_count(&message->fields, "content-length") > 0 ||
                         strict_count(&message->fields, "transfer-encoding") > 0;
        if (is_framed) {
            (void)read_content(&cursor, view, message);
        } else {
            (void)take_content(&cursor, (size_t)(cursor.end - cursor.at), message);
        }
    }
    if (view == STRICT_WRITTEN) {
        refuse_twins(&cursor, &message->fields);
        refuse_twins(&cursor, &message->trailers);
    }
    return finish(&cursor, message);
}

static bool is_among(struct slice name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strict_is_name(name, *names)) {
            return true;
        }
    }
    return false;
}

/* Whether the name is the family's, or goes on behind it with a '-'. */
static bool is_member(struct slice name, const char *family)
{
    size_t length = strlen(family);
    return name.length >= length && strncasecmp(name.data, family, length) == 0 &&
           (name.length == length || name.data[length] == '-');
}

/* The elements of Connection are tokens, or the message was refused: a comma always separates. */
static bool is_nominated(const struct strict_fields *fields, struct slice name)
{
    for (unsigned i = 0; i < fields->count; i++) {
        struct slice rest = fields->items[i].value;
        bool has_more = strict_is_name(fields->items[i].name, "connection");
        while (has_more) {
            struct slice option = rest;
            has_more = cut(&option, ',', &rest);
            option = trim(option);
            if (option.length > 0 && option.length == name.length &&
                strncasecmp(option.data, name.data, name.length) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool strict_is_hop_by_hop(const struct strict_fields *fields, const struct strict_field *field)
{
    static const char *const by_name[] = {
        "connection", "http2-settings",    "keep-alive", "proxy-connection",
        "te",         "transfer-encoding", "upgrade",    NULL,
    };
    static const char *const kept[] = {
        "authorization",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "max-forwards",
        "set-cookie",
        "traceparent",
        "tracestate",
        "via",
        "x-real-ip",
        "x-request-id",
        NULL,
    };
    bool is_kept = is_among(field->name, kept) || is_member(field->name, "client-cert") ||
                   is_member(field->name, "x-forwarded");
    return is_among(field->name, by_name) || is_twin(field->name) ||
           (!is_kept && is_nominated(fields, field->name));
}
