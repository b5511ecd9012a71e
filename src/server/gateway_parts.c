/* The parts of the process that follow the policy, as a table for server/reload. */
#include "gateway_steps.h"
#include "verbgate/base/log.h"

#include <stdio.h>

_Static_assert((int)LISTENERS_PROBLEM_MAX <= (int)RELOAD_PROBLEM_MAX &&
                   (int)ADMIN_PROBLEM_MAX <= (int)RELOAD_PROBLEM_MAX,
               "one problem holds any");

enum { PATH_SHOWN = 150 }; /* bytes of a path, so that there is room for the reason */

/* ---- the record of the traffic */

static bool prepare_observe(void *owner, const struct policy *policy,
                            char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    char reason[LEARN_PROBLEM_MAX];
    if (!observe_prepare(gateway->observe, policy, reason)) {
        snprintf(problem, RELOAD_PROBLEM_MAX, "observe %.150s: %.300s",
                 policy->process.observe.data, reason);
        return false;
    }
    return true;
}

static void roll_back_observe(void *owner)
{
    struct gateway *gateway = owner;
    observe_roll_back(gateway->observe);
}

static void commit_observe(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    observe_writer_commit(&gateway->observe_writer, policy);
}

/* ---- the access log */

static bool prepare_access_log(void *owner, const struct policy *policy,
                               char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    struct slice target = policy->process.access_log;
    const char *reason = access_log_prepare(gateway->access_log, target);
    if (reason != NULL) {
        target.length = target.length < PATH_SHOWN ? target.length : PATH_SHOWN;
        snprintf(problem, RELOAD_PROBLEM_MAX, "access-log %.*s: %s", SLICE_PRINT(target), reason);
        return false;
    }
    return true;
}

static void roll_back_access_log(void *owner)
{
    struct gateway *gateway = owner;
    access_log_roll_back(gateway->access_log);
}

static void commit_access_log(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    (void)policy;
    access_log_commit(gateway->access_log);
}

/* ---- the workers, which are told by letters */

static bool prepare_workers(void *owner, const struct policy *policy,
                            char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    (void)policy;
    if (!letter_stock_fill(&gateway->letters, gateway->worker_count)) {
        snprintf(problem, RELOAD_PROBLEM_MAX, "out of memory");
        return false;
    }
    return true;
}

/* With the letters of the listeners. */
static void roll_back_workers(void *owner)
{
    struct gateway *gateway = owner;
    letter_stock_empty(&gateway->letters);
}

static void commit_workers(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        worker_install(&gateway->workers[i], policy, &gateway->letters);
    }
}

/* ---- the listeners */

static bool prepare_listeners(void *owner, const struct policy *policy,
                              char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    return listeners_prepare(&gateway->listeners, policy, &gateway->letters, problem);
}

static void roll_back_listeners(void *owner)
{
    struct gateway *gateway = owner;
    listeners_roll_back(&gateway->listeners);
}

static void commit_listeners(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    (void)policy;
    listeners_commit(&gateway->listeners, gateway->workers, &gateway->letters);
}

/* ---- the admin and the health listener */

static bool prepare_admin(void *owner, const struct policy *policy,
                          char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    return admin_prepare(&gateway->admin, &policy->process.admin, problem);
}

static bool attach_admin(void *owner, char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    return admin_attach(&gateway->admin, problem);
}

static void roll_back_admin(void *owner)
{
    struct gateway *gateway = owner;
    admin_roll_back(&gateway->admin);
}

static void commit_admin(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    admin_commit(&gateway->admin, &policy->process.admin);
}

static bool prepare_health(void *owner, const struct policy *policy,
                           char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    return admin_prepare(&gateway->health, &policy->process.health, problem);
}

static bool attach_health(void *owner, char problem[RELOAD_PROBLEM_MAX])
{
    struct gateway *gateway = owner;
    return admin_attach(&gateway->health, problem);
}

static void roll_back_health(void *owner)
{
    struct gateway *gateway = owner;
    admin_roll_back(&gateway->health);
}

static void commit_health(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    admin_commit(&gateway->health, &policy->process.health);
}

/* ---- what the control thread itself goes by */

/* Workers and places were made at the start, and stay as they were made. */
static void warn_of_restart(const struct policy *old, const struct policy *new)
{
    if (old->process.workers != new->process.workers ||
        old->process.max_connections != new->process.max_connections) {
        log_warn("workers and max-connections change with a restart only");
    }
}

static void start_watching(struct gateway *gateway, const struct policy *policy)
{
    uint32_t interval_ms = policy->process.watch_ms;
    if (policy->is_read_once && interval_ms != 0) {
        log_warn("watch has no effect: %s is not a regular file and cannot be read again",
                 gateway->path);
        interval_ms = 0;
    }
    watch_set(&gateway->watch, interval_ms, policy->fingerprint);
}

static void commit_control(void *owner, const struct policy *policy)
{
    struct gateway *gateway = owner;
    log_set_level(policy->process.log_level);
    if (gateway->policy != NULL) {
        warn_of_restart(gateway->policy, policy);
        policy_release(gateway->policy);
    }
    gateway->policy = policy;
    gateway->status.policy = policy;
    start_watching(gateway, policy);
    ending_set_bound(&gateway->ending,
                     policy->process.drain_delay_ms + policy->process.drain_timeout_ms);
}

/* ---- all of them */

/* The workers come before the listeners: a new listener's first client finds the new policy. */
static const struct reload_part parts[] = {
    {prepare_observe, NULL, roll_back_observe, commit_observe},
    {prepare_access_log, NULL, roll_back_access_log, commit_access_log},
    {prepare_workers, NULL, roll_back_workers, commit_workers},
    {prepare_listeners, NULL, roll_back_listeners, commit_listeners},
    {prepare_admin, attach_admin, roll_back_admin, commit_admin},
    {prepare_health, attach_health, roll_back_health, commit_health},
    {.commit = commit_control},
};

const struct reload_table gateway_parts = {parts, sizeof parts / sizeof parts[0]};
