/* How the process ends: in good order, and when that way is barred by a second signal, by what hangs, by lack of memory. */
#include "gateway_steps.h"
#include "verbgate/base/log.h"

#include <signal.h>
#include <unistd.h>

enum { WORKERS_MS = 300, POLL_MS = 5 };

/* ---- in good order */

void gateway_close_handles(struct gateway *gateway)
{
    for (unsigned i = 0; i < GATEWAY_SIGNAL_COUNT; i++) {
        int number = gateway->signals[i].signum;
        uv_close((uv_handle_t *)&gateway->signals[i], NULL);
        signal(number, SIG_IGN); /* what is still written may not be cut */
    }
    gateway_close_manager(gateway);
    upgrade_close(&gateway->upgrade);
    uv_close((uv_handle_t *)&gateway->asked_to_stop, NULL);
    uv_close((uv_handle_t *)&gateway->worker_ended, NULL);
    uv_close((uv_handle_t *)&gateway->drain, NULL);
    admin_close(&gateway->admin);
    admin_close(&gateway->health);
    observe_writer_close(&gateway->observe_writer);
    watch_close(&gateway->watch);
}

static void on_worker_ended(uv_async_t *async)
{
    struct gateway *gateway = LIST_OBJECT(async, struct gateway, worker_ended);
    gateway_go_on_reloading(gateway);
    if (atomic_load(&gateway->ended_count) < gateway->started_count || !gateway->is_stopping ||
        gateway->are_joined) {
        return;
    }
    /* A worker may still be inside the call that woke us: its handle goes after its thread. */
    for (unsigned i = 0; i < gateway->started_count; i++) {
        worker_join(&gateway->workers[i]);
    }
    gateway->are_joined = true;
    gateway_close_handles(gateway);
}

void gateway_note_ended(struct worker *worker)
{
    struct gateway *gateway = worker->owner;
    atomic_fetch_add(&gateway->ended_count, 1);
    uv_async_send(&gateway->worker_ended);
}

void gateway_note_left(struct worker *worker)
{
    struct gateway *gateway = worker->owner;
    listeners_note_left(&gateway->listeners);
    uv_async_send(&gateway->worker_ended);
}

static void on_drain_over(uv_timer_t *timer)
{
    struct gateway *gateway = LIST_OBJECT(timer, struct gateway, drain);
    log_warn("drain-timeout is over: the rest is closed");
    for (unsigned i = 0; i < gateway->started_count; i++) {
        if (!worker_abort(&gateway->workers[i])) {
            gateway_leave(gateway, 1);
        }
    }
}

static void drain(struct gateway *gateway)
{
    log_info("stop accepting, finish what runs");
    upgrade_cancel(&gateway->upgrade);
    for (unsigned i = 0; i < gateway->started_count; i++) {
        if (!worker_drain(&gateway->workers[i])) {
            gateway_leave(gateway, 1);
        }
    }
    listeners_withdraw(&gateway->listeners);
    uv_timer_start(&gateway->drain, on_drain_over, gateway->policy->process.drain_timeout_ms, 0);
}

/* Those who ask /readyz have had the time to send their clients elsewhere. */
static void on_delay_over(uv_timer_t *timer)
{
    drain(LIST_OBJECT(timer, struct gateway, drain));
}

/* Requests that run have the usual time from here on. */
static void stop_waiting_for_idle(uv_timer_t *timer)
{
    log_info("idle clients are no longer waited for");
    drain(LIST_OBJECT(timer, struct gateway, drain));
}

static void on_asked_to_stop(uv_async_t *async)
{
    struct gateway *gateway = LIST_OBJECT(async, struct gateway, asked_to_stop);
    int signal_number = atomic_load(&gateway->stop_signal);
    if (gateway->policy == NULL) {
        return;
    }
    if (gateway->is_replaced) {
        stop_waiting_for_idle(&gateway->drain);
        return;
    }
    if (gateway->is_stopping) {
        return;
    }
    gateway->is_stopping = true;
    gateway->status.is_draining = true;
    gateway_tell_stopping(gateway);
    uint32_t delay_ms = gateway->policy->process.drain_delay_ms;
    if (delay_ms > 0) {
        log_info("signal %d: not ready from now on, accepting for drain-delay", signal_number);
        uv_timer_start(&gateway->drain, on_delay_over, delay_ms, 0);
    } else {
        log_info("signal %d: stopping", signal_number);
        drain(gateway);
    }
}

void gateway_retire(struct gateway *gateway)
{
    gateway->is_stopping = gateway->is_replaced = true;
    gateway->status.is_draining = true;
    for (unsigned i = 0; i < gateway->started_count; i++) {
        if (!worker_retire(&gateway->workers[i])) {
            gateway_leave(gateway, 1);
        }
    }
    uv_timer_start(&gateway->drain, stop_waiting_for_idle,
                   gateway->policy->process.drain_timeout_ms, 0);
}

/* Runs on the thread of `ending`. */
static void ask_to_stop(struct ending *ending, int signal_number)
{
    struct gateway *gateway = LIST_OBJECT(ending, struct gateway, ending);
    atomic_store(&gateway->stop_signal, signal_number);
    uv_async_send(&gateway->asked_to_stop);
}

static void leave(struct ending *ending, int status)
{
    gateway_leave(LIST_OBJECT(ending, struct gateway, ending), status);
}

void gateway_init_end(struct gateway *gateway)
{
    uv_async_init(&gateway->loop, &gateway->asked_to_stop, on_asked_to_stop);
    uv_async_init(&gateway->loop, &gateway->worker_ended, on_worker_ended);
    uv_timer_init(&gateway->loop, &gateway->drain);
}

bool gateway_start_ending(struct gateway *gateway)
{
    return ending_start(&gateway->ending, ask_to_stop, leave);
}

/* ---- at once */

/* Workers hold lines of the access log for a moment; a worker that is busy for longer keeps its own. */
static void collect_lines(struct gateway *gateway, unsigned workers)
{
    uint64_t until = uv_hrtime() + WORKERS_MS * UINT64_C(1000000);
    for (unsigned i = 0; i < workers; i++) {
        if (!worker_leave(&gateway->workers[i])) {
            return;
        }
    }
    for (unsigned i = 0; i < workers; i++) {
        while (!worker_has_left(&gateway->workers[i]) && uv_hrtime() < until) {
            uv_sleep(POLL_MS);
        }
    }
}

void gateway_leave(struct gateway *gateway, int status)
{
    unsigned workers = atomic_load(&gateway->started_count);
    if (workers > 0) {
        collect_lines(gateway, workers);
        access_log_end(gateway->access_log, GATEWAY_LOG_STILL_MS, GATEWAY_LOG_MOST_MS);
    }
    log_end(GATEWAY_LOG_STILL_MS, GATEWAY_LOG_MOST_MS);
    _exit(status);
}

static void count_handle(uv_handle_t *handle, void *context)
{
    (void)handle;
    ++*(unsigned *)context;
}

static bool has_handles(uv_loop_t *loop)
{
    unsigned count = 0;
    uv_walk(loop, count_handle, &count);
    return count > 0;
}

/* The record of the traffic is waited for. A look at the policy's files is not, nor is a reload. */
bool gateway_run_loop(struct gateway *gateway)
{
    while (uv_run(&gateway->loop, UV_RUN_ONCE) != 0) {
        if (gateway->are_joined && !has_handles(&gateway->loop) &&
            !gateway->observe_writer.is_writing) {
            return false;
        }
    }
    return true;
}
