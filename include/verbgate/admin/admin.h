/*
 * The admin and the health listener: a small HTTP/1.1 server on the control thread for those who watch the process.
 * `admin` has every page, `health` only /healthz and /readyz. They are two objects with bounds of their own, so who
 * reaches the one cannot keep others from the other. The server reads one request from a connection, answers it and
 * closes. Its bounds: ADMIN_CONNECTIONS_MAX connections (one more makes the one that has been silent for longest give
 * way; while all get their answers others wait in the kernel's queue), a head of ADMIN_HEAD_BYTES, deadlines, a page
 * of ADMIN_PAGE_MAX, and ADMIN_UNSENT_MAX bytes that wait for slow clients.
 *
 * Each follows reloads like the other listeners: admin_prepare and admin_attach do what can fail, then either
 * admin_roll_back or admin_commit follows.
 */
#ifndef VERBGATE_ADMIN_ADMIN_H
#define VERBGATE_ADMIN_ADMIN_H

#include "verbgate/base/list.h"
#include "verbgate/net/deadline.h"
#include "verbgate/net/listener.h"
#include "verbgate/policy/policy.h"
#include "verbgate/telemetry/status.h"

enum {
    ADMIN_CONNECTIONS_MAX = 32,
    ADMIN_HEAD_BYTES = 8 * 1024,
    ADMIN_HEAD_MS = 5000,
    ADMIN_SEND_MS = 10000, /* as long as Prometheus waits by default */
    ADMIN_LINGER_MS = 2000,
    ADMIN_PAGE_MAX = 16 * 1024 * 1024,
    ADMIN_PAGE_LEAST = 128 * 1024, /* room that is tried when there is no memory for more */
    ADMIN_UNSENT_MAX = 32 * 1024 * 1024,
    ADMIN_PROBLEM_MAX = LISTENER_PROBLEM_MAX + 256, /* with the file and line before it */
};

enum admin_kind {
    ADMIN_EVERYTHING,
    ADMIN_HEALTH, /* /healthz and /readyz */
};

struct admin_socket;

struct admin {
    enum admin_kind kind;
    uv_loop_t *loop;                     /* not owned */
    const struct gateway_status *status; /* not owned */
    struct deadlines deadlines;
    struct deadline retry;        /* of an acceptor that found no descriptors */
    struct list_node connections; /* struct admin_connection; owned */
    unsigned connection_count;
    size_t unsent_bytes;           /* of all connections */
    struct admin_socket *current;  /* NULL: off */
    struct admin_socket *prepared; /* between admin_prepare and admin_roll_back or admin_commit */
    bool is_closing;
    void (*on_connection_closed)(struct admin *admin); /* another may be accepted */
};

/* Off, with nothing bound. */
void admin_init(struct admin *admin, enum admin_kind kind, uv_loop_t *loop,
                const struct gateway_status *status);

/* Binds what is `wanted` and is not bound yet. On failure nothing has changed, and `problem` says why, with file and
 * line. Any thread; blocks on names. */
MUST_CHECK bool admin_prepare(struct admin *admin, const struct policy_admin *wanted,
                              char problem[ADMIN_PROBLEM_MAX]);

/* After admin_prepare: starts to accept from what it has bound. The loop's thread; waits for nothing. On failure
 * `problem` says why, and admin_roll_back follows. */
MUST_CHECK bool admin_attach(struct admin *admin, char problem[ADMIN_PROBLEM_MAX]);

/* After admin_prepare, when something failed: closes what it has bound; nothing when it has bound nothing. The loop's
 * thread, unless admin_attach has not been called. */
void admin_roll_back(struct admin *admin);

/* After admin_attach, with the same `wanted` as admin_prepare: the old address closes, unless it stays. */
void admin_commit(struct admin *admin, const struct policy_admin *wanted);

/* Adds the socket to those for a process that replaces this one. False: out of memory. */
MUST_CHECK bool admin_pass_on(const struct admin *admin, struct passed_sockets *passed);

/* This process has replaced the one that bound the socket: a Unix socket's path is this one's. */
void admin_claim(struct admin *admin);

/* Another process has taken over: nobody is accepted any more, and a Unix socket's path stays. */
void admin_retire(struct admin *admin);

/* Closes everything at once. The loop must run on until it is empty. */
void admin_close(struct admin *admin);

#endif
