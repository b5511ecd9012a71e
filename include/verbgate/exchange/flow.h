/*
 * Content on its way through an exchange, in one direction. An exchange has two: onward, from the client to the server,
 * and back. Both have the same states, so what one of them can do the other can do as well.
 *
 *   HEAD -> HELD -> CONTENT -> DONE      HELD: the head is there; the content waits where it is
 *       \-> STORE ----------> DONE       STORE: the content is kept, and goes on when all of it has come
 *       \-> DROP -----------> DONE       DROP: the content is read and dropped
 *       \-------------------> TUNNEL     bytes pass unread, after a 101
 *
 * The state says what the sender still has to send. What is in `store` leaves it while the state is DONE.
 */
#ifndef VERBGATE_EXCHANGE_FLOW_H
#define VERBGATE_EXCHANGE_FLOW_H

#include "verbgate/exchange/content_store.h"
#include "verbgate/exchange/relay_room.h"
#include "verbgate/net/splice_pipe.h"

enum flow_state {
    FLOW_HEAD,
    FLOW_HELD,
    FLOW_CONTENT,
    FLOW_STORE,
    FLOW_DROP,
    FLOW_DONE,
    FLOW_TUNNEL,
    FLOW_STATE_COUNT
};

struct flow {
    enum flow_state state;
    enum flow_way {
        FLOW_OPEN,   /* nothing speaks against a pipe yet */
        FLOW_COPIED, /* a pipe was tried in vain */
        FLOW_KEPT,   /* it is kept until all of it has come */
    } way;
    uint64_t left;  /* of content with a length: what the sender has not sent */
    uint64_t bytes; /* of content: received of a request, sent of a response */
    struct relay_room room;
    struct splice_pipe *pipe;    /* owned; NULL: content is copied */
    struct content_store *store; /* owned; NULL: content is not kept */
};

/* The moves that there are: a bit for each state that follows. */
extern const unsigned char flow_moves[FLOW_STATE_COUNT];

/* Whether the move is a legal one; the same state again is none. */
static inline bool flow_may_move(enum flow_state from, enum flow_state to)
{
    return (flow_moves[from] & 1u << to) != 0;
}

/* "content", for logs. */
const char *flow_state_name(enum flow_state state);

/* Whether there is kept content to be sent. */
static inline bool flow_has_stored(const struct flow *flow)
{
    return flow->store != NULL && !content_store_is_sent(flow->store);
}

/* Forgets the content that is kept, if there is some. */
void flow_drop_store(struct flow *flow);

/* Frees what the flow owns. `large_rooms` are the worker's, see relay_room.h. */
void flow_free(struct flow *flow, unsigned *large_rooms);

/* The same; few flows own anything. */
static inline void flow_finish(struct flow *flow, unsigned *large_rooms)
{
    if (flow->pipe != NULL || flow->store != NULL || flow->room.doublings > 0) {
        flow_free(flow, large_rooms);
    }
}

#endif
