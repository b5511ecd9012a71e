#include "log_lines.h"

#include "identity.h"
#include "record.h"

#include "verbgate/http/reply.h"

#include <string.h>

enum { TARGET_SHOWN = 200 };

/* " (connection 12, from 192.0.2.7, request 4bf9...)" */
static void write_origin(struct writer *writer, struct exchange *exchange)
{
    struct slice id = identity_request_id(exchange);
    writer_literal(writer, " (connection ");
    writer_number(writer, exchange->client->number);
    writer_literal(writer, ", from ");
    writer_put(writer, client_peer_ip(exchange->client));
    if (id.length > 0) {
        writer_literal(writer, ", request ");
        reply_write_shown(writer, id, TARGET_SHOWN);
    }
    writer_literal(writer, ")");
}

void log_lines_failure(struct exchange *exchange, enum close_reason reason)
{
    if (!reason_is_error(reason) || !context_may_log(exchange->context)) {
        return;
    }
    char shown[768];
    struct writer writer = writer_make(shown, sizeof shown);
    reply_write_shown(&writer, exchange->line.target, TARGET_SHOWN);
    write_origin(&writer, exchange);
    struct slice name =
        exchange->verdict.upstream == NULL ? SLICE("-") : exchange->verdict.upstream->name;
    bool has_fault = exchange->fault != FAULT_NONE;
    log_warn("upstream %.*s (%.*s): %s%s%s, for %.*s %.*s", SLICE_PRINT(name),
             SLICE_PRINT(record_server_text(exchange)), reason_text(reason), has_fault ? ": " : "",
             has_fault ? fault_sentence(exchange->fault) : "", SLICE_PRINT(exchange->line.method),
             SLICE_PRINT(writer_slice(&writer)));
}

void log_lines_reported(struct exchange *exchange)
{
    counter_increment(&exchange->context->counters.reported);
    if (!context_may_log(exchange->context)) {
        return;
    }
    char text[VERDICT_SENTENCE_MAX + 1536];
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_sentence(&writer, exchange->snapshot->policy, &exchange->verdict,
                           &exchange->facts.request);
    writer_literal(&writer, " [");
    verdict_write_reported(&writer, &exchange->verdict);
    writer_literal(&writer, "], for ");
    reply_write_shown(&writer, exchange->line.target, TARGET_SHOWN);
    write_origin(&writer, exchange);
    log_info("report-only: %.*s", SLICE_PRINT(writer_slice(&writer)));
}

void log_lines_no_storage(struct exchange *exchange, int error)
{
    if (!context_may_log(exchange->context)) {
        return;
    }
    char text[512];
    struct writer writer = writer_make(text, sizeof text);
    write_origin(&writer, exchange);
    log_warn("cannot keep a request's content in %s: %s%.*s",
             exchange_settings(exchange)->buffer_directory, strerror(error),
             SLICE_PRINT(writer_slice(&writer)));
}
