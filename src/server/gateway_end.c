/* How the process ends when the usual way is barred: by a second signal, by what hangs, by lack of memory. */
#include "gateway_steps.h"
#include "verbgate/base/log.h"

#include <unistd.h>

enum { WORKERS_MS = 300, POLL_MS = 5 };

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
