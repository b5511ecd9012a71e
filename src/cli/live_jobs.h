/* Look-ups and connections, a few at a time on threads, so that one that hangs holds up neither the others nor the
 * end. */
#ifndef VERBGATE_CLI_LIVE_JOBS_H
#define VERBGATE_CLI_LIVE_JOBS_H

#include "verbgate/config/diagnostics.h"
#include "verbgate/policy/policy.h"

struct live_job {
    /* Tries it and fills the finding. On a thread, with a copy of the job. */
    void (*run)(struct live_job *job);
    const struct address *address;
    struct slice text;         /* of the address, as written */
    struct slice owner;        /* the name of the upstream of a server */
    struct rule_source source; /* of the key */
    bool is_done;
    enum diagnostic_severity severity;
    char message[512];
    const char *hint; /* static, or NULL */
};

/* Runs all jobs, for at most LIVE_MOST_MS. Jobs that are not done then are left as they are. `jobs` is made by malloc and
 * belongs to this function, which returns it for reading until the process ends; so does a reference to `policy`. */
const struct live_job *live_jobs_run(struct live_job *jobs, unsigned count,
                                     const struct policy *policy);

#endif
