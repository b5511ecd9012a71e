/* Local answers: what the gateway says itself, for the policy or for a failure. */
#include "exchange_steps.h"

#include "verbgate/http/reply.h"

enum { TITLE_TEXT_MAX = 64 };

/* Sends the reply and ends the response. */
static void send_reply(struct exchange *exchange, struct reply *reply)
{
    struct proxy *proxy = exchange->proxy;
    exchange_abandon_content(exchange);
    proxy_tick(proxy);
    reply->proxy_name = exchange_settings(exchange)->name;
    reply->date = slice_make(proxy->clock.date, CLOCK_DATE_BYTES);
    reply->extra = exchange_extra_back(exchange);
    reply->head_only = slice_equal(exchange->line.method, SLICE("HEAD"));
    reply->close = exchange->must_close;
    reply->keep_alive = exchange->is_http_10 && !exchange->must_close;
    exchange->status = reply->status;
    exchange->is_local = true;
    exchange->response_state = RESPONSE_DONE;
    exchange->first_byte_ns = uv_hrtime();
    exchange->sent_bytes = reply->head_only ? 0 : reply->body.length;
    proxy->out.length = 0;
    reply_write(&proxy->out, reply);
    struct slice text = writer_slice(&proxy->out);
    proxy->out.length = 0;
    if (stream_has_failed(stream_write(exchange_client(exchange), &text, 1))) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
    } else if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}

static void write_title(struct writer *writer, unsigned status)
{
    writer_number(writer, status);
    writer_byte(writer, ' ');
    writer_string(writer, status_reason(status));
    writer_byte(writer, '\n');
}

void exchange_answer_verdict(struct exchange *exchange)
{
    const struct verdict *verdict = &exchange->verdict;
    const struct policy *policy = exchange->snapshot->policy;
    char allow_text[METHOD_SET_TEXT_MAX];
    struct writer allow = writer_make(allow_text, sizeof allow_text);
    if (verdict->has_allow) {
        method_set_write(&allow, &verdict->allow, &policy->extensions);
    }
    char body_text[TITLE_TEXT_MAX + VERDICT_SENTENCE_MAX];
    struct writer body = writer_make(body_text, sizeof body_text);
    size_t sentence_start = 0;
    if (verdict->kind == VERDICT_REFUSE) {
        write_title(&body, verdict->status);
        sentence_start = body.length;
        verdict_write_sentence(&body, policy, verdict, &exchange->facts.request);
        writer_byte(&body, '\n');
    }
    struct slice sentence = slice_after(writer_slice(&body), sentence_start);
    sentence.length -= sentence.length > 0 ? 1 : 0; /* the newline */
    exchange->reason = verdict->kind == VERDICT_REFUSE ? REASON_REFUSED : REASON_COMPLETE;
    if (exchange->line.version_major != 1) {
        exchange_end_connection(exchange);
    }
    struct reply reply = {
        .status = verdict->status,
        .allow = writer_slice(&allow),
        .has_allow = verdict->has_allow,
        .proxy_error = verdict_proxy_error(verdict->rule),
        .details = sentence,
        .body = writer_slice(&body),
    };
    send_reply(exchange, &reply);
}

void exchange_answer_error(struct exchange *exchange, unsigned status, const char *proxy_error,
                           struct slice details)
{
    char body_text[512];
    struct writer body = writer_make(body_text, sizeof body_text);
    write_title(&body, status);
    writer_put(&body, details);
    writer_literal(&body, ".\n");
    struct reply reply = {
        .status = status,
        .proxy_error = proxy_error,
        .details = details,
        .body = writer_slice(&body),
    };
    send_reply(exchange, &reply);
}
