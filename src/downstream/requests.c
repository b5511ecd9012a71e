#include "requests.h"

#include "life.h"

/* ---- ends of exchanges */

static void drop_request(struct downstream *downstream)
{
    h1_destroy(downstream->request);
    downstream->request = NULL;
}

/* A tunnel that is cut, and a response that would seem complete, are reset. */
static void cut(struct downstream *downstream, enum close_reason reason)
{
    bool with_reset = reason == REASON_TUNNEL_CUT || h1_would_seem_complete(downstream->request);
    drop_request(downstream);
    if (with_reset) {
        stream_reset(&downstream->stream);
    }
    downstream_close(downstream, reason);
}

static void end_connection(struct downstream *downstream, bool lingers)
{
    drop_request(downstream);
    if (lingers) {
        life_begin_linger(downstream);
    } else {
        downstream_close(downstream, REASON_COMPLETE);
    }
}

static void go_on(struct downstream *downstream)
{
    if (!h1_has_more(downstream->request)) {
        drop_request(downstream);
        life_wait(downstream);
        return;
    }
    h1_restart(downstream->request);
    life_begin_request(downstream);
    if (!downstream->is_running) {
        requests_run(downstream);
    }
}

/* A client that sent FIN, and one of a gateway that stops, still gets the answers to what it has sent already. A client
 * that was not told Connection: close may have sent more: a proxy that retires waits for that. */
static void on_exchange_end(struct exchange *exchange)
{
    struct downstream *downstream = LIST_OBJECT(exchange->client, struct downstream, client);
    enum exchange_end end = exchange->end;
    if (end == END_CUT) {
        cut(downstream, exchange->reason);
        return;
    }
    bool has_more = h1_has_more(downstream->request);
    bool is_draining = downstream->context->phase == CONTEXT_DRAINS;
    bool has_ended = exchange->client_side.in == SIDE_ENDED;
    if (end == END_KEEP && (has_more || (!has_ended && !is_draining))) {
        go_on(downstream);
        return;
    }
    bool may_send_more = end == END_LINGER || exchange->onward.state != FLOW_DONE || has_more ||
                         (is_draining && end == END_KEEP);
    end_connection(downstream, !has_ended && may_send_more);
}

const struct client_operations requests_operations = {
    .send_head = h1_send_head,
    .send_content = h1_send_content,
    .send_reply = h1_send_reply,
    .send_interim = h1_send_interim,
    .take_content = h1_take_content,
    .rewind = h1_rewind,
    .set_reading = h1_set_reading,
    .has_more = h1_exchange_has_more,
    .unsent = h1_unsent,
    .end = on_exchange_end,
};

/* ---- running requests */

/* Each turn of the loop runs a bounded number of one client's requests; the rest waits until the
 * other clients had their turn. They are counted over the whole turn, as one turn may bring several
 * reads of a client's bytes. */
static bool may_run_another(struct downstream *downstream)
{
    uint64_t turn = context_turn(downstream->context);
    if (downstream->turn != turn) {
        downstream->turn = turn;
        downstream->turn_requests = 0;
    }
    return downstream->turn_requests++ < DOWNSTREAM_TURN_REQUESTS;
}

/* Runs the request's head. True: the request is over, and another one's bytes are there. The exchange may be gone by
 * then, or be the next one already: only the connection can tell. */
static bool run_one(struct downstream *downstream)
{
    struct h1_request *request = downstream->request;
    unsigned number = downstream->client.request_count;
    if (!h1_is_reading_head(request)) {
        return false; /* it was too slow, and its 408 is on its way */
    }
    h1_run_head(request);
    bool has_ended = downstream->request != request || downstream->client.request_count != number;
    return has_ended && downstream->state == DOWNSTREAM_ACTIVE;
}

void requests_run(struct downstream *downstream)
{
    downstream->is_running = true;
    while (may_run_another(downstream)) {
        if (!run_one(downstream)) {
            downstream->is_running = false;
            return;
        }
    }
    downstream->is_running = false;
    stream_stop_reading(&downstream->stream);
    turns_add(&downstream->context->turns, &downstream->ready);
}
