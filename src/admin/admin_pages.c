/* What the admin and the health listener show. */
#include "admin_steps.h"

#include "verbgate/policy/matrix.h"
#include "verbgate/telemetry/metrics.h"

static const char text_type[] = "text/plain; charset=utf-8";
static const char html_type[] = "text/html; charset=utf-8";
static const char json_type[] = "application/json";
static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

static unsigned write_metrics(struct writer *writer, const struct gateway_status *status)
{
    return metrics_write(writer, status) ? 200 : 503;
}

/* The control thread answers, so the process lives and is not stuck. */
static unsigned write_health(struct writer *writer, const struct gateway_status *status)
{
    (void)status;
    writer_literal(writer, "ok\n");
    return 200;
}

static unsigned write_readiness(struct writer *writer, const struct gateway_status *status)
{
    if (status->is_draining) {
        writer_literal(writer, "draining\n");
        return 503;
    }
    if (!status->is_ready) {
        writer_literal(writer, "starting\n");
        return 503;
    }
    writer_literal(writer, "ready\n");
    return 200;
}

/* RFC 8259 section 7. Bytes outside ASCII pass: paths and messages are UTF-8 or what the system made
 * of it. */
static void put_string(struct writer *writer, struct slice text)
{
    writer_byte(writer, '"');
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\') {
            writer_byte(writer, '\\');
            writer_byte(writer, text.data[i]);
        } else if (byte < 0x20) {
            writer_format(writer, "\\u%04x", byte);
        } else {
            writer_byte(writer, text.data[i]);
        }
    }
    writer_byte(writer, '"');
}

static void put_time(struct writer *writer, time_t when)
{
    struct clock clock;
    if (when == 0) {
        writer_literal(writer, "null");
        return;
    }
    clock_init(&clock);
    clock_set(&clock, when);
    put_string(writer, slice_of(clock.iso_stamp));
}

static bool put_piece(void *context, struct slice piece)
{
    struct writer *writer = context;
    writer_put(writer, piece);
    return !writer->overflow;
}

/* A matrix beyond the size of a page leaves the writer overflown. */
static void put_matrix(struct writer *writer, const struct policy *policy,
                       enum matrix_format format)
{
    struct sink sink = {.put = put_piece, .context = writer};
    writer->overflow |= !matrix_write(policy, format, &sink);
}

static unsigned write_matrix_page(struct writer *writer, const struct gateway_status *status)
{
    put_matrix(writer, status->policy, MATRIX_HTML);
    return 200;
}

static unsigned write_policy(struct writer *writer, const struct gateway_status *status)
{
    writer_literal(writer, "{\"file\":");
    put_string(writer, slice_of(status->file));
    writer_literal(writer, ",\"generation\":");
    writer_number(writer, status->policy->generation);
    writer_literal(writer, ",\"loaded\":");
    put_time(writer, status->loaded_at);
    writer_literal(writer, ",\"last_reload\":");
    if (status->reloads.last_at == 0) {
        writer_literal(writer, "null,\"matrix\":");
        put_matrix(writer, status->policy, MATRIX_JSON);
        writer_literal(writer, "}\n");
        return 200;
    }
    writer_literal(writer, "{\"result\":");
    put_string(writer, status->reloads.last_succeeded ? SLICE("ok") : SLICE("failed"));
    writer_literal(writer, ",\"time\":");
    put_time(writer, status->reloads.last_at);
    writer_literal(writer, ",\"problem\":");
    put_string(writer, slice_of(status->reloads.problem));
    writer_literal(writer, "},\"matrix\":");
    put_matrix(writer, status->policy, MATRIX_JSON);
    writer_literal(writer, "}\n");
    return 200;
}

static const struct admin_page pages[] = {
    {"/metrics", false, metrics_type, write_metrics},
    {"/healthz", true, text_type, write_health},
    {"/readyz", true, text_type, write_readiness},
    {"/policy", false, json_type, write_policy},
    {"/policy.html", false, html_type, write_matrix_page},
};

const struct admin_page *admin_page_find(enum admin_kind kind, struct slice path)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        bool is_shown = kind == ADMIN_EVERYTHING || pages[i].is_of_health;
        if (is_shown && slice_equal(path, slice_of(pages[i].path))) {
            return &pages[i];
        }
    }
    return NULL;
}
