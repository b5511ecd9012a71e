/* What the files of the control thread share: gateway.c (life, signals, stopping), gateway_policy.c
 * (how a policy is loaded, put in force and loaded again) and gateway_end.c (the end when the usual way is barred). */
#ifndef VERBGATE_SERVER_GATEWAY_STEPS_H
#define VERBGATE_SERVER_GATEWAY_STEPS_H

#include "verbgate/server/admin.h"
#include "verbgate/server/ending.h"
#include "verbgate/server/legacy.h"
#include "verbgate/server/listeners.h"
#include "verbgate/server/observe_writer.h"
#include "verbgate/server/resolve.h"
#include "verbgate/server/watch.h"

enum {
    GATEWAY_SIGNAL_COUNT = 3,
    /* At the end a log is written as long as it gets on within `still`, and for at most `most`. */
    GATEWAY_LOG_STILL_MS = 300,
    GATEWAY_LOG_MOST_MS = 600,
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
    const struct policy *policy; /* in force; one reference */
    struct worker *workers;
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
    bool are_joined;
    bool is_reloading;
    bool must_reload_again;
    bool is_loaded; /* and waits for listeners that are leaving */
    struct {
        uv_work_t work;
        struct policy *policy; /* the result; NULL when it failed */
        char problem[RESOLVE_PROBLEM_MAX];
        unsigned warnings, errors;
    } reload;
};

/* ---- gateway_policy.c */

/* Reads, checks and resolves; runs on the thread pool for a reload, so that neither a slow disk nor
 * a slow name server keeps the control thread from hearing signals. */
MUST_CHECK struct policy *gateway_load(struct gateway *gateway, char problem[RESOLVE_PROBLEM_MAX],
                                       unsigned *warnings, unsigned *errors);

/* Gives the policy its generation, then hands it to the listeners, the workers and all else that follows
 * it, and takes the caller's reference. From then on nobody writes to it. Returns false, with one line, when that cannot be: nothing has changed then. */
MUST_CHECK bool gateway_put_in_force(struct gateway *gateway, struct policy *policy,
                                     char problem[LISTENERS_PROBLEM_MAX]);

/* Puts the policy that was loaded in force, if it waited for listeners that are closed now. */
void gateway_go_on_reloading(struct gateway *gateway);

/* Loads the policy again in the background; the old one stays when that fails. While one is loaded, one
 * more is remembered. */
void gateway_reload(struct gateway *gateway);

/* ---- gateway_end.c */

/* Ends the process now. Lines of the logs that are held are written first, within about a second. Any thread. */
_Noreturn void gateway_leave(struct gateway *gateway, int status);

/* Runs the control thread's loop to its end. False: the workers have ended, and a reload or a look at the files is
 * still under way on the thread pool. */
MUST_CHECK bool gateway_run_loop(struct gateway *gateway);

#endif
