/*
 * Places for client connections: `max-connections` of them for the whole process, whichever worker takes
 * them. A worker that gets none stands in a queue; a place that becomes free goes to the first in the queue, so
 * that no place is free while somebody waits, and nobody has to look again and again.
 *
 * A worker that stands in the queue may have an idle client closed: one of the worker whose longest idle client has
 * been idle for longest. A worker is only woken here; it acts on its own thread.
 */
#ifndef VERBGATE_SERVER_PLACES_H
#define VERBGATE_SERVER_PLACES_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/counter.h"
#include "verbgate/base/list.h"

#include <uv.h>

enum { PLACES_MEMBERS_MAX = 256 };

/* What one worker has of it. */
struct places_member {
    struct list_node node;             /* in the queue; guarded by the lock, like the two below */
    bool has_place;                    /* it was given one while it stood in the queue */
    unsigned closes_wanted;            /* idle clients that it is to close */
    const struct counter *idle_due_ms; /* orders longest idle clients; UINT64_MAX: it has none */
    /* Any thread, under the lock: the worker is to look at places_collect and places_closes_wanted. */
    void (*wake)(struct places_member *member);
};

struct places {
    uv_mutex_t lock;
    unsigned most;
    unsigned taken;
    struct list_node queue; /* struct places_member, in the order of arrival */
    unsigned queue_length;
    struct places_member *members[PLACES_MEMBERS_MAX]; /* not owned */
    unsigned member_count;
};

/* `most` places, all of them free. False: no resources. */
MUST_CHECK bool places_init(struct places *places, unsigned most);
void places_finish(struct places *places);

/* Adds a worker, before there are threads. The caller has set `idle_due_ms` and `wake`. */
void places_join(struct places *places, struct places_member *member);

/* Takes a place, or stands in the queue for one: then `wake` is called once there is one. */
MUST_CHECK bool places_take(struct places *places, struct places_member *member);

/* Takes a place even if there is none left: for a client that cannot be left to wait. */
void places_take_beyond(struct places *places);

/* Gives one back: to the first in the queue, if any. */
void places_give(struct places *places);

/* True when the member was given a place while it stood in the queue: it is the caller's from here on. */
MUST_CHECK bool places_collect(struct places *places, struct places_member *member);

/* Asks the worker with the longest idle client to close one. Nothing happens when no client is idle. */
void places_ask_for_close(struct places *places);

/* How many idle clients the member is to close now: never more than workers stand in the queue. */
MUST_CHECK unsigned places_closes_wanted(struct places *places, struct places_member *member);

/* The member takes no part any more: `wake` is not called from here on. */
void places_leave(struct places *places, struct places_member *member);

#endif
