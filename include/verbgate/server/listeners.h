/* The listening sockets of the process, across reloads: which stay, which open, which close. */
#ifndef VERBGATE_SERVER_LISTENERS_H
#define VERBGATE_SERVER_LISTENERS_H

#include "verbgate/net/listener.h"
#include "verbgate/policy/policy.h"
#include "verbgate/server/worker.h"

#include <stdatomic.h>

struct listeners_entry {
    unsigned id; /* what the workers call it */
    char *text;  /* the bind address as written; owned; names the listener across reloads */
    char *name;  /* the section's name; owned */
    struct listener_socket socket;
    bool is_wanted;             /* by the policy that is being put in force */
    unsigned mode, wanted_mode; /* of a Unix socket */
    unsigned backlog, wanted_backlog;
};

struct listeners {
    struct listeners_entry entries[2 * POLICY_LISTENERS_MAX];
    unsigned count;
    unsigned opened; /* by listeners_prepare: they stand behind the `count` */
    unsigned next_id;
    unsigned workers;
    atomic_uint leaving; /* sockets that were taken back and that a worker has not closed yet */
};

/* Opens what `policy` wants and is not open yet, or whose Unix socket's path is gone, and adds the letters that
 * listeners_commit needs to `stock`. On failure what was opened is closed again, nothing has changed, and `problem` says
 * why, with file and line. Any thread; blocks on names. The functions for the end may run meanwhile. */
enum { LISTENERS_PROBLEM_MAX = LISTENER_PROBLEM_MAX + 256 };
MUST_CHECK bool listeners_prepare(struct listeners *listeners, const struct policy *policy,
                                  struct letter_stock *stock, char problem[LISTENERS_PROBLEM_MAX]);

/* After listeners_prepare, when something else failed: closes again what it has opened. */
void listeners_roll_back(struct listeners *listeners);

/* After listeners_prepare, with its `stock`: hands new sockets to the workers, takes back those that the policy does not
 * want any more, and logs each change. */
void listeners_commit(struct listeners *listeners, struct worker *workers,
                      struct letter_stock *stock);

/* A worker has closed a socket that was taken back. Any thread. */
void listeners_note_left(struct listeners *listeners);

/* Whether an address that was taken back may still be in use by a slow worker: then the next policy has to
 * wait, since it may want that address again. */
bool listeners_are_leaving(const struct listeners *listeners);

/* The process stops accepting: removes the Unix sockets' paths, so that clients and a successor see
 * that nobody listens there. */
void listeners_withdraw(struct listeners *listeners);

/* Adds the sockets to those for a process that replaces this one. False: out of memory. */
MUST_CHECK bool listeners_pass_on(const struct listeners *listeners, struct passed_sockets *passed);

/* This process has replaced the one that bound the sockets: Unix sockets' paths are this one's, with the modes of the
 * policy. */
void listeners_claim(struct listeners *listeners);

/* Another process has taken over: the Unix sockets' paths stay when this one ends. */
void listeners_disown(struct listeners *listeners);

/* Closes what is still owned and removes the Unix sockets' paths. */
void listeners_finish(struct listeners *listeners);

#endif
