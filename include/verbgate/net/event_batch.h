/*
 * How many events one turn of a loop handles. libuv asks the kernel for 1,024, and while there are as many it
 * asks again, up to 48 times, before the turn ends. Only between turns does it see to timers, to closed
 * handles, and to sockets that are new or to be watched for something else. So where more than a
 * thousand connections are busy, a connection to a server that is opened now would not be read from for
 * half a second, while all others are. With fewer events at a time none of that waits for more than a few
 * milliseconds.
 *
 * libuv has no setting for it. It calls epoll_wait(2) or epoll_pwait(2), and these two are defined here: they hand
 * on to the epoll_pwait of the library that would have been called, with the limit. Where a libuv calls something else,
 * nothing changes.
 */
#ifndef VERBGATE_NET_EVENT_BATCH_H
#define VERBGATE_NET_EVENT_BATCH_H

#include <stdbool.h>

enum { EVENT_BATCH_MOST = 256 };

/* From now on each call, in any thread, gives at most `most` >= 1 events; INT_MAX: as many as it is asked for,
 * as at the start. To be called before there are threads. */
void event_batch_limit(int most);

/* Whether the last call in this thread gave as many events as it may: then there may be more. */
bool event_batch_was_full(void);

#endif
