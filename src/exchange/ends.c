#include "ends.h"

#include "answer.h"
#include "connect.h"
#include "content.h"
#include "log_lines.h"
#include "record.h"

#include "verbgate/policy/decide.h"

/* The first reason wins. */
static void set_reason(struct exchange *exchange, enum close_reason reason)
{
    if (exchange->reason == REASON_NONE) {
        exchange->reason = reason;
    }
}

void ends_now(struct exchange *exchange, enum close_reason reason)
{
    set_reason(exchange, reason);
    exchange_end_with(exchange, END_CUT);
    record_hand_over(exchange);
    if (reason == REASON_TUNNEL_CUT && exchange->connection != NULL) {
        stream_reset(exchange->server_side.stream);
    }
    exchange->client->operations->end(exchange);
}

/* Answers in place of the server, where that is possible. */
static enum close_reason answer(struct exchange *exchange, enum close_reason reason)
{
    if (reason == REASON_CONTENT_TOO_LARGE) {
        decide_too_large(&exchange->verdict, content_most(exchange));
        return answer_verdict(exchange);
    }
    bool has_fault = exchange->fault != FAULT_NONE;
    const char *sentence = has_fault ? fault_sentence(exchange->fault) : reason_text(reason);
    unsigned status =
        reason == REASON_REQUEST_FAULT ? fault_status(exchange->fault) : reason_status(reason);
    return answer_error(exchange, status, reason_proxy_error(reason), slice_of(sentence));
}

bool ends_with_failure(struct exchange *exchange, enum close_reason reason)
{
    set_reason(exchange, reason);
    log_lines_failure(exchange, reason);
    connect_leave(exchange);
    enum flow_state state = exchange->back.state;
    bool is_unanswered = state == FLOW_HEAD || state == FLOW_STORE;
    if (reason_status(reason) == 0 || !is_unanswered || exchange->client_side.is_queued) {
        ends_now(exchange, reason);
        return true;
    }
    exchange_close_connection(exchange);
    enum close_reason next = answer(exchange, reason);
    if (next != REASON_NONE) {
        ends_now(exchange, next);
    }
    return next != REASON_NONE;
}

bool ends_if_complete(struct exchange *exchange)
{
    if (exchange->back.state != FLOW_DONE || exchange->client_side.is_queued ||
        flow_has_stored(&exchange->back)) {
        return false;
    }
    enum flow_state state = exchange->onward.state;
    if (UNLIKELY(state == FLOW_CONTENT || state == FLOW_HELD)) {
        content_abandon(exchange); /* the server answered before it had the whole request */
    }
    if (exchange->onward.state == FLOW_DROP && exchange->end == END_KEEP) {
        return false;
    }
    set_reason(exchange, REASON_COMPLETE);
    record_hand_over(exchange);
    exchange->client->operations->end(exchange);
    return true;
}
