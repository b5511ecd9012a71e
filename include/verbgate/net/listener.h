/*
 * Listening sockets: opened by the control thread, before any worker hears of them, so that a port
 * in use or a path that cannot be bound fails a start or a reload as a whole.
 *
 * TCP: one socket per worker on the same port (SO_REUSEPORT), so that the kernel spreads clients
 * and no two workers wake for one. Unix: one socket that all workers accept from. An address for which the process was
 * started with sockets (net/inherited) is not bound: those are taken, each by one worker at least.
 */
#ifndef VERBGATE_NET_LISTENER_H
#define VERBGATE_NET_LISTENER_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"
#include "verbgate/net/inherited.h"

#include <sys/types.h>

enum { LISTENER_PROBLEM_MAX = 320 };

enum listener_origin {
    LISTENER_BOUND,       /* by this process */
    LISTENER_ACTIVATED,   /* by the service manager */
    LISTENER_HANDED_OVER, /* by the process that this one replaces */
};

struct listener_socket {
    enum listener_origin origin;
    struct socket_address address; /* as bound: with the real port where 0 was asked for */
    int *descriptors;              /* at least one per worker */
    unsigned count;
    bool are_lent; /* the descriptors belong to those who accept */
    dev_t device;  /* of a Unix socket's path, as it was bound: another process may replace it */
    ino_t inode;   /* 0: the path is not this process's */
};

/*
 * Binds and listens. `bind` must be of a kind that address_to_socket takes, or ADDRESS_ANY, which
 * means IPv6 with IPv4 where the system has IPv6, or ADDRESS_INHERITED, for which `resolved`,
 * `backlog` and `mode` mean nothing. Nor do the latter two for a socket that the process was started with. A Unix socket that no process listens on any more
 * is replaced; `mode` sets its permission bits. A TCP port that any other socket listens on is in
 * use, also when that socket allows sharing. Returns false and writes a sentence into `problem`.
 */
MUST_CHECK bool listener_open(const struct address *bind, const struct socket_address *resolved,
                              unsigned backlog, unsigned mode, unsigned workers,
                              struct listener_socket *out, char problem[LISTENER_PROBLEM_MAX]);

/* What listener_open would come to: the address is free, somebody listens there, or it cannot be bound. */
enum listener_trial { LISTENER_FREE, LISTENER_TAKEN, LISTENER_IMPOSSIBLE };

/* Tries without listening, and leaves nothing behind: no client is accepted, no path is made. `bind` and `resolved` are
 * as for listener_open, but not ADDRESS_INHERITED. Unless the address is free, `problem` says what is wrong. Any thread. */
MUST_CHECK enum listener_trial listener_try(const struct address *bind,
                                            const struct socket_address *resolved,
                                            char problem[LISTENER_PROBLEM_MAX]);

/* From here on the descriptors belong to those who accept from them; they stay known for listener_pass_on. */
void listener_lend(struct listener_socket *listener);

/* Adds the sockets to those for a process that replaces this one. Those of the service manager are not added, since
 * inherited_pass_on does that. False: out of memory. */
MUST_CHECK bool listener_pass_on(const struct listener_socket *listener,
                                 struct passed_sockets *passed);

/* This process has replaced the one that bound the socket: a Unix socket's path is this one's to remove from here on. */
void listener_claim(struct listener_socket *listener);

/* Another process has taken over: a Unix socket's path is no longer this one's. */
void listener_disown(struct listener_socket *listener);

/* Closes the descriptors that are still owned, and frees. */
void listener_close(struct listener_socket *listener);

/* False when a Unix socket's path is gone, or is another file by now: no client reaches the listener. */
MUST_CHECK bool listener_is_in_place(const struct listener_socket *listener);

/* Sets the permission bits of a Unix socket, if its path still is this listener's; true for TCP and for what
 * was inherited. */
MUST_CHECK bool listener_change_mode(const struct listener_socket *listener, unsigned mode);

/* Removes a Unix socket's path, if it still is this listener's socket; nothing for TCP. */
void listener_unlink(const struct listener_socket *listener);

#endif
