#include "answer.h"

#include "content.h"
#include "extra_fields.h"

#include "verbgate/http/accept.h"
#include "verbgate/http/error_body.h"

/* What both kinds of local answers do to the exchange. */
static void begin_answer(struct exchange *exchange, unsigned status)
{
    content_abandon(exchange);
    exchange->status = status;
    exchange->is_local = true;
    flow_drop_store(&exchange->back); /* of the response that this one takes the place of */
    exchange_move(exchange, &exchange->back, FLOW_DONE);
}

/* Sends the reply and ends the response. */
static enum close_reason send_reply(struct exchange *exchange, struct reply *reply)
{
    struct context *context = exchange->context;
    begin_answer(exchange, reply->status);
    context_tick(context);
    reply->proxy_name = exchange_settings(exchange)->name;
    reply->date = slice_make(context->clock.date, CLOCK_DATE_BYTES);
    reply->extra = extra_fields_back(exchange);
    reply->head_only = slice_equal(exchange->line.method, SLICE("HEAD"));
    exchange->back.bytes = reply->head_only ? 0 : reply->body.length;
    enum stream_write_status status = exchange->client->operations->send_reply(exchange, reply);
    return stream_has_failed(side_wrote(&exchange->client_side, status)) ? REASON_CLIENT_GONE
                                                                         : REASON_NONE;
}

/* The refusal of an operator who wants none to be seen: nginx's 444. */
static enum close_reason close_silently(struct exchange *exchange)
{
    exchange_end_with(exchange, END_LINGER);
    begin_answer(exchange, ANSWERS_CLOSE);
    return REASON_NONE;
}

/* Makes the body of an error in the worker's buffer. `body` says what it is about; its type and the
 * operator's text for it are filled in here. */
static void add_body(struct exchange *exchange, struct reply *reply, struct error_body *body,
                     const struct policy_answers *answers)
{
    struct writer *writer = &exchange->context->body;
    bool has_fields = exchange->progress >= PROGRESS_FIELDS;
    reply->varies = has_fields;
    reply->media = has_fields ? accept_choose(&exchange->fields) : MEDIA_TEXT;
    body->media = reply->media;
    body->own = answers->bodies[reply->media];
    body->status = reply->status;
    body->method =
        exchange->progress >= PROGRESS_LINE ? exchange->line.method : slice_make(NULL, 0);
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

enum close_reason answer_verdict(struct exchange *exchange)
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
        return close_silently(exchange);
    }
    char allow_text[METHOD_SET_TEXT_MAX];
    char sentence_text[VERDICT_SENTENCE_MAX];
    struct writer allow = writer_make(allow_text, sizeof allow_text);
    struct writer sentence = writer_make(sentence_text, sizeof sentence_text);
    if (verdict->has_allow) {
        method_set_write(&allow, &verdict->allow, &exchange->snapshot->policy->extensions);
    }
    if (exchange->line.version_major != 1) {
        exchange_end_with(exchange, END_LINGER);
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
    return send_reply(exchange, &reply);
}

enum close_reason answer_error(struct exchange *exchange, unsigned status, const char *proxy_error,
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
    return send_reply(exchange, &reply);
}
