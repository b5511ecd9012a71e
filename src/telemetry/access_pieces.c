/* Lines of the access log that are made of texts and variables. */
#include "access_text.h"

/* Like Apache: \xHH, and "-" for what is not there. */
static void put_text(struct writer *writer, struct slice text, size_t most)
{
    if (text.length == 0) {
        writer_byte(writer, '-');
    } else {
        access_text_write(writer, text, most, SLICE("\\x"));
    }
}

static void put_version(struct writer *writer, const struct record *record)
{
    writer_number(writer, record->version_major);
    writer_byte(writer, '.');
    writer_number(writer, record->version_minor);
}

static void put_request(struct writer *writer, const struct record *record)
{
    put_text(writer, record->method, ACCESS_TEXT_SHOWN);
    writer_byte(writer, ' ');
    put_text(writer, record->target, ACCESS_TARGET_SHOWN);
    writer_literal(writer, " HTTP/");
    put_version(writer, record);
}

/* What is known of a request from its first line; nothing of it without one. */
static void put_of_line(struct writer *writer, enum access_variable variable,
                        const struct record *record)
{
    if (record->method.length == 0) {
        writer_byte(writer, '-');
    } else if (variable == ACCESS_REQUEST) {
        put_request(writer, record);
    } else if (variable == ACCESS_VERSION) {
        put_version(writer, record);
    } else if (variable == ACCESS_TARGET) {
        put_text(writer, record->target, ACCESS_TARGET_SHOWN);
    } else {
        put_text(writer, record->method, ACCESS_TEXT_SHOWN);
    }
}

/* What the policy said; nothing of it when it was not asked. */
static struct slice text_of_verdict(enum access_variable variable, const struct verdict *verdict)
{
    struct slice none = {NULL, 0};
    if (verdict == NULL) {
        return none;
    }
    switch (variable) {
    case ACCESS_RULE:
        return slice_of(verdict_rule_name(verdict->rule));
    case ACCESS_DECISION:
        return slice_of(access_text_decision(verdict));
    case ACCESS_UPSTREAM:
        return verdict->upstream != NULL ? verdict->upstream->name : none;
    default:
        return verdict->route != NULL ? verdict->route->name : none;
    }
}

static struct slice text_of(enum access_variable variable, const struct record *record)
{
    switch (variable) {
    case ACCESS_CLIENT:
        return record->client_ip;
    case ACCESS_PEER:
        return record->peer_ip;
    case ACCESS_TIME:
        return slice_make(record->clock->log_stamp, CLOCK_LOG_BYTES);
    case ACCESS_TIME_ISO:
        return slice_make(record->clock->iso_stamp, CLOCK_ISO_BYTES);
    case ACCESS_HOST:
        return record->host;
    case ACCESS_ANSWERED_BY:
        return record->is_local ? SLICE("gateway") : SLICE("upstream");
    case ACCESS_SERVER:
        return record->server;
    case ACCESS_END:
        return slice_of(reason_name(record->reason));
    case ACCESS_FAULT:
        return slice_of(record->fault != FAULT_NONE ? fault_sentence(record->fault) : NULL);
    case ACCESS_REFERER:
        return record->referer;
    case ACCESS_USER_AGENT:
        return record->user_agent;
    case ACCESS_REQUEST_ID:
        return record->request_id;
    case ACCESS_TRACE_ID:
        return record->trace_id;
    default:
        return text_of_verdict(variable, record->verdict);
    }
}

static void put_variable(struct writer *writer, enum access_variable variable,
                         const struct record *record)
{
    switch (variable) {
    case ACCESS_REQUEST:
    case ACCESS_METHOD:
    case ACCESS_TARGET:
    case ACCESS_VERSION:
        put_of_line(writer, variable, record);
        break;
    case ACCESS_STATUS:
        writer_number(writer, record->status);
        break;
    case ACCESS_RECEIVED_BYTES:
        writer_number(writer, record->received_bytes);
        break;
    case ACCESS_SENT_BYTES:
        writer_number(writer, record->sent_bytes);
        break;
    case ACCESS_FIRST_BYTE_US:
        writer_number(writer, record->first_byte_us);
        break;
    case ACCESS_DURATION_US:
        writer_number(writer, record->duration_us);
        break;
    case ACCESS_GENERATION:
        writer_number(writer, record->policy->generation);
        break;
    default:
        put_text(writer, text_of(variable, record), ACCESS_TEXT_SHOWN);
        break;
    }
}

/* A format may have a long variable many times over: the line has its bound all the same. */
void access_pieces_write(struct writer *writer, const struct access_format *format,
                         const struct record *record)
{
    static const struct slice cut = {"...", 3};
    size_t room = writer->capacity - writer->length;
    size_t most = room < ACCESS_LINE_MAX ? room : ACCESS_LINE_MAX;
    if (most <= cut.length + 1) {
        writer->overflow = true;
        return;
    }
    struct writer line = writer_make(writer->data + writer->length, most - cut.length - 1);
    for (unsigned i = 0; i < format->count && !line.overflow; i++) {
        if (format->pieces[i].variable == ACCESS_TEXT) {
            writer_put(&line, format->pieces[i].text);
        } else {
            put_variable(&line, format->pieces[i].variable, record);
        }
    }
    if (line.overflow && room < ACCESS_LINE_MAX) {
        writer->overflow = true;
        return;
    }
    writer->length += line.length;
    if (line.overflow) {
        writer_put(writer, cut);
    }
    writer_byte(writer, '\n');
}
