#include "verbgate/server/watch.h"

#include "verbgate/server/policy_file.h"

static void look(uv_work_t *work)
{
    struct watch *watch = work->data;
    watch->found = policy_file_fingerprint(watch->path);
}

static void on_looked(uv_work_t *work, int status)
{
    struct watch *watch = work->data;
    watch->is_looking = false;
    if (status != 0 || watch->interval_ms == 0) {
        return;
    }
    bool is_stable = watch->found == watch->seen;
    watch->seen = watch->found;
    if (is_stable && watch->found != watch->settled) {
        watch->settled = watch->found; /* a policy that is refused is refused once */
        watch->on_change(watch);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct watch *watch = timer->data;
    if (!watch->is_looking) {
        watch->is_looking = uv_queue_work(timer->loop, &watch->work, look, on_looked) == 0;
    }
}

void watch_init(struct watch *watch, uv_loop_t *loop, const char *path,
                void (*on_change)(struct watch *watch), void *owner)
{
    *watch = (struct watch){.path = path, .on_change = on_change, .owner = owner};
    watch->work.data = watch;
    uv_timer_init(loop, &watch->timer);
    watch->timer.data = watch;
}

void watch_set(struct watch *watch, uint32_t interval_ms, uint64_t fingerprint)
{
    watch->settled = watch->seen = fingerprint;
    watch->interval_ms = interval_ms;
    if (interval_ms == 0) {
        uv_timer_stop(&watch->timer);
    } else {
        uv_timer_start(&watch->timer, on_timer, interval_ms, interval_ms);
    }
}

void watch_close(struct watch *watch)
{
    watch->interval_ms = 0;
    uv_close((uv_handle_t *)&watch->timer, NULL);
}
