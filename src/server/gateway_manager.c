/* What the service manager is told: that the process serves, reloads and stops, and that its loops turn. */
#include "gateway_steps.h"
#include "verbgate/base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATUS_TEXT_MAX = 640 };

/* ---- life */

void gateway_tell_serving(struct gateway *gateway)
{
    if (gateway->is_stopping) {
        return; /* the service manager has been told that the process stops */
    }
    char text[STATUS_TEXT_MAX];
    snprintf(text, sizeof text, "serving: policy generation %llu of %.300s, %u worker%s",
             (unsigned long long)gateway->policy->generation, gateway->path, gateway->worker_count,
             gateway->worker_count == 1 ? "" : "s");
    notify_ready(&gateway->notify, text);
}

void gateway_tell_failed(struct gateway *gateway, const char *what, const char *problem)
{
    if (gateway->is_stopping) {
        return; /* the service manager has been told that the process stops */
    }
    char text[STATUS_TEXT_MAX];
    snprintf(text, sizeof text, "serving, but the last %s failed: %.500s", what, problem);
    notify_ready(&gateway->notify, text);
}

void gateway_tell_stopping(struct gateway *gateway)
{
    char text[STATUS_TEXT_MAX];
    uint32_t most_ms = gateway->policy->process.drain_delay_ms;
    most_ms += gateway->policy->process.drain_timeout_ms;
    snprintf(text, sizeof text, "stopping: running requests have %u ms to finish", most_ms);
    notify_stopping(&gateway->notify, text);
}

/* ---- the watchdog */

static void on_asked_if_alive(uv_async_t *async)
{
    struct gateway *gateway = LIST_OBJECT(async, struct gateway, asked_if_alive);
    pulse_answer(&gateway->pulse);
}

/* The following two run on the watchdog's thread. */

static void wake(void *owner, unsigned index)
{
    struct gateway *gateway = owner;
    if (index == 0) {
        uv_async_send(&gateway->asked_if_alive);
    } else {
        worker_wake(&gateway->workers[index - 1]);
    }
}

static void tell_alive(void *owner)
{
    struct gateway *gateway = owner;
    notify_alive(&gateway->notify);
}

static const struct watchdog_events watchdog_events = {.wake = wake, .alive = tell_alive};

void gateway_init_manager(struct gateway *gateway)
{
    notify_open(&gateway->notify);
    uv_async_init(&gateway->loop, &gateway->asked_if_alive, on_asked_if_alive);
}

bool gateway_start_watchdog(struct gateway *gateway)
{
    gateway->pulses = calloc(gateway->worker_count + 1, sizeof *gateway->pulses);
    if (gateway->pulses == NULL) {
        return false;
    }
    gateway->pulses[0] = &gateway->pulse;
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        gateway->pulses[i + 1] = &gateway->workers[i].pulse;
    }
    return watchdog_start(&gateway->watchdog, notify_watchdog_usec(), gateway->pulses,
                          gateway->worker_count + 1, &watchdog_events, gateway);
}

void gateway_close_manager(struct gateway *gateway)
{
    watchdog_stop(&gateway->watchdog);
    uv_close((uv_handle_t *)&gateway->asked_if_alive, NULL);
}

void gateway_finish_manager(struct gateway *gateway)
{
    notify_close(&gateway->notify);
    free(gateway->pulses);
}
