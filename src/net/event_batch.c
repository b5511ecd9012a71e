#include "verbgate/net/event_batch.h"

#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's set of signals has a bit for each, the C library's has room for more. */
enum { KERNEL_SIGNALS_BYTES = _NSIG / 8 };

typedef int wait_function(int, struct epoll_event *, int, int, const sigset_t *);

static int ask_kernel(int poll, struct epoll_event *events, int count, int timeout_ms,
                      const sigset_t *signals)
{
    return (int)syscall(SYS_epoll_pwait, poll, events, count, timeout_ms, signals,
                        (size_t)KERNEL_SIGNALS_BYTES);
}

static int batch_most = INT_MAX;
static _Thread_local bool was_full;
static wait_function *next_wait = ask_kernel;

/* The one that would be called without ours: the C library's, or that of a preloaded library which has sockets
 * of its own. ISO C knows no conversion from what dlsym returns. */
static wait_function *find_next_wait(void)
{
    void *found = dlsym(RTLD_NEXT, "epoll_pwait");
    wait_function *next = ask_kernel;
    if (found != NULL) {
        memcpy(&next, &found, sizeof next);
    }
    return next;
}

void event_batch_limit(int most)
{
    assert(most > 0);
    batch_most = most;
    next_wait = find_next_wait();
}

static inline int wait_for_batch(int poll, struct epoll_event *events, int count, int timeout_ms,
                                 const sigset_t *signals)
{
    int most = count < batch_most ? count : batch_most;
    int found = next_wait(poll, events, most, timeout_ms, signals);
    was_full = found == most;
    return found;
}

int epoll_pwait(int poll, struct epoll_event *events, int count, int timeout_ms,
                const sigset_t *signals)
{
    return wait_for_batch(poll, events, count, timeout_ms, signals);
}

int epoll_wait(int poll, struct epoll_event *events, int count, int timeout_ms)
{
    return wait_for_batch(poll, events, count, timeout_ms, NULL);
}

bool event_batch_was_full(void)
{
    return was_full;
}
