/* What the files of a worker share: worker.c (mailbox, records, life) and worker_accept.c (its listening sockets,
 * and the places of its clients). The worker's thread. */
#ifndef VERBGATE_SERVER_WORKER_STEPS_H
#define VERBGATE_SERVER_WORKER_STEPS_H

#include "verbgate/server/worker.h"

/* No acceptors, and nobody waits. */
void worker_init_accepting(struct worker *worker);

/* Accepts from `descriptor`, which belongs to the worker from here on. */
void worker_start_listening(struct worker *worker, unsigned listener, int descriptor);

/* Takes what waits in the queues of all listeners, then closes them. */
void worker_stop_listening(struct worker *worker);

/* The same for one socket of a listener; worker->on_left follows once it is closed. */
void worker_give_back(struct worker *worker, unsigned listener);

/* A connection is gone, or a place has come: those that paused accept again. */
void worker_resume_acceptors(struct worker *worker);

/* Somebody wants an idle client closed, or has given the waiting client a place. */
void worker_follow_places(struct worker *worker);

/* The end of accepting: a client that still waits is served beyond the limit, as its request may have been sent. */
void worker_leave_places(struct worker *worker);

#endif
