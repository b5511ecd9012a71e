#include "worker_steps.h"

#include "verbgate/base/log.h"
#include "verbgate/proxy/snapshot.h"
#include "verbgate/telemetry/access_line.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREAD_NAME_MAX = 16 }; /* the kernel's */

struct worker_message {
    struct worker_message *next;
    enum {
        MAIL_INSTALL,
        MAIL_LISTEN,
        MAIL_UNLISTEN,
        MAIL_RETIRE,
        MAIL_DRAIN,
        MAIL_ABORT,
        MAIL_LEAVE
    } kind;
    const struct policy *policy; /* MAIL_INSTALL: one reference */
    unsigned listener;           /* MAIL_LISTEN, MAIL_UNLISTEN */
    int descriptor;              /* MAIL_LISTEN */
};

static struct worker *of_proxy(struct proxy *proxy)
{
    return LIST_OBJECT(proxy, struct worker, proxy);
}

/* ---- the access log */

static void flush_lines(struct worker *worker)
{
    deadline_cancel(&worker->flush);
    if (worker->lines != NULL) {
        access_log_give(worker->access_log, worker->lines);
        worker->lines = NULL;
    }
}

static void on_flush(struct deadline *deadline)
{
    flush_lines(LIST_OBJECT(deadline, struct worker, flush));
}

/* Appends a line to the buffer at hand; true when it fitted. */
static bool write_line(struct worker *worker, const struct record *record)
{
    struct line_buffer *buffer = worker->lines;
    struct writer writer =
        writer_make(buffer->bytes + buffer->used, sizeof buffer->bytes - buffer->used);
    access_line_write(&writer, &record->policy->gateway.observation.access_format, record);
    if (writer.overflow) {
        return false;
    }
    buffer->used += writer.length;
    return true;
}

static void on_record(struct proxy *proxy, const struct record *record)
{
    struct worker *worker = of_proxy(proxy);
    if (worker->is_observing) {
        observe_note(worker->observe, worker->index, record);
    }
    tally_count(worker->tally, record);
    if (!worker->is_logging) {
        return;
    }
    if (worker->lines != NULL && write_line(worker, record)) {
        return;
    }
    flush_lines(worker);
    worker->lines = access_log_take(worker->access_log);
    if (worker->lines == NULL) {
        access_log_drop(worker->access_log);
        return;
    }
    deadline_arm(&proxy->deadlines, &worker->flush, WORKER_FLUSH_MS);
    bool fitted = write_line(worker, record);
    assert(fitted); /* ACCESS_LINE_MAX is below the buffer's size */
    (void)fitted;
}

_Static_assert((int)ACCESS_LINE_MAX <= (int)LINE_BUFFER_BYTES, "a line fits a buffer");

static void choose_logging(struct worker *worker, const struct policy *policy)
{
    worker->is_logging = !slice_equal(policy->gateway.access_log, SLICE("off"));
    worker->is_observing = observe_is_wanted(policy);
    worker->proxy.wants_texts = worker->is_logging || worker->is_observing;
}

/* ---- ending */

static void close_when_empty(struct worker *worker)
{
    if (!worker->proxy.is_draining || worker->proxy.connection_count > 0 || worker->is_closed) {
        return;
    }
    flush_lines(worker);
    uv_mutex_lock(&worker->lock);
    worker->is_closed = true; /* no letter wakes the loop from here on */
    atomic_store(&worker->pulse.has_ended, true);
    uv_mutex_unlock(&worker->lock);
    worker_stop_listening(worker);
    deadline_cancel(&worker->retry);
    proxy_close(&worker->proxy);
    uv_close((uv_handle_t *)&worker->mail, NULL);
}

/* The process is about to exit. What would be served from here on would be in no log. */
static void leave(struct worker *worker)
{
    flush_lines(worker);
    uv_mutex_lock(&worker->lock);
    worker->has_left = true;
    uv_mutex_unlock(&worker->lock);
    for (;;) {
        pause();
    }
}

static void on_connection_closed(struct proxy *proxy)
{
    struct worker *worker = of_proxy(proxy);
    places_give(worker->places);
    if (proxy->is_draining) {
        close_when_empty(worker);
        return;
    }
    worker_resume_acceptors(worker);
}

static const struct proxy_events proxy_events = {
    .on_record = on_record,
    .on_connection_closed = on_connection_closed,
};

/* ---- the mailbox */

static void carry_out(struct worker *worker, const struct worker_message *message)
{
    switch (message->kind) {
    case MAIL_INSTALL:
        if (!proxy_install(&worker->proxy, message->policy)) {
            log_error("worker %u: out of memory, the old policy stays in force", worker->index);
        }
        choose_logging(worker, worker->proxy.snapshot->policy);
        tally_install(worker->tally, worker->proxy.snapshot->policy);
        policy_release(message->policy);
        break;
    case MAIL_LISTEN:
        worker_start_listening(worker, message->listener, message->descriptor);
        break;
    case MAIL_UNLISTEN:
        worker_give_back(worker, message->listener);
        break;
    case MAIL_RETIRE:
    case MAIL_DRAIN:
        worker_stop_listening(worker);
        worker_leave_places(worker);
        if (message->kind == MAIL_RETIRE) {
            proxy_retire(&worker->proxy);
        } else {
            proxy_drain(&worker->proxy);
        }
        close_when_empty(worker);
        break;
    case MAIL_ABORT:
        worker_stop_listening(worker);
        worker_leave_places(worker);
        proxy_abort(&worker->proxy);
        close_when_empty(worker);
        break;
    case MAIL_LEAVE:
        leave(worker);
        break;
    }
}

static struct worker_message *take_mail(struct worker *worker)
{
    uv_mutex_lock(&worker->lock);
    struct worker_message *message = worker->first;
    if (message != NULL) {
        worker->first = message->next;
    }
    uv_mutex_unlock(&worker->lock);
    return message;
}

static void on_mail(uv_async_t *mail)
{
    struct worker *worker = LIST_OBJECT(mail, struct worker, mail);
    struct worker_message *message;
    pulse_answer(&worker->pulse);
    worker_follow_places(worker);
    while (!worker->is_closed && (message = take_mail(worker)) != NULL) {
        carry_out(worker, message);
        free(message);
    }
}

static bool post(struct worker *worker, const struct worker_message *content)
{
    struct worker_message *message = malloc(sizeof *message);
    if (message == NULL) {
        return false;
    }
    *message = *content;
    message->next = NULL;
    uv_mutex_lock(&worker->lock);
    if (worker->first == NULL) {
        worker->first = message;
    } else {
        worker->last->next = message;
    }
    worker->last = message;
    /* Inside the lock: a worker that ends takes it before its handle goes. */
    if (!worker->is_closed) {
        uv_async_send(&worker->mail);
    }
    uv_mutex_unlock(&worker->lock);
    return true;
}

bool worker_install(struct worker *worker, const struct policy *policy)
{
    struct worker_message message = {.kind = MAIL_INSTALL, .policy = policy};
    policy_reference(policy);
    if (!post(worker, &message)) {
        policy_release(policy);
        return false;
    }
    return true;
}

bool worker_listen(struct worker *worker, unsigned listener, int descriptor)
{
    struct worker_message message = {
        .kind = MAIL_LISTEN, .listener = listener, .descriptor = descriptor};
    return post(worker, &message);
}

bool worker_unlisten(struct worker *worker, unsigned listener)
{
    struct worker_message message = {.kind = MAIL_UNLISTEN, .listener = listener};
    return post(worker, &message);
}

bool worker_retire(struct worker *worker)
{
    struct worker_message message = {.kind = MAIL_RETIRE};
    return post(worker, &message);
}

bool worker_drain(struct worker *worker)
{
    struct worker_message message = {.kind = MAIL_DRAIN};
    return post(worker, &message);
}

bool worker_abort(struct worker *worker)
{
    struct worker_message message = {.kind = MAIL_ABORT};
    return post(worker, &message);
}

void worker_wake(struct worker *worker)
{
    uv_mutex_lock(&worker->lock);
    if (!worker->is_closed) {
        uv_async_send(&worker->mail);
    }
    uv_mutex_unlock(&worker->lock);
}

bool worker_leave(struct worker *worker)
{
    struct worker_message message = {.kind = MAIL_LEAVE};
    return post(worker, &message);
}

bool worker_has_left(struct worker *worker)
{
    uv_mutex_lock(&worker->lock);
    bool has_left = worker->has_left || worker->is_closed;
    uv_mutex_unlock(&worker->lock);
    return has_left;
}

/* ---- life */

/* The loop and what hangs on it; false: nothing of it is left. */
static bool open_loop(struct worker *worker, const struct policy *policy,
                      struct proxy_limits limits)
{
    if (uv_loop_init(&worker->loop) != 0) {
        return false;
    }
    if (!proxy_init(&worker->proxy, &worker->loop, policy, limits, &proxy_events, worker)) {
        uv_loop_close(&worker->loop);
        return false;
    }
    if (uv_async_init(&worker->loop, &worker->mail, on_mail) != 0) {
        proxy_close(&worker->proxy);
        uv_run(&worker->loop, UV_RUN_DEFAULT);
        proxy_finish(&worker->proxy);
        uv_loop_close(&worker->loop);
        return false;
    }
    return true;
}

bool worker_init(struct worker *worker, unsigned index, const struct policy *policy,
                 struct proxy_limits limits, struct access_log *access_log,
                 void (*on_ended)(struct worker *worker), void *owner)
{
    *worker = (struct worker){.index = index,
                              .access_log = access_log,

                              .on_ended = on_ended,
                              .owner = owner};
    worker_init_accepting(worker);
    deadline_init(&worker->flush, on_flush);
    worker->tally = tally_create(1);
    if (worker->tally == NULL) {
        return false;
    }
    tally_install(worker->tally, policy);
    if (uv_mutex_init(&worker->lock) != 0) {
        tally_destroy(worker->tally);
        return false;
    }
    if (!open_loop(worker, policy, limits)) {
        uv_mutex_destroy(&worker->lock);
        tally_destroy(worker->tally);
        return false;
    }
    choose_logging(worker, policy);
    return true;
}

struct status_worker worker_counted(const struct worker *worker)
{
    return (struct status_worker){.counters = &worker->proxy.counters, .tally = worker->tally};
}

static void run(void *argument)
{
    struct worker *worker = argument;
    char name[THREAD_NAME_MAX];
    snprintf(name, sizeof name, "worker %u", worker->index);
    (void)pthread_setname_np(pthread_self(), name); /* for top -H */
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    worker->on_ended(worker);
}

bool worker_start(struct worker *worker)
{
    return uv_thread_create(&worker->thread, run, worker) == 0;
}

void worker_join(struct worker *worker)
{
    uv_thread_join(&worker->thread);
}

static void drop_mail(struct worker *worker)
{
    struct worker_message *message;
    while ((message = take_mail(worker)) != NULL) {
        if (message->kind == MAIL_INSTALL) {
            policy_release(message->policy);
        } else if (message->kind == MAIL_LISTEN) {
            close(message->descriptor);
        }
        free(message);
    }
}

void worker_finish(struct worker *worker, bool was_started)
{
    if (!was_started) {
        worker->proxy.is_draining = true;
        close_when_empty(worker);
        uv_run(&worker->loop, UV_RUN_DEFAULT);
    }
    drop_mail(worker);
    proxy_finish(&worker->proxy);
    uv_mutex_destroy(&worker->lock);
    int error = uv_loop_close(&worker->loop);
    assert(error == 0); /* nothing was left open */
    (void)error;
    tally_destroy(worker->tally);
}
