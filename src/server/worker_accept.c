/* How a worker accepts clients: when there is a place for them. */
#include "worker_steps.h"

#include "verbgate/base/log.h"
#include "verbgate/upstream/kept.h"

#include <stdlib.h>
#include <unistd.h>

struct worker_acceptor {
    struct acceptor acceptor;
    unsigned listener;
    bool is_taken_back; /* the control thread waits for its end */
};

/* Pausing and resuming may alternate with every connection that ends: one line tells of it all. */
static void say_once(struct worker *worker, const char *what, const char *consequence)
{
    uint64_t now = uv_now(&worker->loop);
    if (now >= worker->silent_until_ms) {
        worker->silent_until_ms = now + WORKER_SILENT_MS;
        log_error("worker %u: %s; %s", worker->index, what, consequence);
    }
}

static bool may_accept(struct acceptor *acceptor)
{
    const struct worker *worker = acceptor->owner;
    return worker->waiting < 0;
}

/* Its place was taken before. */
static void serve(struct worker *worker, int descriptor, const struct socket_address *peer)
{
    if (!proxy_accept(&worker->context, descriptor, peer)) {
        places_give(worker->places);
    }
}

/* One client more than there are places has been accepted: it is served once there is one. Others wait in the
 * kernel's queue. */
static void let_wait(struct worker *worker, int descriptor, const struct socket_address *peer)
{
    say_once(worker, "the limit of client connections is reached",
             "an idle one gives way to each new one, and while none is idle accepting pauses");
    worker->waiting = descriptor;
    worker->waiting_peer = *peer;
    places_ask_for_close(worker->places);
    deadline_arm(&worker->context.deadlines, &worker->look, WORKER_PLACE_MS);
}

/* No client was idle before, or it was not idle any more. */
static void on_look(struct deadline *deadline)
{
    struct worker *worker = LIST_OBJECT(deadline, struct worker, look);
    places_ask_for_close(worker->places);
    deadline_arm(&worker->context.deadlines, &worker->look, WORKER_PLACE_MS);
}

static void on_accepted(struct acceptor *acceptor, int descriptor,
                        const struct socket_address *peer)
{
    struct worker *worker = acceptor->owner;
    if (places_take(worker->places, &worker->member)) {
        serve(worker, descriptor, peer);
    } else {
        let_wait(worker, descriptor, peer);
    }
}

static void on_exhausted(struct acceptor *acceptor, int error)
{
    struct worker *worker = acceptor->owner;
    say_once(worker, strerror(error), "accepting pauses, open connections go on");
    (void)kept_shed(&worker->context); /* what is kept for later gives way to who is here now */
    deadline_arm(&worker->context.deadlines, &worker->retry, WORKER_RETRY_MS);
}

void worker_resume_acceptors(struct worker *worker)
{
    if (worker->waiting >= 0) {
        return;
    }
    for (struct list_node *node = worker->acceptors.next; node != &worker->acceptors;
         node = node->next) {
        acceptor_resume(LIST_OBJECT(node, struct acceptor, node));
    }
}

static void serve_waiting(struct worker *worker)
{
    deadline_cancel(&worker->look);
    int descriptor = worker->waiting;
    worker->waiting = -1;
    serve(worker, descriptor, &worker->waiting_peer);
}

/* What the other workers, or its own connections, have to say about places. */
void worker_follow_places(struct worker *worker)
{
    unsigned count = places_closes_wanted(worker->places, &worker->member);
    if (count > 0) {
        proxy_close_idle(&worker->context, count);
    }
    if (places_collect(worker->places, &worker->member)) {
        serve_waiting(worker);
        worker_resume_acceptors(worker);
    }
}

/* Nobody is accepted any more. A client that waits is served all the same: its request may have been sent. */
void worker_leave_places(struct worker *worker)
{
    places_leave(worker->places, &worker->member);
    if (worker->waiting >= 0) {
        places_take_beyond(worker->places);
        serve_waiting(worker);
    }
}

static void on_retry(struct deadline *deadline)
{
    worker_resume_acceptors(LIST_OBJECT(deadline, struct worker, retry));
}

static void on_acceptor_closed(struct acceptor *acceptor)
{
    struct worker *worker = acceptor->owner;
    struct worker_acceptor *made = LIST_OBJECT(acceptor, struct worker_acceptor, acceptor);
    bool is_taken_back = made->is_taken_back;
    list_remove(&acceptor->node);
    free(made);
    if (is_taken_back) {
        worker->on_left(worker);
    }
}

static const struct acceptor_events acceptor_events = {
    .may_accept = may_accept,
    .on_accepted = on_accepted,
    .on_exhausted = on_exhausted,
    .on_closed = on_acceptor_closed,
};

void worker_start_listening(struct worker *worker, unsigned listener, int descriptor)
{
    struct worker_acceptor *made = calloc(1, sizeof *made);
    if (made == NULL ||
        acceptor_start(&made->acceptor, &worker->loop, descriptor, &acceptor_events, worker) != 0) {
        log_error("worker %u: out of memory, one listener is not served here", worker->index);
        close(descriptor);
        free(made);
        return;
    }
    made->listener = listener;
    list_append(&worker->acceptors, &made->acceptor.node);
}

static struct worker_acceptor *of_node(struct list_node *node)
{
    struct acceptor *acceptor = LIST_OBJECT(node, struct acceptor, node);
    return LIST_OBJECT(acceptor, struct worker_acceptor, acceptor);
}

/* Closing leaves them in the list until the end of this turn of the loop. */
void worker_stop_listening(struct worker *worker)
{
    for (struct list_node *node = worker->acceptors.next; node != &worker->acceptors;
         node = node->next) {
        acceptor_close(&of_node(node)->acceptor);
    }
}

void worker_give_back(struct worker *worker, unsigned listener)
{
    for (struct list_node *node = worker->acceptors.next; node != &worker->acceptors;
         node = node->next) {
        struct worker_acceptor *made = of_node(node);
        if (made->listener == listener && !made->is_taken_back) {
            made->is_taken_back = true;
            acceptor_close(&made->acceptor);
            return;
        }
    }
    worker->on_left(worker); /* there was no memory for it */
}

/* ---- life */

/* Under the lock of the places, which the worker has left before its handle goes. */
static void wake(struct places_member *member)
{
    struct worker *worker = LIST_OBJECT(member, struct worker, member);
    mailbox_wake(&worker->mailbox);
}

void worker_init_accepting(struct worker *worker)
{
    list_init(&worker->acceptors);
    worker->waiting = -1;
    deadline_init(&worker->retry, on_retry);
    deadline_init(&worker->look, on_look);
}

void worker_share_places(struct worker *worker, struct places *places)
{
    worker->places = places;
    worker->member.idle_due_ms = &worker->context.idle_due_ms;
    worker->member.wake = wake;
    places_join(places, &worker->member);
}
