/* Local answers: what the gateway says itself, for the policy or for a failure. */
#include "exchange_steps.h"

#include "verbgate/http/error_body.h"
#include "verbgate/http/reply.h"

#include <assert.h>

/* What both kinds of local answers do to the exchange. */
static void begin_answer(struct exchange *exchange, unsigned status)
{
    exchange_abandon_content(exchange);
    exchange->status = status;
    exchange->is_local = true;
    exchange->response_state = RESPONSE_DONE;
}

/* Most answers are complete here; the time of the others' first byte is not that of their end. */
static void end_answer(struct exchange *exchange)
{
    if (!exchange_check_complete(exchange)) {
        exchange->first_byte_ns = uv_hrtime();
        exchange_update(exchange);
    }
}

/* Sends the reply and ends the response. */
static void send_reply(struct exchange *exchange, struct reply *reply)
{
    struct proxy *proxy = exchange->proxy;
    begin_answer(exchange, reply->status);
    proxy_tick(proxy);
    reply->proxy_name = exchange_settings(exchange)->name;
    reply->date = slice_make(proxy->clock.date, CLOCK_DATE_BYTES);
    reply->extra = exchange_extra_back(exchange);
    reply->head_only = slice_equal(exchange->line.method, SLICE("HEAD"));
    reply->close = exchange->must_close;
    reply->keep_alive = exchange->is_http_10 && !exchange->must_close;
    exchange->sent_bytes = reply->head_only ? 0 : reply->body.length;
    proxy->out.length = 0;
    reply_write_head(&proxy->out, reply);
    assert(!proxy->out.overflow);
    struct slice body = reply->head_only ? slice_make(NULL, 0) : reply->body;
    if (stream_has_failed(
            relay_write(proxy, exchange_client(exchange), body, slice_make(NULL, 0)))) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return;
    }
    end_answer(exchange);
}

/* The refusal of an operator who wants none to be seen: nginx's 444. */
static void close_silently(struct exchange *exchange)
{
    exchange_end_connection(exchange);
    begin_answer(exchange, ANSWERS_CLOSE);
    end_answer(exchange);
}

/* Makes the body of an error in the worker's buffer. `body` says what it is about; its type and the
 * operator's text for it are filled in here. */
static void add_body(struct exchange *exchange, struct reply *reply, struct error_body *body,
                     const struct policy_answers *answers)
{
    struct writer *writer = &exchange->proxy->body;
    reply->varies = exchange->has_fields;
    reply->media = exchange->has_fields ? accept_choose(&exchange->request_fields) : MEDIA_TEXT;
    body->media = reply->media;
    body->own = answers->bodies[reply->media];
    body->status = reply->status;
    body->method = exchange->has_line ? exchange->line.method : slice_make(NULL, 0);
    body->allow = reply->allow;
    body->has_allow = reply->has_allow;
    body->docs = reply->docs;
    *writer = writer_make(writer->data, writer->capacity);
    error_body_write(writer, body);
    assert(!writer->overflow);
    reply->body = writer_slice(writer);
}

static void add_refusal(struct exchange *exchange, struct reply *reply, struct writer *sentence)
{
    const struct verdict *verdict = &exchange->verdict;
    const struct policy *policy = exchange->snapshot->policy;
    const struct policy_answers *answers = &verdict_settings(policy, verdict)->answers;
    verdict_write_told(sentence, policy, verdict, &exchange->facts.request);
    reply->details = quote_make(writer_slice(sentence));
    reply->docs = answers->docs;
    reply->max_age = verdict_is_cacheable(verdict) ? answers->max_age : 0;
    struct error_body body = {.detail = reply->details};
    add_body(exchange, reply, &body, answers);
}

void exchange_answer_verdict(struct exchange *exchange)
{
    const struct verdict *verdict = &exchange->verdict;
    bool is_refusal = verdict->kind == VERDICT_REFUSE;
    bool is_silent = is_refusal && verdict->status == ANSWERS_CLOSE;
    if (exchange->reason == REASON_NONE) {
        exchange->reason = is_silent    ? REASON_REFUSED_SILENTLY
                           : is_refusal ? REASON_REFUSED
                                        : REASON_COMPLETE;
    }
    if (is_silent) {
        close_silently(exchange);
        return;
    }
    char allow_text[METHOD_SET_TEXT_MAX];
    char sentence_text[VERDICT_SENTENCE_MAX];
    struct writer allow = writer_make(allow_text, sizeof allow_text);
    struct writer sentence = writer_make(sentence_text, sizeof sentence_text);
    if (verdict->has_allow) {
        method_set_write(&allow, &verdict->allow, &exchange->snapshot->policy->extensions);
    }
    if (exchange->line.version_major != 1) {
        exchange_end_connection(exchange);
    }
    struct reply reply = {
        .status = verdict->status,
        .allow = writer_slice(&allow),
        .has_allow = verdict->has_allow,
        .proxy_error = verdict_proxy_error(verdict),
    };
    if (is_refusal) {
        add_refusal(exchange, &reply, &sentence);
    }
    send_reply(exchange, &reply);
}

void exchange_answer_error(struct exchange *exchange, unsigned status, const char *proxy_error,
                           struct slice details)
{
    char sentence_text[512];
    struct writer sentence = writer_make(sentence_text, sizeof sentence_text);
    writer_put(&sentence, details);
    writer_byte(&sentence, '.');
    struct reply reply = {
        .status = status, .proxy_error = proxy_error, .details = quote_make(details)};
    struct error_body body = {.detail = quote_make(writer_slice(&sentence))};
    add_body(exchange, &reply, &body, &exchange_settings(exchange)->settings.answers);
    send_reply(exchange, &reply);
}
