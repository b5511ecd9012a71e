/*
 * Large content whose length is known and that passes unchanged goes from socket to socket through a pipe,
 * without a copy (net/splice_pipe.h). It begins by being copied, and is spliced once a read has filled its
 * room and the recipient has taken it whole, so that small and slow content never gets here; the last of it
 * is copied again, so that what a sender sends beyond its content, and how a message ends, is judged in one
 * place.
 *
 * libuv owns the sockets, so they cannot be polled a second time. A stream that is given no room reports
 * that it is readable without reading: that is when content is spliced. When the recipient takes no
 * more, a piece is copied out of the pipe and queued, and on_drained goes on with the rest. So the pipe
 * holds bytes only while something is queued, and deadlines, back-pressure and failures are those of
 * content that is copied.
 *
 * Whatever the kernel refuses, and any end or error of the sender, leads back to copying, for the rest of
 * the content: it sees for itself what there is.
 */
#ifndef VERBGATE_EXCHANGE_SPLICE_H
#define VERBGATE_EXCHANGE_SPLICE_H

#include "verbgate/exchange/exchange.h"

/* Whether what comes next of the flow's content is to be spliced: then no room is given, and splice_move moves it.
 * Begins and ends that. */
RARE bool splice_choose(struct exchange *exchange, struct flow *flow);

/* The same; only content that fills its rooms costs a look. */
static inline bool splice_is_chosen(struct exchange *exchange, struct flow *flow)
{
    return (flow->room.doublings > 0 || flow->pipe != NULL) && splice_choose(exchange, flow);
}

/* The sender is readable. Moves what there is, as far as the recipient takes it and the flow's share of the turn lasts;
 * nothing happens without a pipe. Returns what became of the last write. The flow's bytes, what is left, and the sides'
 * progress are kept. */
enum stream_write_status splice_move(struct exchange *exchange, struct flow *flow);

/* Nothing is queued any more for the recipient: the pipe is poured out. */
enum stream_write_status splice_pour(struct exchange *exchange, struct flow *flow);

#endif
