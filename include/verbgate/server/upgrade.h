/*
 * Upgrade in place: the process starts its own program anew, with the same arguments, and hands over its listening
 * sockets; once the successor is ready, this process stops accepting and finishes what it has. A connection that waits in
 * the queue of a socket waits there for whoever accepts next, so none is lost.
 *
 * The program is found again as it was started: by its path, or through /proc/self/exe when that had no slash. So a path
 * that is a symbolic link leads to what the link names by then. Descriptors 3 and following are the sockets
 * (net/inherited), the one behind them is a channel (VERBGATE_UPGRADE has its number). The successor is no child of this
 * process but of init, or systemd, from its first moment; thus systemd accepts it as the service's main process.
 *
 * Messages on the channel are two 32-bit numbers: a kind, and a value. They are the same for all versions, since the two
 * sides are of different ones. The channel's end without UPGRADE_READY means that the successor has ended.
 */
#ifndef VERBGATE_SERVER_UPGRADE_H
#define VERBGATE_SERVER_UPGRADE_H

#include "verbgate/base/attributes.h"
#include "verbgate/net/inherited.h"

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

enum {
    UPGRADE_READY_MS = 60 * 1000, /* a successor that is not ready by then is ended */
    UPGRADE_PROBLEM_MAX = 256,
};

enum upgrade_state {
    UPGRADE_NONE,     /* none was tried, or the last one failed */
    UPGRADE_STARTING, /* a successor was started and is not ready yet */
    UPGRADE_CLOSING,  /* the outcome is known, the channel closes; the event follows */
    UPGRADE_DONE,     /* the successor is ready */
};

struct upgrade;

struct upgrade_events {
    void (*on_ready)(struct upgrade *upgrade, pid_t successor);
    void (*on_failed)(struct upgrade *upgrade, const char *problem);
};

struct upgrade {
    uv_loop_t *loop; /* not owned */
    const struct upgrade_events *events;
    enum upgrade_state state;
    int channel;
    pid_t successor;                   /* 0: not known yet */
    char problem[UPGRADE_PROBLEM_MAX]; /* empty: the successor is ready */
    uv_poll_t poll;
    uv_timer_t patience;
};

/* Nothing is started. */
void upgrade_init(struct upgrade *upgrade, uv_loop_t *loop, const struct upgrade_events *events);

/* Starts a successor with these sockets; one of the events follows. False: `problem` says why it cannot be started. */
MUST_CHECK bool upgrade_start(struct upgrade *upgrade, const struct passed_sockets *sockets,
                              char problem[UPGRADE_PROBLEM_MAX]);

/* A successor that is not ready is told to end; on_failed follows. */
void upgrade_cancel(struct upgrade *upgrade);

/* The loop ends: no event comes from here on. */
void upgrade_close(struct upgrade *upgrade);

/* ---- the successor's side */

/* Whether this process was started to replace another one. */
bool upgrade_is_successor(void);

/* Tells the other process that this one is ready; nothing when there is no other. Once. */
void upgrade_tell_ready(void);

#endif
