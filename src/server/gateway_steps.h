/* What the files of the control thread share: gateway.c (life, signals), gateway_policy.c (how a policy is loaded,
 * put in force and loaded again), gateway_parts.c (what of the process follows the policy), gateway_manager.c (what
 * the service manager is told), gateway_upgrade.c (how another process takes over) and gateway_end.c (how it ends).
 * */
#ifndef VERBGATE_SERVER_GATEWAY_STEPS_H
#define VERBGATE_SERVER_GATEWAY_STEPS_H

#include "verbgate/admin/admin.h"
#include "verbgate/builtin/legacy.h"
#include "verbgate/server/ending.h"
#include "verbgate/server/listeners.h"
#include "verbgate/server/notify.h"
#include "verbgate/server/reload.h"
#include "verbgate/server/resolve.h"
#include "verbgate/server/upgrade.h"
#include "verbgate/server/watch.h"
#include "verbgate/server/watchdog.h"
#include "verbgate/telemetry/observe_writer.h"

enum {
    GATEWAY_SIGNAL_COUNT = 3,
    /* At the end a log is written as long as it gets on within `still`, and for at most `most`. */
    GATEWAY_LOG_STILL_MS = 300,
    GATEWAY_LOG_MOST_MS = 600,
};

enum gateway_reload_state {
    GATEWAY_RELOAD_NONE,
    GATEWAY_RELOAD_LOADING,   /* on the thread pool */
    GATEWAY_RELOAD_LOADED,    /* waits for listeners that are leaving */
    GATEWAY_RELOAD_PREPARING, /* on the thread pool */
};

struct gateway {
    const char *path;  /* of the policy, or the name of `text` */
    struct slice text; /* the policy itself; data NULL: it is the file at `path` */
    uv_loop_t loop;
    uv_signal_t signals[GATEWAY_SIGNAL_COUNT];
    struct ending ending;
    uv_async_t asked_to_stop;
    atomic_int stop_signal;  /* the first one that asked */
    uv_async_t worker_ended; /* or has left a listener */
    uv_timer_t drain;
    struct watch watch;
    struct upgrade upgrade;
    struct notify notify;
    struct watchdog watchdog;
    uv_async_t asked_if_alive; /* by the watchdog */
    struct pulse pulse;
    struct pulse **pulses;         /* what the watchdog asks; owned */
    const struct policy *policy;   /* in force; one reference */
    struct worker *workers;        /* owned */
    struct status_worker *counted; /* of each worker; owned */
    unsigned worker_count;
    atomic_uint started_count;
    atomic_uint ended_count;
    struct places places; /* of client connections */
    struct listeners listeners;
    struct admin admin;
    struct admin health;
    struct gateway_status status;
    struct access_log *access_log;
    struct observe *observe;
    struct observe_writer observe_writer;
    struct legacy *legacy;
    struct socket_address legacy_address;
    bool is_stopping;
    bool is_replaced;  /* and stops for that reason */
    bool is_successor; /* of a process that waits for this one to be ready */
    bool are_joined;
    bool must_reload_again;
    struct letter_stock letters; /* for the workers, between the steps of a reload */
    struct {
        enum gateway_reload_state state;
        uv_work_t work;
        const struct policy *policy; /* one reference; NULL: it could not be loaded */
        bool is_prepared;
        char problem[RELOAD_PROBLEM_MAX];
    } reload;
};

/* ---- gateway_parts.c */

/* What of the process follows the policy. The owner is the gateway. */
extern const struct reload_table gateway_parts;

/* ---- gateway_policy.c */

/* Reads, checks and resolves, and gives the policy its generation; nobody writes to it any more. Runs on the thread pool
 * for a reload, so that neither a slow disk nor a slow name server keeps the control thread from hearing signals. NULL:
 * `problem` says why, and `is_told` whether the log has it already, with all other errors of the policy. */
MUST_CHECK const struct policy *gateway_load(struct gateway *gateway,
                                             char problem[RELOAD_PROBLEM_MAX], bool *is_told);

/* Puts the first policy in force, and takes the caller's reference. False: nothing has changed, and `problem` says why. */
MUST_CHECK bool gateway_put_in_force(struct gateway *gateway, const struct policy *policy,
                                     char problem[RELOAD_PROBLEM_MAX]);

/* Whether a reload is under way. */
bool gateway_is_reloading(const struct gateway *gateway);

/* Puts the policy that was loaded in force, if it waited for listeners that are closed now. */
void gateway_go_on_reloading(struct gateway *gateway);

/* Loads the policy again in the background; the old one stays when that fails. While one is loaded, one
 * more is remembered. */
void gateway_reload(struct gateway *gateway);

/* ---- gateway_manager.c */

/* Finds out whom to tell. The loop is there. */
void gateway_init_manager(struct gateway *gateway);

/* Starts the watchdog, if the service manager wants one. The workers were started. False: no resources. */
MUST_CHECK bool gateway_start_watchdog(struct gateway *gateway);

/* The process serves, with the policy in force. */
void gateway_tell_serving(struct gateway *gateway);

/* A reload or an upgrade (`what`) has failed; the process serves as before. */
void gateway_tell_failed(struct gateway *gateway, const char *what, const char *problem);

/* The process stops. */
void gateway_tell_stopping(struct gateway *gateway);

/* Ends the watchdog. The workers' loops and this one are still there. */
void gateway_close_manager(struct gateway *gateway);

/* Frees what is left, after the loop. */
void gateway_finish_manager(struct gateway *gateway);

/* ---- gateway_upgrade.c */

void gateway_init_upgrade(struct gateway *gateway);

/* Starts a process that replaces this one; what comes of it is logged. */
void gateway_upgrade(struct gateway *gateway);

/* The process is ready. The service manager is told, or the process that this one replaces. */
void gateway_succeed(struct gateway *gateway);

/* ---- gateway_end.c */

/* Stops because a successor has taken over. */
void gateway_retire(struct gateway *gateway);

/* The handles that the end needs, and the timer that bounds it. */
void gateway_init_end(struct gateway *gateway);

/* Starts to hear the signals that end the process. False: no resources. */
MUST_CHECK bool gateway_start_ending(struct gateway *gateway);

/* The following two run on the worker's thread: it has ended; it has closed a listener that was taken back. */
void gateway_note_ended(struct worker *worker);
void gateway_note_left(struct worker *worker);

/* Closes what the control thread's loop waits for. The workers have ended, or were never started. */
void gateway_close_handles(struct gateway *gateway);

/* Ends the process now. Lines of the logs that are held are written first, within about a second. Any thread. */
_Noreturn void gateway_leave(struct gateway *gateway, int status);

/* Runs the control thread's loop to its end. False: the workers have ended, and a reload or a look at the files is
 * still under way on the thread pool. */
MUST_CHECK bool gateway_run_loop(struct gateway *gateway);

#endif
