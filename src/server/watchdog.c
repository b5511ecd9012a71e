#include "verbgate/server/watchdog.h"

#include "verbgate/base/log.h"

#include <stdio.h>

enum { NS_IN_MS = 1000000 };

static void name_loop(unsigned index, char name[32])
{
    if (index == 0) {
        snprintf(name, 32, "the control loop");
    } else {
        snprintf(name, 32, "worker %u", index - 1);
    }
}

static uint64_t ms_since(uint64_t start_ns)
{
    return (uv_hrtime() - start_ns) / NS_IN_MS;
}

/* ---- one look */

static void ask(struct watchdog *watchdog, unsigned index)
{
    struct pulse *pulse = watchdog->pulses[index];
    if (atomic_load(&pulse->has_ended) || atomic_load(&pulse->is_asked)) {
        return;
    }
    pulse->asked_at_ns = uv_hrtime();
    atomic_store(&pulse->is_asked, true);
    watchdog->events->wake(watchdog->owner, index);
}

/* Whether the loop has answered since it was asked. A change of that is logged. */
static bool is_alive(const struct watchdog *watchdog, unsigned index)
{
    struct pulse *pulse = watchdog->pulses[index];
    bool is_missed = atomic_load(&pulse->is_asked) && !atomic_load(&pulse->has_ended);
    char name[32];
    name_loop(index, name);
    if (is_missed) {
        log_error("watchdog: %s has not turned for %llu ms; the service manager gets no sign of "
                  "life and will end the process unless it turns again",
                  name, (unsigned long long)ms_since(pulse->asked_at_ns));
    } else if (pulse->was_missed) {
        log_warn("watchdog: %s turns again", name);
    }
    pulse->was_missed = is_missed;
    return !is_missed;
}

static void look(struct watchdog *watchdog)
{
    bool all_alive = true;
    for (unsigned i = 0; i < watchdog->count; i++) {
        all_alive = is_alive(watchdog, i) && all_alive;
    }
    if (all_alive) {
        watchdog->events->alive(watchdog->owner);
    }
    for (unsigned i = 0; i < watchdog->count; i++) {
        ask(watchdog, i);
    }
}

/* ---- the thread */

static void run(void *argument)
{
    struct watchdog *watchdog = argument;
    uv_mutex_lock(&watchdog->lock);
    uint64_t due_ns = uv_hrtime();
    while (!watchdog->is_ending) {
        uint64_t now_ns = uv_hrtime();
        if (now_ns < due_ns) {
            (void)uv_cond_timedwait(&watchdog->told, &watchdog->lock, due_ns - now_ns);
            continue; /* it may wake early */
        }
        uv_mutex_unlock(&watchdog->lock);
        look(watchdog);
        uv_mutex_lock(&watchdog->lock);
        due_ns = uv_hrtime() + watchdog->interval_ns; /* each loop has this long to answer */
    }
    uv_mutex_unlock(&watchdog->lock);
}

bool watchdog_start(struct watchdog *watchdog, uint64_t usec, struct pulse **pulses, unsigned count,
                    const struct watchdog_events *events, void *owner)
{
    *watchdog = (struct watchdog){.interval_ns = usec * 1000 / 2,
                                  .pulses = pulses,
                                  .count = count,
                                  .events = events,
                                  .owner = owner};
    if (usec == 0) {
        return true;
    }
    if (uv_mutex_init(&watchdog->lock) != 0) {
        return false;
    }
    if (uv_cond_init(&watchdog->told) != 0) {
        uv_mutex_destroy(&watchdog->lock);
        return false;
    }
    if (uv_thread_create(&watchdog->thread, run, watchdog) != 0) {
        uv_cond_destroy(&watchdog->told);
        uv_mutex_destroy(&watchdog->lock);
        return false;
    }
    watchdog->is_running = true;
    return true;
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (!watchdog->is_running) {
        return;
    }
    uv_mutex_lock(&watchdog->lock);
    watchdog->is_ending = true;
    uv_cond_signal(&watchdog->told);
    uv_mutex_unlock(&watchdog->lock);
    uv_thread_join(&watchdog->thread);
    uv_cond_destroy(&watchdog->told);
    uv_mutex_destroy(&watchdog->lock);
    watchdog->is_running = false;
}
