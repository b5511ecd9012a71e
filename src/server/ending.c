#include "verbgate/server/ending.h"

#include "verbgate/base/list.h"
#include "verbgate/base/log.h"

#include <signal.h>

static const int numbers[ENDING_SIGNAL_COUNT] = {SIGTERM, SIGINT, SIGQUIT};

static sigset_t make_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < ENDING_SIGNAL_COUNT; i++) {
        sigaddset(&set, numbers[i]);
    }
    return set;
}

void ending_block_signals(void)
{
    sigset_t set = make_set();
    (void)pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void on_bound(uv_timer_t *timer)
{
    struct ending *ending = LIST_OBJECT(timer, struct ending, bound);
    log_error("drain-timeout is over and something hangs (a file, a name or a log): the process "
              "ends without it");
    ending->leave(ending, 0);
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
    struct ending *ending = handle->data;
    if (!ending->is_asked) {
        ending->is_asked = true;
        ending->asked_at = uv_now(&ending->loop);
        uv_timer_start(&ending->bound, on_bound,
                       (uint64_t)atomic_load(&ending->bound_ms) + ENDING_GRACE_MS, 0);
        ending->on_asked(ending, signal_number);
        return;
    }
    if (uv_now(&ending->loop) - ending->asked_at < ENDING_SAME_WISH_MS) {
        if (!ending->is_asked_twice) {
            log_info("signal %d, within a second of the first: the same wish", signal_number);
        }
        ending->is_asked_twice = true;
        return;
    }
    log_warn("a second signal: exit at once");
    ending->leave(ending, 128 + signal_number);
}

static void on_told(uv_async_t *told)
{
    struct ending *ending = LIST_OBJECT(told, struct ending, told);
    for (unsigned i = 0; i < ENDING_SIGNAL_COUNT; i++) {
        uv_close((uv_handle_t *)&ending->signals[i], NULL);
    }
    uv_close((uv_handle_t *)&ending->bound, NULL);
    uv_close((uv_handle_t *)told, NULL);
}

static void run(void *argument)
{
    struct ending *ending = argument;
    sigset_t set = make_set();
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    uv_run(&ending->loop, UV_RUN_DEFAULT);
}

static bool start_handles(struct ending *ending)
{
    bool fine = true;
    for (unsigned i = 0; i < ENDING_SIGNAL_COUNT; i++) {
        uv_signal_init(&ending->loop, &ending->signals[i]);
        ending->signals[i].data = ending;
        fine = uv_signal_start(&ending->signals[i], on_signal, numbers[i]) == 0 && fine;
    }
    uv_timer_init(&ending->loop, &ending->bound);
    return uv_async_init(&ending->loop, &ending->told, on_told) == 0 && fine;
}

bool ending_start(struct ending *ending, void (*on_asked)(struct ending *ending, int signal_number),
                  void (*leave)(struct ending *ending, int status))
{
    ending->on_asked = on_asked;
    ending->leave = leave;
    return uv_loop_init(&ending->loop) == 0 && start_handles(ending) &&
           uv_thread_create(&ending->thread, run, ending) == 0;
}

void ending_set_bound(struct ending *ending, uint32_t bound_ms)
{
    atomic_store(&ending->bound_ms, bound_ms);
}

void ending_finish(struct ending *ending)
{
    uv_async_send(&ending->told);
    uv_thread_join(&ending->thread);
    uv_loop_close(&ending->loop);
}
