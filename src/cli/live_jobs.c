#include "live_jobs.h"

#include "verbgate/cli/live_check.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* One for the process: threads that hang still have it when everybody else has gone on. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct live_job *jobs;
    const struct policy *policy; /* the jobs point into it */
    unsigned count;
    unsigned next;    /* the first that no thread has taken */
    unsigned pending; /* not done yet */
    bool is_over;     /* nobody wants to know any more */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool take(unsigned *index, struct live_job *job)
{
    bool is_any = !all.is_over && all.next < all.count;
    if (is_any) {
        *index = all.next++;
        *job = all.jobs[*index];
    }
    return is_any;
}

static void *work(void *context)
{
    (void)context;
    struct live_job job;
    unsigned index;
    pthread_mutex_lock(&all.lock);
    while (take(&index, &job)) {
        pthread_mutex_unlock(&all.lock);
        job.run(&job);
        pthread_mutex_lock(&all.lock);
        if (!all.is_over) {
            job.is_done = true;
            all.jobs[index] = job;
            all.pending--;
            pthread_cond_signal(&all.done);
        }
    }
    pthread_mutex_unlock(&all.lock);
    return NULL;
}

static struct timespec deadline(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += LIVE_MOST_MS / 1000;
    return at;
}

/* How many there are in the end: few are as good as many. */
static unsigned start_threads(unsigned wanted)
{
    unsigned started = 0;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return 0;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_t thread;
    while (started < wanted && pthread_create(&thread, &attributes, work, NULL) == 0) {
        started++;
    }
    pthread_attr_destroy(&attributes);
    return started;
}

const struct live_job *live_jobs_run(struct live_job *jobs, unsigned count,
                                     const struct policy *policy)
{
    struct timespec end = deadline();
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&all.done, &attributes);
    pthread_condattr_destroy(&attributes);
    policy_reference(policy);
    pthread_mutex_lock(&all.lock);
    all.jobs = jobs;
    all.policy = policy;
    all.count = all.pending = count;
    bool can_wait = start_threads(count < LIVE_THREADS_MAX ? count : LIVE_THREADS_MAX) > 0;
    while (can_wait && all.pending > 0) {
        can_wait = pthread_cond_timedwait(&all.done, &all.lock, &end) != ETIMEDOUT;
    }
    all.is_over = true;
    pthread_mutex_unlock(&all.lock);
    return jobs;
}
