#include "worker_steps.h"

#include "verbgate/base/log.h"
#include "verbgate/telemetry/access_line.h"
#include "verbgate/upstream/snapshot.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREAD_NAME_MAX = 16 }; /* the kernel's */

static struct worker *of_context(struct context *context)
{
    return LIST_OBJECT(context, struct worker, context);
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

static void on_record(struct context *context, const struct record *record)
{
    struct worker *worker = of_context(context);
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
    deadline_arm(&context->deadlines, &worker->flush, WORKER_FLUSH_MS);
    bool fitted = write_line(worker, record);
    assert(fitted); /* ACCESS_LINE_MAX is below the buffer's size */
    (void)fitted;
}

_Static_assert((int)ACCESS_LINE_MAX <= (int)LINE_BUFFER_BYTES, "a line fits a buffer");

static void choose_logging(struct worker *worker, const struct policy *policy)
{
    worker->is_logging = !slice_equal(policy->process.access_log, SLICE("off"));
    worker->is_observing = observe_is_wanted(policy);
    worker->context.wants_texts = worker->is_logging || worker->is_observing;
}

/* ---- ending */

static void close_when_empty(struct worker *worker)
{
    if (!context_is_ending(&worker->context) || worker->context.connection_count > 0 ||
        worker->is_closed) {
        return;
    }
    flush_lines(worker);
    worker->is_closed = true;
    atomic_store(&worker->pulse.has_ended, true);
    mailbox_close(&worker->mailbox);
    worker_stop_listening(worker);
    deadline_cancel(&worker->retry);
    proxy_close(&worker->context);
}

/* The process is about to exit. A request that is served from here on would be in no log. */
static void leave(struct worker *worker)
{
    flush_lines(worker);
    atomic_store(&worker->has_left, true);
    for (;;) {
        pause();
    }
}

static void on_connection_closed(struct context *context)
{
    struct worker *worker = of_context(context);
    places_give(worker->places);
    if (context_is_ending(context)) {
        close_when_empty(worker);
        return;
    }
    worker_resume_acceptors(worker);
}

static const struct context_events proxy_events = {
    .on_record = on_record,
    .on_connection_closed = on_connection_closed,
};

/* ---- the mailbox */

static void carry_out(struct worker *worker, const struct letter *letter)
{
    switch (letter->kind) {
    case LETTER_INSTALL:
        if (!proxy_install(&worker->context, letter->policy)) {
            log_error("worker %u: out of memory, the old policy stays in force", worker->index);
        }
        choose_logging(worker, worker->context.snapshot->policy);
        tally_install(worker->tally, worker->context.snapshot->policy);
        policy_release(letter->policy);
        break;
    case LETTER_LISTEN:
        worker_start_listening(worker, letter->listener, letter->descriptor);
        break;
    case LETTER_UNLISTEN:
        worker_give_back(worker, letter->listener);
        break;
    case LETTER_RETIRE:
    case LETTER_DRAIN:
        worker_stop_listening(worker);
        worker_leave_places(worker);
        if (letter->kind == LETTER_RETIRE) {
            proxy_retire(&worker->context);
        } else {
            proxy_drain(&worker->context);
        }
        close_when_empty(worker);
        break;
    case LETTER_ABORT:
        worker_stop_listening(worker);
        worker_leave_places(worker);
        proxy_abort(&worker->context);
        close_when_empty(worker);
        break;
    case LETTER_LEAVE:
        leave(worker);
        break;
    }
}

static void on_letters(uv_async_t *wake)
{
    struct worker *worker = LIST_OBJECT(wake, struct worker, mailbox.wake);
    struct letter *letter;
    pulse_answer(&worker->pulse);
    worker_follow_places(worker);
    while (!worker->is_closed && (letter = mailbox_take(&worker->mailbox)) != NULL) {
        carry_out(worker, letter);
        free(letter);
    }
}

void worker_install(struct worker *worker, const struct policy *policy, struct letter_stock *stock)
{
    struct letter *letter = letter_stock_take(stock);
    *letter = (struct letter){.kind = LETTER_INSTALL, .policy = policy};
    policy_reference(policy);
    mailbox_post(&worker->mailbox, letter);
}

void worker_listen(struct worker *worker, unsigned listener, int descriptor,
                   struct letter_stock *stock)
{
    struct letter *letter = letter_stock_take(stock);
    *letter =
        (struct letter){.kind = LETTER_LISTEN, .listener = listener, .descriptor = descriptor};
    mailbox_post(&worker->mailbox, letter);
}

void worker_unlisten(struct worker *worker, unsigned listener, struct letter_stock *stock)
{
    struct letter *letter = letter_stock_take(stock);
    *letter = (struct letter){.kind = LETTER_UNLISTEN, .listener = listener};
    mailbox_post(&worker->mailbox, letter);
}

static bool post(struct worker *worker, enum letter_kind kind)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (letter == NULL) {
        return false;
    }
    letter->kind = kind;
    mailbox_post(&worker->mailbox, letter);
    return true;
}

bool worker_retire(struct worker *worker)
{
    return post(worker, LETTER_RETIRE);
}

bool worker_drain(struct worker *worker)
{
    return post(worker, LETTER_DRAIN);
}

bool worker_abort(struct worker *worker)
{
    return post(worker, LETTER_ABORT);
}

void worker_wake(struct worker *worker)
{
    mailbox_wake(&worker->mailbox);
}

bool worker_leave(struct worker *worker)
{
    return post(worker, LETTER_LEAVE);
}

bool worker_has_left(struct worker *worker)
{
    return atomic_load(&worker->has_left) || mailbox_is_closed(&worker->mailbox);
}

/* ---- life */

/* The loop and what hangs on it; false: nothing of it is left. */
static bool open_loop(struct worker *worker, const struct policy *policy,
                      struct proxy_limits limits)
{
    if (uv_loop_init(&worker->loop) != 0) {
        return false;
    }
    if (!proxy_init(&worker->context, &worker->loop, policy, limits, &proxy_events, worker)) {
        uv_loop_close(&worker->loop);
        return false;
    }
    if (!mailbox_init(&worker->mailbox, &worker->loop, on_letters)) {
        proxy_close(&worker->context);
        uv_run(&worker->loop, UV_RUN_DEFAULT);
        proxy_finish(&worker->context);
        uv_loop_close(&worker->loop);
        return false;
    }
    return true;
}

bool worker_init(struct worker *worker, unsigned index, const struct policy *policy,
                 struct proxy_limits limits, struct access_log *access_log,
                 void (*on_ended)(struct worker *worker), void *owner)
{
    *worker = (struct worker){
        .index = index, .access_log = access_log, .on_ended = on_ended, .owner = owner};
    worker_init_accepting(worker);
    deadline_init(&worker->flush, on_flush);
    worker->tally = tally_create(1);
    if (worker->tally == NULL) {
        return false;
    }
    tally_install(worker->tally, policy);
    if (!open_loop(worker, policy, limits)) {
        tally_destroy(worker->tally);
        return false;
    }
    choose_logging(worker, policy);
    return true;
}

struct status_worker worker_counted(const struct worker *worker)
{
    return (struct status_worker){.counters = &worker->context.counters, .tally = worker->tally};
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

void worker_finish(struct worker *worker, bool was_started)
{
    if (!was_started) {
        context_enter_phase(&worker->context, CONTEXT_DRAINS);
        close_when_empty(worker);
        uv_run(&worker->loop, UV_RUN_DEFAULT);
    }
    mailbox_finish(&worker->mailbox);
    proxy_finish(&worker->context);
    int error = uv_loop_close(&worker->loop);
    assert(error == 0); /* nothing was left open */
    (void)error;
    tally_destroy(worker->tally);
}
