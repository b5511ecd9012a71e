#include "verbgate/net/event_batch.h"

#include <assert.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static int batch_most = INT_MAX;

void event_batch_limit(int most)
{
    assert(most > 0);
    batch_most = most;
}

/* The kernel's set of signals has a bit for each, the C library's has room for more. */
enum { KERNEL_SIGNALS_BYTES = _NSIG / 8 };

int epoll_pwait(int poll, struct epoll_event *events, int count, int timeout_ms,
                const sigset_t *signals)
{
    int room = count < batch_most ? count : batch_most;
    return (int)syscall(SYS_epoll_pwait, poll, events, room, timeout_ms, signals,
                        (size_t)KERNEL_SIGNALS_BYTES);
}

int epoll_wait(int poll, struct epoll_event *events, int count, int timeout_ms)
{
    return epoll_pwait(poll, events, count, timeout_ms, NULL);
}
