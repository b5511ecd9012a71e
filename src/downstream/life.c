#include "life.h"

#include "verbgate/base/log.h"
#include "verbgate/upstream/private.h"

#include <assert.h>

_Static_assert(sizeof(struct downstream) <= 512, "an idle client connection stays small");

static const struct policy_gateway *settings(const struct downstream *downstream)
{
    return &downstream->context->snapshot->policy->gateway;
}

static void set_state(struct downstream *downstream, enum downstream_state state)
{
    downstream->state = state;
}

void life_drop_unused_request(struct downstream *downstream)
{
    if (downstream->state == DOWNSTREAM_IDLE && downstream->request != NULL) {
        h1_destroy(downstream->request);
        downstream->request = NULL;
    }
}

void life_begin_request(struct downstream *downstream)
{
    turn_cancel(&downstream->ready);
    set_state(downstream, DOWNSTREAM_ACTIVE);
    downstream->client.request_count++;
}

void life_wait(struct downstream *downstream)
{
    set_state(downstream, DOWNSTREAM_IDLE);
    turn_cancel(&downstream->ready);
    list_append(&downstream->context->idle, &downstream->ready.node);
    deadline_arm(&downstream->context->deadlines, &downstream->deadline,
                 settings(downstream)->idle_timeout_ms);
    stream_start_reading(&downstream->stream);
}

void downstream_close(struct downstream *downstream, enum close_reason reason)
{
    if (downstream->state == DOWNSTREAM_CLOSING) {
        return;
    }
    life_drop_unused_request(downstream);
    assert(downstream->request == NULL);
    log_debug("connection %u, from %.*s, is closed: %s", downstream->client.number,
              SLICE_PRINT(client_peer_ip(&downstream->client)), reason_text(reason));
    private_close_all(&downstream->client.owner);
    turn_cancel(&downstream->ready);
    deadline_cancel(&downstream->deadline);
    set_state(downstream, DOWNSTREAM_CLOSING);
    stream_close(&downstream->stream);
}

/* A request that is in the kernel already is served: closing now would reset it. */
bool downstream_end_idle(struct downstream *downstream, enum close_reason reason)
{
    if (downstream->state != DOWNSTREAM_IDLE || stream_unread(&downstream->stream) > 0) {
        return false;
    }
    downstream_close(downstream, reason);
    return true;
}

/* ---- lingering */

void life_begin_linger(struct downstream *downstream)
{
    private_close_all(&downstream->client.owner);
    set_state(downstream, DOWNSTREAM_LINGER);
    downstream->linger.bytes = 0;
    downstream->linger.unsent = (unsigned)stream_unsent(&downstream->stream);
    turn_cancel(&downstream->ready); /* a head that timed out while it waited for its turn */
    stream_shutdown(&downstream->stream);
    deadline_arm(&downstream->context->deadlines, &downstream->deadline,
                 settings(downstream)->linger_timeout_ms);
    stream_start_reading(&downstream->stream);
}

/* What the client has not confirmed yet would be lost by a close now: then the deadline is what ends it. */
RARE void life_linger_on(struct downstream *downstream, size_t length)
{
    downstream->linger.bytes += (unsigned)length;
    if (downstream->linger.bytes <= DOWNSTREAM_LINGER_BYTES) {
        return;
    }
    if (stream_unsent(&downstream->stream) > 0) {
        stream_stop_reading(&downstream->stream);
    } else {
        downstream_close(downstream, REASON_LINGERED);
    }
}

void life_linger_or_close(struct downstream *downstream)
{
    unsigned unsent = (unsigned)stream_unsent(&downstream->stream);
    if (unsent == 0 || unsent >= downstream->linger.unsent) {
        downstream_close(downstream, REASON_LINGERED);
        return;
    }
    downstream->linger.unsent = unsent;
    deadline_arm(&downstream->context->deadlines, &downstream->deadline,
                 settings(downstream)->linger_timeout_ms);
}
