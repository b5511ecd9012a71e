/*
 * Listening sockets that the process was started with: descriptors from 3 on, described by LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES. They come from the service manager (systemd socket activation), or from the process that this one
 * replaces (server/upgrade), which calls them INHERITED_HANDED_OVER.
 *
 * A listener takes the socket of its name (bind = systemd:NAME) or of its address. A socket of the service manager then
 * stays open for the process's life, so that a reload may drop a listener and a later one take it again. One that was
 * handed over belongs to its listener. What no listener of the first policy takes is closed, with a warning.
 *
 * All functions belong to the control thread.
 */
#ifndef VERBGATE_NET_INHERITED_H
#define VERBGATE_NET_INHERITED_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <stdbool.h>

enum { INHERITED_SOCKETS_MAX = 4096 };

/* The name of sockets from the process that this one replaces. */
#define INHERITED_HANDED_OVER "handed-over"

/* Reads the environment; once, when the process starts. Without memory, or with more than INHERITED_SOCKETS_MAX, there
 * are none, and inherited_find says why. */
void inherited_open(void);

/* Finds the socket called `name`. `*descriptor` stays the process's; it is non-blocking and closed on exec. Returns NULL,
 * or a sentence (static) that says what is wrong. */
MUST_CHECK const char *inherited_find(struct slice name, int *descriptor);

/*
 * Takes the next socket that is bound to `address`, from `*cursor` on, which is 0 for the first. `is_dual_stack`: an IPv6
 * socket that takes IPv4, too. Returns a descriptor that is the caller's, or -1 when there is no further one.
 * `*is_handed_over` says where it came from.
 */
int inherited_take(const struct socket_address *address, bool is_dual_stack, unsigned *cursor,
                   bool *is_handed_over);

/* Closes the sockets that nobody has taken. */
void inherited_close_unused(void);

/* Whether `descriptor` is a stream socket that listens. */
bool inherited_is_listening(int descriptor);

/* ---- the other side: sockets for a process that replaces this one */

struct passed_sockets {
    int *descriptors; /* not owned; the array is */
    char *names;      /* as LISTEN_FDNAMES has them; owned */
    unsigned count;
    size_t names_length;
};

/* Adds a socket; `name` has no colon. False: out of memory, or there are INHERITED_SOCKETS_MAX. */
MUST_CHECK bool passed_sockets_add(struct passed_sockets *passed, int descriptor, const char *name);

/* Adds the sockets of the service manager that are in use. */
MUST_CHECK bool inherited_pass_on(struct passed_sockets *passed);

/* Frees the list; the sockets stay open. */
void passed_sockets_finish(struct passed_sockets *passed);

#endif
