#include "verbgate/telemetry/access_line.h"

#include "access_text.h"

/* \u00HH: the line stays valid JSON, and no byte is lost. */
static void write_json_text(struct writer *writer, struct slice text, size_t most)
{
    access_text_write(writer, text, most, SLICE("\\u00"));
}

static void write_json_key(struct writer *writer, const char *key)
{
    writer_literal(writer, ",\"");
    writer_string(writer, key);
    writer_literal(writer, "\":");
}

static void json_text(struct writer *writer, const char *key, struct slice value)
{
    write_json_key(writer, key);
    writer_byte(writer, '"');
    write_json_text(writer, value, ACCESS_TEXT_SHOWN);
    writer_byte(writer, '"');
}

static void json_number(struct writer *writer, const char *key, uint64_t value)
{
    write_json_key(writer, key);
    writer_number(writer, value);
}

static void json_verdict(struct writer *writer, const struct verdict *verdict)
{
    json_text(writer, "rule", slice_of(verdict_rule_name(verdict->rule)));
    json_text(writer, "decision", slice_of(access_text_decision(verdict)));
    if (verdict->upstream != NULL) {
        json_text(writer, "upstream", verdict->upstream->name);
    }
    if (verdict->route != NULL) {
        json_text(writer, "route", verdict->route->name);
    }
    if (verdict->is_reported) {
        json_number(writer, "would_be", verdict->reported.status);
        json_text(writer, "would_be_rule", slice_of(verdict_rule_name(verdict->reported.rule)));
    }
}

static void json_version(struct writer *writer, const struct record *record)
{
    char text[] = {(char)('0' + record->version_major), '.', (char)('0' + record->version_minor)};
    json_text(writer, "version", slice_make(text, sizeof text));
}

static void write_json(struct writer *writer, const struct record *record)
{
    writer_literal(writer, "{\"time\":\"");
    writer_put(writer, slice_make(record->clock->iso_stamp, CLOCK_ISO_BYTES));
    writer_byte(writer, '"');
    json_text(writer, "client", record->client_ip);
    json_text(writer, "peer", record->peer_ip);
    if (record->method.length > 0) {
        json_text(writer, "method", record->method);
        writer_literal(writer, ",\"target\":\"");
        write_json_text(writer, record->target, ACCESS_TARGET_SHOWN);
        writer_byte(writer, '"');
        json_version(writer, record);
    }
    json_text(writer, "host", record->host);
    json_number(writer, "status", record->status);
    json_text(writer, "answered_by", record->is_local ? SLICE("gateway") : SLICE("upstream"));
    if (record->verdict != NULL) {
        json_verdict(writer, record->verdict);
    }
    if (record->server.length > 0) {
        json_text(writer, "server", record->server);
    }
    json_text(writer, "end", slice_of(reason_name(record->reason)));
    if (record->fault != FAULT_NONE) {
        json_text(writer, "fault", slice_of(fault_sentence(record->fault)));
    }
    json_number(writer, "received_bytes", record->received_bytes);
    json_number(writer, "sent_bytes", record->sent_bytes);
    json_number(writer, "first_byte_us", record->first_byte_us);
    json_number(writer, "duration_us", record->duration_us);
    json_text(writer, "referer", record->referer);
    json_text(writer, "user_agent", record->user_agent);
    if (record->request_id.length > 0) {
        json_text(writer, "request_id", record->request_id);
    }
    if (record->trace_id.length > 0) {
        json_text(writer, "trace_id", record->trace_id);
    }
    json_number(writer, "generation", record->policy->generation);
    writer_literal(writer, "}\n");
}

void access_line_write(struct writer *writer, const struct access_format *format,
                       const struct record *record)
{
    if (format->count == 0) {
        write_json(writer, record);
    } else {
        access_pieces_write(writer, format, record);
    }
}
