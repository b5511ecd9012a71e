#include "gateway_steps.h"
#include "verbgate/base/log.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

_Static_assert((int)POLICY_FILE_PROBLEM_MAX <= (int)RESOLVE_PROBLEM_MAX,
               "one problem holds either");

/* A text is the same each time. Its names are looked up again, which is what a reload of it is for. */
struct policy *gateway_load(struct gateway *gateway, char problem[RESOLVE_PROBLEM_MAX])
{
    struct policy *policy = policy_file_load_for_service(gateway->path, gateway->text,
                                                         gateway->policy != NULL, problem);
    if (policy == NULL) {
        return NULL;
    }
    problem[0] = '\0';
    if (resolve_needs_legacy(policy) && gateway->legacy == NULL) {
        gateway->legacy = legacy_start(&gateway->legacy_address);
        if (gateway->legacy == NULL) {
            snprintf(problem, RESOLVE_PROBLEM_MAX, "the built-in backend cannot be started");
        }
    }
    const struct socket_address *legacy = gateway->legacy == NULL ? NULL : &gateway->legacy_address;
    if (problem[0] != '\0' || !resolve_policy(policy, legacy, problem)) {
        policy_release(policy);
        return NULL;
    }
    return policy;
}

static bool open_observed(struct gateway *gateway, const struct policy *policy,
                          char problem[LISTENERS_PROBLEM_MAX])
{
    char reason[LEARN_PROBLEM_MAX];
    if (!observe_writer_open(&gateway->observe_writer, policy, reason)) {
        snprintf(problem, LISTENERS_PROBLEM_MAX, "observe %.150s: %.300s",
                 policy->gateway.observe.data, reason);
        return false;
    }
    return true;
}

static const char *open_access_log(struct gateway *gateway, const struct policy *policy)
{
    return access_log_open(gateway->access_log, policy->gateway.access_log);
}

/* What was made once at the start stays as it was made. */
static void warn_of_restart(const struct policy *old, const struct policy *new)
{
    if (old->gateway.workers != new->gateway.workers ||
        old->gateway.max_connections != new->gateway.max_connections) {
        log_warn("workers and max-connections change with a restart only");
    }
}

static void roll_back_sockets(struct gateway *gateway)
{
    admin_roll_back(&gateway->health);
    admin_roll_back(&gateway->admin);
    listeners_roll_back(&gateway->listeners);
}

static bool prepare_sockets(struct gateway *gateway, const struct policy *policy,
                            char problem[LISTENERS_PROBLEM_MAX])
{
    if (!listeners_prepare(&gateway->listeners, policy, problem)) {
        return false;
    }
    if (!admin_prepare(&gateway->admin, &policy->gateway.admin, problem) ||
        !admin_prepare(&gateway->health, &policy->gateway.health, problem)) {
        roll_back_sockets(gateway);
        return false;
    }
    return true;
}

/* All of a new policy that can fail; when it does, nothing has changed. */
static bool prepare(struct gateway *gateway, const struct policy *policy,
                    char problem[LISTENERS_PROBLEM_MAX])
{
    if (!prepare_sockets(gateway, policy, problem)) {
        return false;
    }
    if (!open_observed(gateway, policy, problem)) {
        roll_back_sockets(gateway);
        return false;
    }
    const char *reason = open_access_log(gateway, policy);
    if (reason != NULL) {
        snprintf(problem, LISTENERS_PROBLEM_MAX, "access-log %.*s: %s",
                 SLICE_PRINT(policy->gateway.access_log), reason);
        roll_back_sockets(gateway);
        char ignored[LISTENERS_PROBLEM_MAX];
        if (gateway->policy != NULL && !open_observed(gateway, gateway->policy, ignored)) {
            log_error("%s", ignored);
        }
        return false;
    }
    return true;
}

static void start_watching(struct gateway *gateway, const struct policy *policy)
{
    uint32_t interval_ms = policy->gateway.watch_ms;
    if (policy->is_read_once && interval_ms != 0) {
        log_warn("watch has no effect: %s is not a regular file and cannot be read again",
                 gateway->path);
        interval_ms = 0;
    }
    watch_set(&gateway->watch, interval_ms, policy->fingerprint);
}

static bool put_in_force(struct gateway *gateway, const struct policy *policy,
                         char problem[LISTENERS_PROBLEM_MAX])
{
    if (!prepare(gateway, policy, problem)) {
        return false;
    }
    /* From the first letter to a worker on there is no way back. */
    bool fine = true;
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        fine = worker_install(&gateway->workers[i], policy) && fine;
    }
    fine = listeners_commit(&gateway->listeners, gateway->workers) && fine;
    if (!fine) {
        log_error("out of memory: not every worker has the new policy");
    }
    admin_commit(&gateway->admin, &policy->gateway.admin);
    admin_commit(&gateway->health, &policy->gateway.health);
    log_set_level(policy->gateway.log_level);
    if (gateway->policy != NULL) {
        warn_of_restart(gateway->policy, policy);
        policy_release(gateway->policy);
    }
    gateway->policy = policy;
    gateway->status.policy = policy;
    start_watching(gateway, policy);
    ending_set_bound(&gateway->ending,
                     policy->gateway.drain_delay_ms + policy->gateway.drain_timeout_ms);
    return true;
}

/* The last write to a policy comes before the first worker sees it. */
bool gateway_put_in_force(struct gateway *gateway, struct policy *policy,
                          char problem[LISTENERS_PROBLEM_MAX])
{
    policy->generation = gateway->policy == NULL ? 1 : gateway->policy->generation + 1;
    return put_in_force(gateway, policy, problem);
}

static void finish_reload(struct gateway *gateway)
{
    struct policy *policy = gateway->reload.policy;
    char problem[LISTENERS_PROBLEM_MAX];
    snprintf(problem, sizeof problem, "%s", gateway->reload.problem);
    gateway->is_reloading = false;
    if (policy != NULL && gateway->is_stopping) {
        policy_release(policy);
    } else if (policy != NULL && gateway_put_in_force(gateway, policy, problem)) {
        status_note_reload(&gateway->status, NULL);
        log_info("policy reloaded: generation %llu", (unsigned long long)policy->generation);
        gateway_tell_serving(gateway);
    } else {
        status_note_reload(&gateway->status, problem);
        log_error("reload failed, the old policy stays: %s", problem);
        gateway_tell_failed(gateway, "reload", problem);
        if (policy != NULL) {
            policy_release(policy);
        }
    }
    if (gateway->must_reload_again) {
        gateway->must_reload_again = false;
        gateway_reload(gateway);
    }
}

/* An address that the last reload took back may be wanted again: its workers close it first. */
void gateway_go_on_reloading(struct gateway *gateway)
{
    bool must_wait = listeners_are_leaving(&gateway->listeners) && !gateway->is_stopping;
    if (gateway->is_loaded && !must_wait) {
        gateway->is_loaded = false;
        finish_reload(gateway);
    }
}

static void on_loaded(uv_work_t *work, int status)
{
    struct gateway *gateway = work->data;
    if (status != 0) {
        gateway->reload.policy = NULL;
    }
    gateway->is_loaded = true;
    gateway_go_on_reloading(gateway);
}

static void load_again(uv_work_t *work)
{
    struct gateway *gateway = work->data;
    gateway->reload.policy = gateway_load(gateway, gateway->reload.problem);
}

void gateway_reload(struct gateway *gateway)
{
    if (gateway->is_stopping) {
        return;
    }
    if (gateway->is_reloading || gateway->upgrade.state != UPGRADE_NONE) {
        gateway->must_reload_again = true;
        return;
    }
    gateway->is_reloading = true;
    notify_reloading(&gateway->notify, "reloading the policy");
    gateway->reload.work.data = gateway;
    if (uv_queue_work(&gateway->loop, &gateway->reload.work, load_again, on_loaded) != 0) {
        gateway->is_reloading = false;
        status_note_reload(&gateway->status, "out of memory");
        log_error("reload failed, the old policy stays: out of memory");
        gateway_tell_failed(gateway, "reload", "out of memory");
    }
}
