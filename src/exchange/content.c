#include "content.h"

#include "log_lines.h"

const struct trailers *content_trailers(const struct exchange *exchange)
{
    bool passes = exchange_is_forwarded(exchange) &&
                  exchange->verdict.translation->passes_trailers && exchange->onward.store == NULL;
    return passes ? exchange->trailers : NULL;
}

/* All trailers have come. */
static void count_dropped_trailers(struct exchange *exchange)
{
    const struct trailers *onward = content_trailers(exchange);
    unsigned passed = onward == NULL ? 0 : serialise_trailers_passed(onward);
    counter_add(&exchange->context->counters.fields_dropped[FIELD_TRAILER_FATE],
                exchange->trailers->fields.count - passed);
}

void content_note(struct exchange *exchange, struct slice content, bool is_last)
{
    exchange->onward.bytes += content.length;
    if (is_last && exchange->trailers != NULL && exchange_is_forwarded(exchange)) {
        count_dropped_trailers(exchange);
    }
}

bool content_pull(struct exchange *exchange, struct slice *content, bool *is_last)
{
    if (!exchange->client->operations->take_content(exchange, content, is_last)) {
        return false;
    }
    content_note(exchange, *content, *is_last);
    return true;
}

uint64_t content_most(const struct exchange *exchange)
{
    return verdict_max_body(&exchange->verdict, exchange->onward.way == FLOW_KEPT);
}

bool content_is_too_large(struct exchange *exchange)
{
    struct verdict *verdict = &exchange->verdict;
    if (exchange->onward.bytes > verdict->reported_max_body && !verdict->is_reported) {
        verdict_report(verdict, VERDICT_BODY_TOO_LARGE_RULE, verdict->source);
        log_lines_reported(exchange);
    }
    return exchange->onward.bytes > content_most(exchange);
}

/* ---- what nobody wants */

void content_lose(struct exchange *exchange)
{
    exchange_move(exchange, &exchange->onward, FLOW_DONE);
    exchange_end_with(exchange, END_LINGER);
}

/* Of content with a length it is known from the start how much is dropped. */
static void note_dropped(struct exchange *exchange, bool is_last)
{
    bool has_length = exchange->facts.framing.kind == FRAMING_LENGTH;
    if (is_last) {
        exchange_move(exchange, &exchange->onward, FLOW_DONE);
    } else if (!has_length && exchange->onward.bytes > exchange_settings(exchange)->drain_body) {
        exchange_end_with(exchange, END_LINGER);
    }
}

void content_drop(struct exchange *exchange, struct slice content, bool is_last)
{
    content_note(exchange, content, is_last);
    note_dropped(exchange, is_last);
}

static void drop_what_has_come(struct exchange *exchange)
{
    struct slice content;
    bool is_last = false;
    if (content_pull(exchange, &content, &is_last)) {
        note_dropped(exchange, is_last);
    } else {
        content_lose(exchange);
    }
}

void content_abandon(struct exchange *exchange)
{
    struct flow *onward = &exchange->onward;
    if (onward->state == FLOW_DONE || onward->state == FLOW_DROP) {
        return;
    }
    if (exchange->progress < PROGRESS_HEAD) {
        content_lose(exchange); /* what comes must not be read as more of the head */
        return;
    }
    const struct framing *framing = &exchange->facts.framing;
    bool is_long =
        framing->kind == FRAMING_LENGTH && onward->left > exchange_settings(exchange)->drain_body;
    /* A client that still waits for 100 (Continue) may or may not send its content after another
     * answer: what would come next could be read either way (RFC 9110 section 10.1.1). */
    if (is_long || exchange->expectation != EXPECTS_NOTHING) {
        exchange_end_with(exchange, END_LINGER);
    }
    if (exchange->end != END_KEEP) {
        /* What comes while the answer is on its way must not be read as anything. */
        exchange_end_with(exchange, framing->kind == FRAMING_NONE ? END_CLOSE : END_LINGER);
        exchange_move(exchange, onward, FLOW_DONE);
        return;
    }
    exchange_move(exchange, onward, FLOW_DROP);
    drop_what_has_come(exchange);
}
