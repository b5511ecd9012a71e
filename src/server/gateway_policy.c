/* How a policy is loaded, at the start and again: steps on the thread pool, and between them the control loop. */
#include "gateway_steps.h"
#include "verbgate/base/log.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

_Static_assert((int)POLICY_FILE_PROBLEM_MAX <= (int)RELOAD_PROBLEM_MAX &&
                   (int)RESOLVE_PROBLEM_MAX <= (int)RELOAD_PROBLEM_MAX,
               "one problem holds either");

/* ---- loading */

/* Once started, the built-in backend stays for the life of the process. */
static bool start_builtin(struct gateway *gateway, const struct policy *policy,
                          char problem[RELOAD_PROBLEM_MAX])
{
    if (!resolve_needs_legacy(policy) || gateway->legacy != NULL) {
        return true;
    }
    gateway->legacy = legacy_start(&gateway->legacy_address);
    if (gateway->legacy == NULL) {
        snprintf(problem, RELOAD_PROBLEM_MAX, "the built-in backend cannot be started");
        return false;
    }
    return true;
}

/* A text is the same each time. Its names are looked up again, which is what a reload of it is for. */
const struct policy *gateway_load(struct gateway *gateway, char problem[RELOAD_PROBLEM_MAX],
                                  bool *is_told)
{
    const struct policy *old = gateway->policy;
    struct policy *policy =
        policy_file_load_for_service(gateway->path, gateway->text, old != NULL, problem);
    *is_told = policy == NULL;
    if (policy == NULL) {
        return NULL;
    }
    if (!start_builtin(gateway, policy, problem) ||
        !resolve_policy(policy, gateway->legacy == NULL ? NULL : &gateway->legacy_address,
                        problem)) {
        policy_release(policy);
        return NULL;
    }
    /* The last write to a policy: from here on it is shared. */
    policy->generation = old == NULL ? 1 : old->generation + 1;
    return policy;
}

bool gateway_put_in_force(struct gateway *gateway, const struct policy *policy,
                          char problem[RELOAD_PROBLEM_MAX])
{
    if (!reload_prepare(&gateway_parts, gateway, policy, problem) ||
        !reload_attach(&gateway_parts, gateway, problem)) {
        return false;
    }
    reload_commit(&gateway_parts, gateway, policy);
    return true;
}

/* ---- the steps of a reload */

/* The only place where the state changes (tests/checks/states.py). */
static void set_state(struct gateway *gateway, enum gateway_reload_state state)
{
    gateway->reload.state = state;
}

/* `is_in_force` false: the old policy stays, and reload.problem says why. */
static void conclude(struct gateway *gateway, bool is_in_force)
{
    set_state(gateway, GATEWAY_RELOAD_NONE);
    if (is_in_force) {
        status_note_reload(&gateway->status, NULL);
        log_info("policy reloaded: generation %llu",
                 (unsigned long long)gateway->policy->generation);
        gateway_tell_serving(gateway);
    } else {
        status_note_reload(&gateway->status, gateway->reload.problem);
        log_error("reload failed, the old policy stays: %s", gateway->reload.problem);
        gateway_tell_failed(gateway, "reload", gateway->reload.problem);
    }
    if (gateway->must_reload_again) {
        gateway->must_reload_again = false;
        gateway_reload(gateway);
    }
}

/* Ends a reload whose policy is not put in force. */
static void give_up(struct gateway *gateway)
{
    if (gateway->reload.policy != NULL) {
        policy_release(gateway->reload.policy);
        gateway->reload.policy = NULL;
    }
    if (gateway->is_stopping) {
        set_state(gateway, GATEWAY_RELOAD_NONE);
    } else {
        conclude(gateway, false);
    }
}

static void prepare(uv_work_t *work)
{
    struct gateway *gateway = work->data;
    gateway->reload.is_prepared =
        reload_prepare(&gateway_parts, gateway, gateway->reload.policy, gateway->reload.problem);
}

static void on_prepared(uv_work_t *work, int status)
{
    struct gateway *gateway = work->data;
    const struct policy *policy = gateway->reload.policy;
    bool is_prepared = status == 0 && gateway->reload.is_prepared;
    if (is_prepared && gateway->is_stopping) {
        reload_roll_back(&gateway_parts, gateway);
        is_prepared = false;
    }
    if (!is_prepared || !reload_attach(&gateway_parts, gateway, gateway->reload.problem)) {
        give_up(gateway);
        return;
    }
    reload_commit(&gateway_parts, gateway, policy);
    gateway->reload.policy = NULL;
    conclude(gateway, true);
}

static void start_step(struct gateway *gateway, enum gateway_reload_state state, uv_work_cb step,
                       uv_after_work_cb on_done)
{
    set_state(gateway, state);
    gateway->reload.work.data = gateway;
    if (uv_queue_work(&gateway->loop, &gateway->reload.work, step, on_done) != 0) {
        snprintf(gateway->reload.problem, sizeof gateway->reload.problem, "out of memory");
        give_up(gateway);
    }
}

/* An address that the last reload took back may be wanted again: its workers close it first. */
void gateway_go_on_reloading(struct gateway *gateway)
{
    if (gateway->reload.state != GATEWAY_RELOAD_LOADED) {
        return;
    }
    if (gateway->is_stopping) {
        give_up(gateway);
    } else if (!listeners_are_leaving(&gateway->listeners)) {
        start_step(gateway, GATEWAY_RELOAD_PREPARING, prepare, on_prepared);
    }
}

static void load(uv_work_t *work)
{
    struct gateway *gateway = work->data;
    bool is_told; /* the log says it once more, with what stays in force */
    gateway->reload.policy = gateway_load(gateway, gateway->reload.problem, &is_told);
}

static void on_loaded(uv_work_t *work, int status)
{
    struct gateway *gateway = work->data;
    (void)status; /* nobody cancels it */
    if (gateway->reload.policy == NULL) {
        give_up(gateway);
        return;
    }
    set_state(gateway, GATEWAY_RELOAD_LOADED);
    gateway_go_on_reloading(gateway);
}

bool gateway_is_reloading(const struct gateway *gateway)
{
    return gateway->reload.state != GATEWAY_RELOAD_NONE;
}

void gateway_reload(struct gateway *gateway)
{
    if (gateway->is_stopping) {
        return;
    }
    if (gateway_is_reloading(gateway) || gateway->upgrade.state != UPGRADE_NONE) {
        gateway->must_reload_again = true;
        return;
    }
    notify_reloading(&gateway->notify, "reloading the policy");
    gateway->reload.policy = NULL;
    start_step(gateway, GATEWAY_RELOAD_LOADING, load, on_loaded);
}
