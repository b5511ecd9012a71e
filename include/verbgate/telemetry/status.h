/* What the process knows of itself and tells those who watch it, through the admin listener. Written
 * and read by the control thread only. */
#ifndef VERBGATE_TELEMETRY_STATUS_H
#define VERBGATE_TELEMETRY_STATUS_H

#include "verbgate/context/counters.h"
#include "verbgate/policy/policy.h"
#include "verbgate/telemetry/access_log.h"
#include "verbgate/telemetry/tally.h"

#include <time.h>

enum { STATUS_PROBLEM_MAX = 512 };

/* What one worker counts, and goes on counting while it is read. */
struct status_worker {
    const struct counters *counters;
    struct tally *tally;
};

struct gateway_status {
    const char *file;                    /* of the policy */
    const struct policy *policy;         /* in force */
    const struct status_worker *workers; /* not owned */
    unsigned worker_count;
    struct access_log *access_log;
    bool is_ready;    /* the workers were started */
    bool is_draining; /* SIGTERM came */
    time_t started_at;
    time_t loaded_at; /* when the policy in force was loaded */
    struct {
        uint64_t succeeded, failed;
        bool last_succeeded;              /* true before the first: the start was a success */
        time_t last_at;                   /* 0 before the first */
        char problem[STATUS_PROBLEM_MAX]; /* of the last, when it failed */
    } reloads;
};

/* Notes the result of a reload; `problem` is NULL when it succeeded. */
void status_note_reload(struct gateway_status *status, const char *problem);

#endif
