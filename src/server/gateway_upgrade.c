/* How another process takes over: this one starts it, hands over its sockets, and retires once it is ready. */
#include "gateway_steps.h"
#include "verbgate/base/log.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct gateway *of_upgrade(struct upgrade *upgrade)
{
    return LIST_OBJECT(upgrade, struct gateway, upgrade);
}

/* ---- the outcome */

static void fail(struct gateway *gateway, const char *problem)
{
    log_error("upgrade failed, this process serves on: %s", problem);
    gateway_tell_failed(gateway, "upgrade", problem);
    if (gateway->must_reload_again) {
        gateway->must_reload_again = false;
        gateway_reload(gateway);
    }
}

static void on_failed(struct upgrade *upgrade, const char *problem)
{
    fail(of_upgrade(upgrade), problem);
}

/* The record of the traffic and the admin pages are the successor's, as are the paths of Unix sockets. */
static void hand_over(struct gateway *gateway, pid_t successor)
{
    char text[64];
    snprintf(text, sizeof text, "serving: process %ld has taken over", (long)successor);
    notify_successor(&gateway->notify, successor, text);
    watchdog_stop(&gateway->watchdog);
    watch_set(&gateway->watch, 0, 0);
    observe_writer_abandon(&gateway->observe_writer);
    admin_retire(&gateway->admin);
    admin_retire(&gateway->health);
    listeners_disown(&gateway->listeners);
    if (gateway->must_reload_again) {
        kill(successor, SIGHUP); /* the files changed while it read them */
    }
    gateway_retire(gateway);
}

static void on_ready(struct upgrade *upgrade, pid_t successor)
{
    struct gateway *gateway = of_upgrade(upgrade);
    if (gateway->is_stopping) {
        return;
    }
    log_info("upgrade: process %ld is ready and has taken over; this one finishes what it has",
             (long)successor);
    hand_over(gateway, successor);
}

static const struct upgrade_events events = {.on_ready = on_ready, .on_failed = on_failed};

void gateway_init_upgrade(struct gateway *gateway)
{
    upgrade_init(&gateway->upgrade, &gateway->loop, &events);
}

/* ---- the start */

/* Why there can be no upgrade now, or NULL. */
static const char *find_obstacle(const struct gateway *gateway)
{
    if (getpid() == 1) {
        return "process 1 of a container cannot be replaced, as the container ends with it: start "
               "another container";
    }
    if (gateway->policy->is_read_once) {
        return "the policy came through a pipe, which the new process cannot read";
    }
    if (gateway_is_reloading(gateway)) {
        return "a reload is under way: try again when it is done";
    }
    return NULL;
}

static bool collect_sockets(const struct gateway *gateway, struct passed_sockets *sockets)
{
    return inherited_pass_on(sockets) && listeners_pass_on(&gateway->listeners, sockets) &&
           admin_pass_on(&gateway->admin, sockets) && admin_pass_on(&gateway->health, sockets);
}

void gateway_upgrade(struct gateway *gateway)
{
    if (gateway->is_stopping || gateway->policy == NULL || gateway->upgrade.state != UPGRADE_NONE) {
        log_info("SIGUSR2 is ignored: this process stops, or another one is about to take over");
        return;
    }
    log_info("upgrade: the program is started anew");
    notify_reloading(&gateway->notify, "upgrading: the new process is waited for");
    char problem[UPGRADE_PROBLEM_MAX];
    const char *obstacle = find_obstacle(gateway);
    struct passed_sockets sockets = {.count = 0};
    if (obstacle != NULL) {
        fail(gateway, obstacle);
    } else if (!collect_sockets(gateway, &sockets)) {
        fail(gateway, "out of memory");
    } else if (!upgrade_start(&gateway->upgrade, &sockets, problem)) {
        fail(gateway, problem);
    } else {
        observe_writer_write(&gateway->observe_writer);
    }
    passed_sockets_finish(&sockets);
}

/* ---- the successor's part */

/* The service manager hears of a successor from the process that it knows. */
void gateway_succeed(struct gateway *gateway)
{
    if (!gateway->is_successor) {
        gateway_tell_serving(gateway);
        return;
    }
    listeners_claim(&gateway->listeners);
    admin_claim(&gateway->admin);
    admin_claim(&gateway->health);
    upgrade_tell_ready();
}
