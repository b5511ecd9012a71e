#include "verbgate/server/access_line.h"

/* What of a client's text is shown at most, in bytes as received. */
enum { TARGET_SHOWN = 2048, TEXT_SHOWN = 512 };

static const char hex_digits[] = "0123456789abcdef";

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* \" and \\ for themselves; bytes outside printable ASCII as `prefix` and two hexadecimal digits. */
static void write_escaped(struct writer *writer, struct slice text, size_t most,
                          struct slice prefix)
{
    size_t length = text.length < most ? text.length : most;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_plain(c)) {
            writer_byte(writer, (char)c);
        } else if (c == '"' || c == '\\') {
            writer_byte(writer, '\\');
            writer_byte(writer, (char)c);
        } else {
            char digits[] = {hex_digits[c >> 4], hex_digits[c & 15]};
            writer_put(writer, prefix);
            writer_put(writer, slice_make(digits, sizeof digits));
        }
    }
    if (length < text.length) {
        writer_literal(writer, "...");
    }
}

/* Like Apache: \xHH. */
static void write_common_text(struct writer *writer, struct slice text, size_t most)
{
    write_escaped(writer, text, most, SLICE("\\x"));
}

static void write_request_line(struct writer *writer, const struct record *record)
{
    if (record->method.length == 0) {
        writer_literal(writer, "\"-\"");
        return;
    }
    writer_byte(writer, '"');
    write_common_text(writer, record->method, TEXT_SHOWN);
    writer_byte(writer, ' ');
    write_common_text(writer, record->target, TARGET_SHOWN);
    writer_literal(writer, " HTTP/");
    writer_number(writer, record->version_major);
    writer_byte(writer, '.');
    writer_number(writer, record->version_minor);
    writer_byte(writer, '"');
}

static void write_common(struct writer *writer, const struct record *record)
{
    writer_put(writer, record->client_ip);
    writer_literal(writer, " - - [");
    writer_put(writer, slice_make(record->clock->log_stamp, CLOCK_LOG_BYTES));
    writer_literal(writer, "] ");
    write_request_line(writer, record);
    writer_byte(writer, ' ');
    writer_number(writer, record->status);
    writer_byte(writer, ' ');
    writer_number(writer, record->sent_bytes);
    writer_byte(writer, '\n');
}

/* \u00HH: the line stays valid JSON, and no byte is lost. */
static void write_json_text(struct writer *writer, struct slice text, size_t most)
{
    write_escaped(writer, text, most, SLICE("\\u00"));
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
    write_json_text(writer, value, TEXT_SHOWN);
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
    if (record->method.length > 0) {
        json_text(writer, "method", record->method);
        writer_literal(writer, ",\"target\":\"");
        write_json_text(writer, record->target, TARGET_SHOWN);
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
    writer_literal(writer, "}\n");
}

void access_line_write(struct writer *writer, enum access_log_format format,
                       const struct record *record)
{
    switch (format) {
    case ACCESS_LOG_COMMON:
        write_common(writer, record);
        break;
    case ACCESS_LOG_JSON:
        write_json(writer, record);
        break;
    }
}
