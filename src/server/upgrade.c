#include "verbgate/server/upgrade.h"

#include "upgrade_steps.h"
#include "verbgate/base/list.h"
#include "verbgate/base/log.h"
#include "verbgate/base/slice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The only place where the state changes (tests/checks/states.py). */
static void set_state(struct upgrade *upgrade, enum upgrade_state state)
{
    upgrade->state = state;
}

/* ---- the outcome */

static void on_channel_closed(uv_handle_t *handle)
{
    struct upgrade *upgrade = LIST_OBJECT(handle, struct upgrade, poll);
    bool is_ready = upgrade->problem[0] == '\0';
    close(upgrade->channel);
    set_state(upgrade, is_ready ? UPGRADE_DONE : UPGRADE_NONE);
    if (upgrade->events == NULL) {
        return;
    }
    if (is_ready) {
        upgrade->events->on_ready(upgrade, upgrade->successor);
    } else {
        upgrade->events->on_failed(upgrade, upgrade->problem);
    }
}

/* `problem` is NULL when the successor is ready. */
static void conclude(struct upgrade *upgrade, const char *problem)
{
    snprintf(upgrade->problem, sizeof upgrade->problem, "%s", problem == NULL ? "" : problem);
    set_state(upgrade, UPGRADE_CLOSING);
    uv_timer_stop(&upgrade->patience);
    uv_close((uv_handle_t *)&upgrade->poll, on_channel_closed);
}

static void end_successor(const struct upgrade *upgrade, int signal_number)
{
    if (upgrade->successor > 0) {
        kill(upgrade->successor, signal_number);
    }
}

/* ---- the channel */

static void on_message(struct upgrade *upgrade, const struct upgrade_message *message)
{
    char problem[UPGRADE_PROBLEM_MAX];
    switch (message->kind) {
    case UPGRADE_STARTED:
        upgrade->successor = message->value;
        log_info("upgrade: process %ld was started, and is waited for", (long)upgrade->successor);
        break;
    case UPGRADE_REFUSED:
        snprintf(problem, sizeof problem, "the new program cannot be started: %s",
                 strerror(message->value));
        conclude(upgrade, problem);
        break;
    case UPGRADE_READY:
        upgrade->successor = message->value;
        conclude(upgrade, NULL);
        break;
    default: /* of a later version */
        break;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct upgrade *upgrade = LIST_OBJECT(poll, struct upgrade, poll);
    struct upgrade_message message;
    while (upgrade->state == UPGRADE_STARTING && status == 0) {
        ssize_t length = recv(upgrade->channel, &message, sizeof message, MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (length != (ssize_t)sizeof message) {
            break;
        }
        on_message(upgrade, &message);
    }
    if (upgrade->state == UPGRADE_STARTING) {
        conclude(upgrade,
                 "the new process ended before it was ready; its own lines, above, say why");
    }
}

static void on_patience_over(uv_timer_t *timer)
{
    struct upgrade *upgrade = LIST_OBJECT(timer, struct upgrade, patience);
    end_successor(upgrade, SIGKILL);
    conclude(upgrade, "the new process was not ready within 60 s and was ended");
}

/* ---- start */

void upgrade_init(struct upgrade *upgrade, uv_loop_t *loop, const struct upgrade_events *events)
{
    *upgrade = (struct upgrade){.loop = loop, .events = events, .channel = -1};
    uv_timer_init(loop, &upgrade->patience);
}

/* The other end is the successor's alone: its end is how this one learns that the successor is gone. */
static bool launch(struct upgrade *upgrade, const struct passed_sockets *sockets,
                   char problem[UPGRADE_PROBLEM_MAX])
{
    char path[PATH_MAX];
    int ends[2];
    if (!upgrade_find_program(path, sizeof path)) {
        snprintf(problem, UPGRADE_PROBLEM_MAX, "the path of the program cannot be found");
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        snprintf(problem, UPGRADE_PROBLEM_MAX, "no socket can be made: %s", strerror(errno));
        return false;
    }
    bool fine = upgrade_launch(path, sockets, ends[1], problem);
    close(ends[1]);
    upgrade->channel = ends[0];
    int error = fine ? uv_poll_init(upgrade->loop, &upgrade->poll, upgrade->channel) : 0;
    if (error != 0) {
        snprintf(problem, UPGRADE_PROBLEM_MAX, "%s", uv_strerror(error));
    }
    if (!fine || error != 0) {
        close(upgrade->channel);
        return false;
    }
    return true;
}

bool upgrade_start(struct upgrade *upgrade, const struct passed_sockets *sockets,
                   char problem[UPGRADE_PROBLEM_MAX])
{
    upgrade->successor = 0;
    if (!launch(upgrade, sockets, problem)) {
        return false;
    }
    set_state(upgrade, UPGRADE_STARTING);
    uv_poll_start(&upgrade->poll, UV_READABLE | UV_DISCONNECT, on_readable);
    uv_timer_start(&upgrade->patience, on_patience_over, UPGRADE_READY_MS, 0);
    return true;
}

void upgrade_cancel(struct upgrade *upgrade)
{
    if (upgrade->state == UPGRADE_STARTING) {
        end_successor(upgrade, SIGTERM);
        conclude(upgrade, "this process was told to stop");
    }
}

void upgrade_close(struct upgrade *upgrade)
{
    upgrade_cancel(upgrade);
    upgrade->events = NULL;
    uv_close((uv_handle_t *)&upgrade->patience, NULL);
}

/* ---- the successor's side */

static int channel_to_predecessor(void)
{
    uint64_t number = 0;
    const char *text = getenv(UPGRADE_VARIABLE);
    bool is_number = text != NULL && slice_to_number(slice_of(text), &number) && number <= INT_MAX;
    int type = 0;
    socklen_t length = sizeof type;
    bool is_channel = is_number &&
                      getsockopt((int)number, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
                      type == SOCK_SEQPACKET;
    return is_channel ? (int)number : -1;
}

bool upgrade_is_successor(void)
{
    int channel = channel_to_predecessor();
    return channel >= 0 && fcntl(channel, F_SETFD, FD_CLOEXEC) == 0;
}

void upgrade_tell_ready(void)
{
    int channel = channel_to_predecessor();
    struct upgrade_message message = {.kind = UPGRADE_READY, .value = (int32_t)getpid()};
    if (send(channel, &message, sizeof message, MSG_NOSIGNAL) != (ssize_t)sizeof message) {
        log_warn("the process that this one replaces has ended meanwhile");
    }
    close(channel);
}
