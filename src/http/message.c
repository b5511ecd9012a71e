#include "verbgate/http/message.h"

#include "verbgate/http/connection.h"
#include "verbgate/http/framing.h"

#include <assert.h>
#include <llhttp.h>
#include <pthread.h>

#if LLHTTP_VERSION_MAJOR < 9 && !(defined(LLHTTP_STRICT_MODE) && LLHTTP_STRICT_MODE)
#error \
    "llhttp before 9.0 must be built with LLHTTP_STRICT_MODE=1: its lenient tables let much through"
#endif

_Static_assert(sizeof(llhttp_t) <= MESSAGE_PARSER_BYTES, "struct message has room for llhttp_t");

static llhttp_t *parser_of(struct message *message)
{
    return (llhttp_t *)(void *)message->parser;
}

/* The value that makes llhttp stop with an error; the fault says why. */
static int stop_with(struct message *message, enum http_fault fault)
{
    message->fault = fault;
    return -1;
}

static int on_name(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    if (message->name.length == 0) {
        message->name.data = at;
    }
    message->name.length += length;
    return 0;
}

/*
 * llhttp would now judge a Content-Length, Transfer-Encoding, Connection or Upgrade field by rules
 * that change with its version; those are decided in framing and connection alone. Without its note
 * of the field's meaning every field is an ordinary one. Were a later version to keep the note
 * elsewhere, it would refuse more messages, and never frame one: it is not fed behind the head.
 */
static int on_name_complete(llhttp_t *parser)
{
    struct message *message = parser->data;
    parser->header_state = 0;
    if (message->name.length == 0) {
        return stop_with(message, FAULT_FIELD_NAME); /* llhttp 8 lets ": value" pass */
    }
    message->value = slice_make(message->name.data + message->name.length, 0);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    if (message->value.length == 0) {
        message->value.data = at;
    } else if (at != message->value.data + message->value.length) {
        return stop_with(message, FAULT_FIELD_FOLDED); /* the next line of an obs-fold, llhttp 8 */
    }
    message->value.length += length;
    return 0;
}

/* A member that is not reset here is set before it is read again. */
static void forget_field(struct message *message)
{
    message->name.length = 0;
    message->value.data = NULL;
}

/* Whether the field just read is a line as nearly all are: it begins where the one before it ended, with
 * CRLF, and has one space behind the colon. The bytes between the parts are looked at, and llhttp finds
 * no name and no value beyond a line end. */
static bool is_usual_line(const struct message *message)
{
    const char *line = message->name.data;
    return line == message->next_line &&
           (line == message->section || memcmp(line - 2, "\r\n", 2) == 0) &&
           fields_is_usual_form(message->name, message->value);
}

static int on_value_complete(llhttp_t *parser)
{
    struct message *message = parser->data;
    message->next_line =
        is_usual_line(message) ? message->value.data + message->value.length + 2 : NULL;
    enum http_fault fault = fields_add(message->fields, message->name, slice_trim(message->value));
    forget_field(message);
    return fault == FAULT_NONE ? 0 : stop_with(message, fault);
}

/* Stopping here makes the end of the section exact, and keeps llhttp from starting on content. */
static int on_section_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

/* Appends to the text of the trailers, behind what `slice` (the field's name or value) has. */
static int copy_text(struct message *message, struct slice *slice, const char *at, size_t length)
{
    struct trailers *trailers = message->trailers;
    if (trailers != NULL) {
        if (length > sizeof trailers->text - trailers->used) {
            return stop_with(message, FAULT_TRAILERS_TOO_LARGE);
        }
        char *end = trailers->text + trailers->used;
        memcpy(end, at, length);
        if (slice->length == 0) {
            slice->data = end;
        }
        trailers->used += length;
    }
    slice->length += length; /* of dropped trailers too: an empty name is a fault */
    return 0;
}

static int on_trailer_name(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    return copy_text(message, &message->name, at, length);
}

static int on_trailer_name_complete(llhttp_t *parser)
{
    struct message *message = parser->data;
    parser->header_state = 0;
    if (message->name.length == 0) {
        return stop_with(message, FAULT_FIELD_NAME);
    }
    message->value = slice_make("", 0);
    return 0;
}

static int on_trailer_value(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    return copy_text(message, &message->value, at, length);
}

static int on_trailer_value_complete(llhttp_t *parser)
{
    struct message *message = parser->data;
    struct trailers *trailers = message->trailers;
    enum http_fault fault = FAULT_NONE;
    if (trailers != NULL) {
        fault = fields_add(&trailers->fields, message->name, slice_trim(message->value));
        fault = fault == FAULT_NONE ? FAULT_NONE : FAULT_TRAILERS_TOO_LARGE;
    }
    if (trailers != NULL && message->kind == MESSAGE_REQUEST && fault == FAULT_NONE) {
        fault = framing_twin(&trailers->fields);
    }
    forget_field(message);
    return fault == FAULT_NONE ? 0 : stop_with(message, fault);
}

/* The piece must be just the one that chunk_framing found. */
static int on_content(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    if (at != message->expected.data || length != message->expected.length) {
        return stop_with(message, FAULT_CHUNK_SYNTAX);
    }
    message->expected = slice_make(NULL, 0);
    if (at != message->content_end) {
        memmove(message->content_end, at, length);
    }
    message->content_end += length;
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t stand_in_settings;

static const llhttp_settings_t section_settings = {
    .on_header_field = on_name,
    .on_header_field_complete = on_name_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_section_complete,
};

static const llhttp_settings_t chunk_settings = {
    .on_header_field = on_trailer_name,
    .on_header_field_complete = on_trailer_name_complete,
    .on_header_value = on_trailer_value,
    .on_header_value_complete = on_trailer_value_complete,
    .on_body = on_content,
    .on_message_complete = on_complete,
};

/*
 * Parsers that have read their stand-in already: one stands in front of a field section, one in
 * front of chunks, whatever the received head says about connection and framing. A parser has no
 * pointer into itself, so a message starts with a copy of 96 bytes in place of a run through the
 * state machine. Written once, before first use.
 */
static struct {
    llhttp_t section, chunks;
} ready[2];
static pthread_once_t ready_once = PTHREAD_ONCE_INIT;

static void make_ready(llhttp_t *parser, llhttp_type_t type, struct slice stand_in,
                       const llhttp_settings_t *settings)
{
    llhttp_init(parser, type, &stand_in_settings);
    llhttp_errno_t error = llhttp_execute(parser, stand_in.data, stand_in.length);
    assert(error == HPE_OK);
    (void)error;
    /* llhttp has no call that changes the settings alone; a second parser has the right pointer. */
    llhttp_t donor;
    llhttp_init(&donor, type, settings);
    parser->settings = donor.settings;
}

#define CODING_LINES "Transfer-Encoding: chunked\r\n\r\n"

static void make_all_ready(void)
{
    make_ready(&ready[MESSAGE_REQUEST].section, HTTP_REQUEST, SLICE("POST / HTTP/1.1\r\n"),
               &section_settings);
    make_ready(&ready[MESSAGE_REQUEST].chunks, HTTP_REQUEST,
               SLICE("POST / HTTP/1.1\r\n" CODING_LINES), &chunk_settings);
    make_ready(&ready[MESSAGE_RESPONSE].section, HTTP_RESPONSE, SLICE("HTTP/1.1 200 OK\r\n"),
               &section_settings);
    make_ready(&ready[MESSAGE_RESPONSE].chunks, HTTP_RESPONSE,
               SLICE("HTTP/1.1 200 OK\r\n" CODING_LINES), &chunk_settings);
}

void message_start(struct message *message, enum message_kind kind, struct fields *fields,
                   struct trailers *trailers)
{
    pthread_once(&ready_once, make_all_ready);
    message->kind = kind;
    message->phase = MESSAGE_FIELDS;
    message->fault = FAULT_NONE;
    message->fields = fields;
    message->trailers = trailers;
    message->section = NULL;
    forget_field(message);
    memcpy(message->parser, &ready[kind].section, sizeof(llhttp_t));
}

static enum message_status fail(struct message *message, enum http_fault fault)
{
    message->fault = fault;
    return MESSAGE_BAD;
}

/* The fault that an error of llhttp in a field line stands for. */
static enum http_fault field_fault(const struct message *message, llhttp_errno_t error)
{
    switch (error) {
    case HPE_INVALID_HEADER_TOKEN:
        return message->value.data == NULL ? FAULT_FIELD_NAME : FAULT_FIELD_SYNTAX;
    case HPE_LF_EXPECTED:
    case HPE_CR_EXPECTED:
    case HPE_STRICT:
        return FAULT_FIELD_LINE_END;
    default:
        return FAULT_PARSER;
    }
}

static enum http_fault check_section(const struct message *message, const char *end)
{
    return fields_check_lines(message->section, (size_t)(end - message->section));
}

/* Whether each line was a usual one, and the empty line is where it ought to be: in such a section
 * fields_check_lines would find nothing. */
static bool is_usual_section(const struct message *message, const char *end)
{
    const char *line = message->next_line;
    return line != NULL && end == line + 2 && line != message->section &&
           memcmp(line - 2, "\r\n\r\n", 4) == 0;
}

/* The fault behind an error of llhttp, or a stop of our own, in the field section. */
static enum http_fault section_fault(struct message *message, llhttp_errno_t error, const char *end)
{
    bool is_own = message->fault != FAULT_NONE;
    const char *stop = llhttp_get_error_pos(parser_of(message));
    /* The line check goes first: what it finds has one name under every version of llhttp. A stop
     * of our own is behind the last byte that matters, an error of llhttp is on it. */
    enum http_fault fault = check_section(message, stop < end && !is_own ? stop + 1 : stop);
    if (fault != FAULT_NONE) {
        return fault;
    }
    return is_own ? message->fault : field_fault(message, error);
}

enum message_status message_read_fields(struct message *message, const char *data, size_t length,
                                        size_t *used)
{
    assert(message->phase == MESSAGE_FIELDS);
    llhttp_t *parser = parser_of(message);
    parser->data = message;
    if (message->section == NULL) {
        message->section = message->next_line = data;
    }
    llhttp_errno_t error = llhttp_execute(parser, data, length);
    if (error == HPE_OK) {
        *used = length;
        return MESSAGE_MORE;
    }
    if (UNLIKELY(error != HPE_PAUSED)) {
        return fail(message, section_fault(message, error, data + length));
    }
    const char *end = llhttp_get_error_pos(parser);
    enum http_fault fault =
        LIKELY(is_usual_section(message, end)) ? FAULT_NONE : check_section(message, end);
    if (UNLIKELY(fault != FAULT_NONE)) {
        return fail(message, fault);
    }
    message->phase = MESSAGE_FIELDS_END;
    *used = (size_t)(end - data);
    return MESSAGE_DONE;
}

static void start_chunks(struct message *message)
{
    message->phase = MESSAGE_CONTENT;
    struct trailers *trailers = message->trailers;
    if (trailers != NULL) {
        fields_init(&trailers->fields, trailers->items, MESSAGE_TRAILERS_MAX);
        trailers->used = 0;
    }
    chunk_framing_start(&message->chunk_framing, message->kind == MESSAGE_RESPONSE);
    memcpy(message->parser, &ready[message->kind].chunks, sizeof(llhttp_t));
}

/* The fault behind an error of llhttp, or a stop of our own, in chunked content. */
static enum http_fault chunk_fault(const struct message *message, llhttp_errno_t error)
{
    if (message->fault != FAULT_NONE) {
        return message->fault;
    }
    return chunk_framing_is_trailer(&message->chunk_framing) ? field_fault(message, error)
                                                             : FAULT_CHUNK_SYNTAX;
}

/* Gives llhttp its part of a run, of which the last `content` bytes are content. It must find just
 * that, and the end of the message where chunk_framing found it and nowhere else. */
static enum http_fault decode_run(struct message *message, const char *data, size_t framing,
                                  size_t content)
{
    llhttp_t *parser = parser_of(message);
    message->expected = slice_make(data + framing, content);
    llhttp_errno_t error = llhttp_execute(parser, data, framing + content);
    bool is_end = error == HPE_PAUSED;
    if (error != HPE_OK && !is_end) {
        return chunk_fault(message, error);
    }
    bool is_agreed = message->expected.length == 0 &&
                     is_end == (message->chunk_framing.state == CHUNK_COMPLETE) &&
                     (!is_end || llhttp_get_error_pos(parser) == data + framing + content);
    return is_agreed ? FAULT_NONE : FAULT_CHUNK_SYNTAX;
}

/* Reads up to the end of the bytes or of the message, and sets *used to where that was. */
static enum http_fault read_runs(struct message *message, char *data, size_t length, size_t *used)
{
    size_t at = 0;
    while (at < length && message->chunk_framing.state != CHUNK_COMPLETE) {
        struct chunk_run run;
        enum http_fault fault =
            chunk_framing_next(&message->chunk_framing, data + at, length - at, &run);
        at += run.extension;
        /* The run ends in front of a fault, so what llhttp finds in the run came first. */
        enum http_fault found = decode_run(message, data + at, run.framing, run.content);
        at += run.framing + run.content;
        if (found != FAULT_NONE || fault != FAULT_NONE) {
            return found != FAULT_NONE ? found : fault;
        }
    }
    *used = at;
    return FAULT_NONE;
}

/* RFC 9110 section 7.6.1: Connection names trailer fields too. */
static void end_content(struct message *message)
{
    message->phase = MESSAGE_COMPLETE;
    if (message->trailers != NULL) {
        connection_nominate_trailers(message->fields, &message->trailers->fields);
    }
}

enum message_status message_read_chunks(struct message *message, char *data, size_t length,
                                        size_t *used, struct slice *content)
{
    if (message->phase == MESSAGE_FIELDS_END) {
        start_chunks(message);
    }
    assert(message->phase == MESSAGE_CONTENT);
    parser_of(message)->data = message;
    message->content_end = data;
    enum http_fault fault = read_runs(message, data, length, used);
    if (fault != FAULT_NONE) {
        return fail(message, fault);
    }
    *content = slice_make(data, (size_t)(message->content_end - data));
    if (message->chunk_framing.state == CHUNK_COMPLETE) {
        end_content(message);
        return MESSAGE_DONE;
    }
    return MESSAGE_MORE;
}

enum http_fault message_fault(const struct message *message)
{
    return message->fault;
}

#define TEXT(number)  #number
#define DIGITS(macro) TEXT(macro)

const char *message_parser_version(void)
{
    return DIGITS(LLHTTP_VERSION_MAJOR) "." DIGITS(LLHTTP_VERSION_MINOR) "." DIGITS(
        LLHTTP_VERSION_PATCH);
}
