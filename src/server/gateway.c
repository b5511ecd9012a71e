#include "verbgate/server/gateway.h"

#include "gateway_steps.h"
#include "verbgate/base/log.h"
#include "verbgate/net/event_batch.h"
#include "verbgate/net/reserve.h"
#include "verbgate/server/processors.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    WORKERS_MAX = 256,
    SPARE_DESCRIPTORS = 64, /* files, pipes, standard streams, the control loop */
    /* Its loop, its listening sockets up to a dozen, and a client that waits for a place. */
    SPARE_DESCRIPTORS_WORKER = 16,
    DESCRIPTORS_PIPE = 2,
    PIPES_SHARE = 16, /* at most one descriptor in this many is a pipe's */
};

/* ---- resources */

static unsigned count_workers(const struct policy *policy)
{
    unsigned wanted = policy->process.workers == 0 ? processors_count() : policy->process.workers;
    return wanted < WORKERS_MAX ? wanted : WORKERS_MAX;
}

static rlim_t spare_descriptors(unsigned workers)
{
    return SPARE_DESCRIPTORS + (rlim_t)SPARE_DESCRIPTORS_WORKER * workers;
}

/* Descriptors that the process may have, raised as far as that goes; 0: unknown. */
static rlim_t count_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return 0;
        }
    }
    return limit.rlim_cur;
}

/* Pipes are a gain and no need, so they leave nearly all descriptors to the connections. */
static unsigned limit_pipes(rlim_t usable, unsigned workers)
{
    rlim_t most = usable / PIPES_SHARE / DESCRIPTORS_PIPE;
    rlim_t wanted = (rlim_t)SPLICE_PIPES_MOST * workers;
    return (unsigned)(most < wanted ? most : wanted);
}

/* What the descriptors at hand allow, all workers together. A client connection may need one more to a
 * server: accepting stops where there would be none left, so that running exchanges never find
 * themselves without. */
static struct proxy_limits limit_process(const struct policy *policy, unsigned workers)
{
    unsigned wanted = policy->process.max_connections;
    rlim_t descriptors = count_descriptors();
    if (descriptors == 0) {
        return (struct proxy_limits){.connections = wanted, .pipes = SPLICE_PIPES_MOST * workers};
    }
    rlim_t spare = spare_descriptors(workers);
    rlim_t usable = descriptors > 2 * spare ? descriptors - spare : descriptors / 2;
    unsigned pipes = limit_pipes(usable, workers);
    rlim_t left = usable - (rlim_t)DESCRIPTORS_PIPE * pipes;
    rlim_t most = left / 2 > 0 ? left / 2 : 1;
    if (wanted <= most) {
        return (struct proxy_limits){.connections = wanted, .pipes = pipes};
    }
    log_warn("max-connections = %u needs more file descriptors than the %llu that are allowed: "
             "%llu client connections are the limit (raise it with ulimit -n)",
             wanted, (unsigned long long)descriptors, (unsigned long long)most);
    return (struct proxy_limits){.connections = (unsigned)most, .pipes = pipes};
}

static struct proxy_limits share_limits(struct proxy_limits all, unsigned workers)
{
    return (struct proxy_limits){.connections = all.connections,
                                 .pipes = all.pipes / workers,
                                 .private_connections = (all.connections + workers - 1) / workers};
}

/* Makes room for all descriptors at once. While threads share the kernel's table, each time that it
 * grows (at 64, 128, 256...) the thread that needs the next one waits for all processors, 10 ms and
 * more: amid a burst of connections. Before the first thread it costs nothing. */
static void reserve_descriptors(const struct gateway *gateway, struct proxy_limits all,
                                unsigned workers)
{
    rlim_t count = 2 * (rlim_t)all.connections + DESCRIPTORS_PIPE * (rlim_t)all.pipes +
                   spare_descriptors(workers);
    int highest = fcntl(uv_backend_fd(&gateway->loop), F_DUPFD_CLOEXEC, (int)count - 1);
    if (highest >= 0) {
        close(highest);
    }
}

/* Descriptors that each loop has a place for: where the limit allows it, idle connections to servers come on top of one
 * for each client and one for its request. */
static unsigned count_watchers(struct proxy_limits all, unsigned workers)
{
    unsigned count =
        3 * all.connections + DESCRIPTORS_PIPE * all.pipes + (unsigned)spare_descriptors(workers);
    return reserve_share(count, workers + 1);
}

/* ---- signals */

static void on_signal(uv_signal_t *handle, int signal_number)
{
    struct gateway *gateway = handle->data;
    switch (signal_number) {
    case SIGHUP:
        gateway_reload(gateway);
        break;
    case SIGUSR1:
        observe_writer_write(&gateway->observe_writer);
        access_log_reopen(gateway->access_log);
        break;
    case SIGUSR2:
        gateway_upgrade(gateway);
        break;
    default:
        break;
    }
}

/* Writing to a terminal from the background must not stop the process, and a file at its limit (RLIMIT_FSIZE) or a
 * reader that went away is an error of that write alone. Signals that the parent had blocked are heard. */
static void set_up_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
    ending_block_signals();
}

static void on_files_changed(struct watch *watch)
{
    log_info("the policy's files have changed");
    gateway_reload(watch->owner);
}

static void start_handles(struct gateway *gateway)
{
    static const int numbers[GATEWAY_SIGNAL_COUNT] = {SIGHUP, SIGUSR1, SIGUSR2};
    for (unsigned i = 0; i < GATEWAY_SIGNAL_COUNT; i++) {
        uv_signal_init(&gateway->loop, &gateway->signals[i]);
        gateway->signals[i].data = gateway;
        uv_signal_start(&gateway->signals[i], on_signal, numbers[i]);
    }
    gateway_init_end(gateway);
    gateway_init_manager(gateway);
    gateway_init_upgrade(gateway);
    admin_init(&gateway->admin, ADMIN_EVERYTHING, &gateway->loop, &gateway->status);
    admin_init(&gateway->health, ADMIN_HEALTH, &gateway->loop, &gateway->status);
    observe_writer_init(&gateway->observe_writer, &gateway->loop);
    watch_init(&gateway->watch, &gateway->loop, gateway->path, on_files_changed, gateway);
}

/* ---- life */

/* The worker array with every worker prepared. */
static bool make_workers(struct gateway *gateway, const struct policy *policy)
{
    unsigned wanted = count_workers(policy);
    struct proxy_limits limits = limit_process(policy, wanted);
    struct proxy_limits share = share_limits(limits, wanted);
    gateway->places.most = limits.connections;
    unsigned watchers = count_watchers(limits, wanted);
    reserve_descriptors(gateway, limits, wanted);
    gateway->workers = calloc(wanted, sizeof *gateway->workers);
    gateway->counted = calloc(wanted, sizeof *gateway->counted);
    gateway->access_log = access_log_create(wanted);
    gateway->observe = observe_create(wanted);
    gateway->observe_writer.observe = gateway->observe;
    if (gateway->workers == NULL || gateway->counted == NULL || gateway->access_log == NULL ||
        gateway->observe == NULL) {
        return false;
    }
    for (unsigned i = 0; i < wanted; i++) {
        if (!worker_init(&gateway->workers[i], i, policy, share, gateway->access_log,
                         gateway_note_ended, gateway)) {
            return false;
        }
        gateway->workers[i].observe = gateway->observe;
        gateway->workers[i].on_left = gateway_note_left;
        worker_share_places(&gateway->workers[i], &gateway->places);
        gateway->counted[i] = worker_counted(&gateway->workers[i]);
        gateway->worker_count++;
        if (!reserve_watchers(&gateway->workers[i].loop, watchers)) {
            return false;
        }
    }
    gateway->listeners.workers = wanted;
    gateway->status.workers = gateway->counted;
    gateway->status.worker_count = wanted;
    gateway->status.access_log = gateway->access_log;
    return reserve_watchers(&gateway->loop, watchers);
}

static bool start_workers(struct gateway *gateway)
{
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        if (!worker_start(&gateway->workers[i])) {
            return false;
        }
        gateway->started_count++;
    }
    return true;
}

#define MORE_THREADS                                                                             \
    "raise pids.max of the control group (TasksMax in a systemd unit), ulimit -u, or the limit " \
    "of memory"

static void tell_no_threads(void)
{
    log_error("%u threads for files and names cannot be made: " MORE_THREADS,
              reserve_thread_count());
    log_end(GATEWAY_LOG_STILL_MS, GATEWAY_LOG_MOST_MS); /* the process ends with this */
}

/* What a start needs before the policy can be put in force; false: `problem` says what is missing. */
static bool make_ready(struct gateway *gateway, const struct policy *policy,
                       char problem[RELOAD_PROBLEM_MAX])
{
    if (!make_workers(gateway, policy)) {
        snprintf(problem, RELOAD_PROBLEM_MAX,
                 "out of memory, threads or file descriptors: see ulimit -v, -u and -n, and the "
                 "limits of the control group");
        return false;
    }
    int error = reserve_threads(tell_no_threads);
    if (error != 0) {
        snprintf(problem, RELOAD_PROBLEM_MAX, "out of memory or file descriptors: %s",
                 uv_strerror(error));
        return false;
    }
    return true;
}

/* `is_told`: what is wrong stands in the log already, as the errors of the policy do. */
static bool try_to_start(struct gateway *gateway, char problem[RELOAD_PROBLEM_MAX], bool *is_told)
{
    const struct policy *policy = gateway_load(gateway, problem, is_told);
    if (policy == NULL) {
        return false;
    }
    if (!make_ready(gateway, policy, problem) || !gateway_put_in_force(gateway, policy, problem)) {
        policy_release(policy);
        return false;
    }
    inherited_close_unused();
    if (!start_workers(gateway) || !gateway_start_watchdog(gateway)) {
        snprintf(problem, RELOAD_PROBLEM_MAX,
                 "%u threads for the workers cannot be made: " MORE_THREADS, gateway->worker_count);
        return false;
    }
    return true;
}

static bool start(struct gateway *gateway)
{
    char problem[RELOAD_PROBLEM_MAX];
    bool is_told = false;
    if (!try_to_start(gateway, problem, &is_told)) {
        log_error("%s", is_told ? "not started: the policy has errors" : problem);
        notify_status(&gateway->notify, problem);
        return false;
    }
    gateway->status.is_ready = true;
    return true;
}

/* The steps of the end that may hang come first, while `ending` bounds them; false: the access log's thread hangs. */
static bool finish_files(struct gateway *gateway)
{
    bool has_ended = gateway->access_log == NULL ||
                     access_log_end(gateway->access_log, GATEWAY_LOG_STILL_MS, UINT32_MAX);
    if (gateway->observe != NULL) {
        observe_write(gateway->observe);
    }
    return has_ended;
}

static void finish(struct gateway *gateway)
{
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        worker_finish(&gateway->workers[i], i < gateway->started_count);
    }
    free(gateway->workers);
    free(gateway->counted);
    listeners_finish(&gateway->listeners);
    if (gateway->access_log != NULL) {
        access_log_destroy(gateway->access_log);
    }
    observe_destroy(gateway->observe);
    places_finish(&gateway->places);
    if (gateway->policy != NULL) {
        policy_release(gateway->policy);
    }
    legacy_stop(gateway->legacy);
    gateway_finish_manager(gateway);
    uv_loop_close(&gateway->loop);
    free(gateway);
}

/* Ends what start has begun. */
static void take_back_start(struct gateway *gateway)
{
    gateway->is_stopping = true;
    for (unsigned i = 0; i < gateway->started_count; i++) {
        if (!worker_abort(&gateway->workers[i])) {
            gateway_leave(gateway, 1);
        }
    }
    if (gateway->started_count == 0) {
        gateway_close_handles(gateway);
    }
}

static struct gateway *create(const char *policy_path, const char *text)
{
    struct gateway *gateway = calloc(1, sizeof *gateway);
    if (gateway == NULL || !places_init(&gateway->places, 0) || uv_loop_init(&gateway->loop) != 0) {
        free(gateway);
        return NULL;
    }
    gateway->path = policy_path;
    gateway->text = slice_of(text);
    gateway->status = (struct gateway_status){.file = policy_path};
    gateway->is_successor = upgrade_is_successor();
    gateway->status.started_at = gateway->status.loaded_at = time(NULL);
    gateway->status.reloads.last_succeeded = true;
    start_handles(gateway);
    if (!gateway_start_ending(gateway)) {
        return NULL; /* the process ends with it */
    }
    return gateway;
}

/* Runs it from "ready" to its end, or takes back what a start that failed has begun. */
static void run(struct gateway *gateway, bool started)
{
    if (started) {
        log_info("ready");
        gateway_succeed(gateway);
    } else {
        take_back_start(gateway);
    }
    bool is_idle = gateway_run_loop(gateway);
    is_idle = finish_files(gateway) && is_idle;
    ending_finish(&gateway->ending);
    if (!is_idle) {
        log_info("ended");
        gateway_leave(gateway, started ? 0 : 1);
    }
    finish(gateway);
    if (started) {
        log_info("ended");
    }
}

int gateway_run(const char *policy_path, const char *text)
{
    set_up_signals();
    inherited_open();
    event_batch_limit(EVENT_BATCH_MOST);
    if (!reserve_has_descriptors()) {
        log_error("fewer than %d file descriptors are left: raise the limit with ulimit -n",
                  RESERVE_DESCRIPTORS_LEAST);
        return 1;
    }
    struct gateway *gateway = log_start() ? create(policy_path, text) : NULL;
    if (gateway == NULL) {
        log_error("out of memory or threads");
        log_end(GATEWAY_LOG_STILL_MS, GATEWAY_LOG_MOST_MS);
        return 1;
    }
    bool started = start(gateway);
    run(gateway, started);
    log_end(GATEWAY_LOG_STILL_MS, GATEWAY_LOG_MOST_MS);
    return started ? 0 : 1;
}
