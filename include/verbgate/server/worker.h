/*
 * A worker: a thread with its own loop, listening sockets and proxy. The control thread talks to it
 * through a mailbox; a worker never waits for anything but its loop.
 */
#ifndef VERBGATE_SERVER_WORKER_H
#define VERBGATE_SERVER_WORKER_H

#include "verbgate/net/acceptor.h"
#include "verbgate/proxy/proxy.h"
#include "verbgate/server/mailbox.h"
#include "verbgate/server/places.h"
#include "verbgate/server/watchdog.h"
#include "verbgate/telemetry/access_log.h"
#include "verbgate/telemetry/observe.h"
#include "verbgate/telemetry/status.h"

/* A paused acceptor tries again after this long, when no connection of its own was closed before.
 */
enum { WORKER_RETRY_MS = 500, WORKER_FLUSH_MS = 200, WORKER_SILENT_MS = 60000 };

/* While a client waits for a place, how often an idle one is looked for. */
enum { WORKER_PLACE_MS = 20 };

struct worker {
    unsigned index;
    uv_thread_t thread;
    uv_loop_t loop;
    struct mailbox mailbox;
    struct context context;
    struct list_node acceptors;  /* struct acceptor; owned */
    struct deadline retry;       /* of paused acceptors */
    struct places *places;       /* of client connections; shared */
    struct places_member member; /* of it */
    int waiting;                 /* a client that was accepted and has no place yet, or -1 */
    struct socket_address waiting_peer;
    struct deadline look;          /* for an idle client that gives way to it */
    struct deadline flush;         /* of lines that wait in `lines` */
    struct access_log *access_log; /* shared */
    struct line_buffer *lines;     /* being filled; owned; may be NULL */
    bool is_logging;
    struct observe *observe; /* shared; set before the thread starts */
    bool is_observing;
    struct tally *tally;                     /* owned; the control thread reads it */
    uint64_t silent_until_ms;                /* about running out of descriptors or connections */
    struct pulse pulse;                      /* for the watchdog */
    bool is_closed;                          /* its thread's own: nothing is open but what closes */
    atomic_bool has_left;                    /* as worker_leave asked */
    void (*on_ended)(struct worker *worker); /* from the worker's thread, as its last act */
    void (*on_left)(struct worker *worker);  /* from its thread: worker_unlisten was carried out */
    void *owner;
};

/* Prepares a worker, with its thread not started. Returns false when resources are short; then
 * nothing is left behind. */
MUST_CHECK bool worker_init(struct worker *worker, unsigned index, const struct policy *policy,
                            struct proxy_limits limits, struct access_log *access_log,
                            void (*on_ended)(struct worker *worker), void *owner);

/* From where it takes the places of its clients. Before any worker is started. */
void worker_share_places(struct worker *worker, struct places *places);

/* The counters of the worker, for a thread that reads them meanwhile. They live as long as the worker. */
struct status_worker worker_counted(const struct worker *worker);

/* Starts the thread. */
MUST_CHECK bool worker_start(struct worker *worker);

/* Waits for the thread's end; once, after on_ended. */
void worker_join(struct worker *worker);

/* Frees what worker_init made: of a worker whose thread was joined, or that never started
 * (`was_started` false). */
void worker_finish(struct worker *worker, bool was_started);

/* Letters from the control thread. Each is carried out in order. Those of a reload take one letter from `stock`, and so
 * cannot fail. */

/* Another policy for requests that begin from here on (takes a reference of its own). */
void worker_install(struct worker *worker, const struct policy *policy, struct letter_stock *stock);

/* Accept from this listening socket, which the worker owns from here on; `listener` names it. */
void worker_listen(struct worker *worker, unsigned listener, int descriptor,
                   struct letter_stock *stock);

/* Accept what waits in the queue of one socket of that listener, then close it; on_left follows. */
void worker_unlisten(struct worker *worker, unsigned listener, struct letter_stock *stock);

/* The others are sent when the process stops. False: out of memory, the letter was not sent. */

/* Another process accepts: stop accepting, let each idle client send one more request (proxy_retire), then end. */
MUST_CHECK bool worker_retire(struct worker *worker);

/* Stop accepting, finish what runs, then end. Also after worker_retire, which waits for longer. */
MUST_CHECK bool worker_drain(struct worker *worker);

/* End now. */
MUST_CHECK bool worker_abort(struct worker *worker);

/* Wakes the loop, which answers its pulse. Any thread. */
void worker_wake(struct worker *worker);

/* Hand over the lines of the access log that are held, and do nothing more: the process is about to exit. */
MUST_CHECK bool worker_leave(struct worker *worker);

/* Whether the worker has done so, or has ended. Any thread. */
bool worker_has_left(struct worker *worker);

#endif
