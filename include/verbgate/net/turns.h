/*
 * Work for the next turn of a loop: for what the loop itself does not announce, such as bytes that a TLS engine has
 * read ahead. The loop does not sleep while there is such work, and looks for events between two turns of it, so
 * nothing here can hold up others.
 */
#ifndef VERBGATE_NET_TURNS_H
#define VERBGATE_NET_TURNS_H

#include "verbgate/base/list.h"

#include <uv.h>

/* One piece of work. It is part of the object that it belongs to, and waits at most once. */
struct turn {
    struct list_node node;
    void (*run)(struct turn *turn);
};

/* The work of one loop. */
struct turns {
    uv_idle_t idle; /* active while something waits */
    struct list_node waiting;
    struct list_node marker; /* in `waiting` during a turn: the end of it */
};

/* Prepares an empty list on `loop`. While it is empty it does not keep the loop alive. */
void turns_init(struct turns *turns, uv_loop_t *loop);

/* Closes the loop's handle. Nothing may wait any more. The loop must run once before the memory may go. */
void turns_close(struct turns *turns);

/* Prepares a turn that waits for nothing. */
void turn_init(struct turn *turn, void (*run)(struct turn *turn));

/* Has `turn` run once, in the next turn of the loop, before the loop looks for events. A turn that waits already moves
 * to the end. A turn that asks again while it runs waits for the turn of the loop after that. */
void turns_add(struct turns *turns, struct turn *turn);

/* Takes a turn back. Does nothing when it does not wait. Another turn that runs may call this. */
void turn_cancel(struct turn *turn);

#endif
