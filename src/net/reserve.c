#include "verbgate/net/reserve.h"

#include "verbgate/base/slice.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* The pool's own limits; see the documentation of UV_THREADPOOL_SIZE. */
enum { POOL_USUAL = 4, POOL_MOST = 1024 };

bool reserve_has_descriptors(void)
{
    int opened[RESERVE_DESCRIPTORS_LEAST];
    unsigned count = 0;
    while (count < RESERVE_DESCRIPTORS_LEAST &&
           (opened[count] = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY)) >= 0) {
        count++;
    }
    bool has_them = count == RESERVE_DESCRIPTORS_LEAST;
    while (count > 0) {
        close(opened[--count]);
    }
    return has_them;
}

/* ---- a loop's table */

static void on_event(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

/* Watching one descriptor makes the table reach up to it; it keeps its size. */
static bool watch_once(uv_loop_t *loop, int descriptor)
{
    uv_poll_t *poll = malloc(sizeof *poll);
    if (poll == NULL || uv_poll_init(loop, poll, descriptor) != 0) {
        free(poll);
        return false;
    }
    bool fine = uv_poll_start(poll, UV_READABLE, on_event) == 0;
    uv_close((uv_handle_t *)poll, on_closed);
    return fine;
}

/* libuv has two places more in a table, for itself, and rounds up to a power of two: a share is never exceeded. */
unsigned reserve_share(unsigned count, unsigned loops)
{
    size_t most = RESERVE_TABLES_BYTES / sizeof(void *) / loops;
    size_t share = 4;
    while (2 * share <= most) {
        share *= 2;
    }
    share -= 2;
    return count < share ? count : (unsigned)share;
}

/* No descriptor has a higher number. */
static unsigned limit_to_allowed(unsigned count)
{
    struct rlimit limit;
    bool is_lower = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count;
    return is_lower ? (unsigned)limit.rlim_cur : count;
}

bool reserve_watchers(uv_loop_t *loop, unsigned count)
{
    count = limit_to_allowed(count);
    /* The table has a pointer for each descriptor, up to the next power of two, and the old one is copied. */
    void *probe = malloc(4 * (size_t)count * sizeof(void *));
    bool has_memory = probe != NULL;
    free(probe);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0) {
        return false;
    }
    if (!has_memory) {
        close(event);
        return false;
    }
    int highest = fcntl(event, F_DUPFD_CLOEXEC, (int)count - 1);
    bool fine = highest >= 0 && watch_once(loop, highest);
    close(event);
    if (highest >= 0) {
        close(highest);
    }
    return fine;
}

/* ---- the thread pool */

unsigned reserve_thread_count(void)
{
    const char *text = getenv("UV_THREADPOOL_SIZE");
    uint64_t size = POOL_USUAL;
    if (text != NULL && (!slice_to_number(slice_of(text), &size) || size == 0)) {
        size = 1;
    }
    return size < POOL_MOST ? (unsigned)size : POOL_MOST;
}

static void (*tell_failure)(void);

/* abort() has raised the signal in this very thread, which holds no lock but libuv's: any function may be called. */
static void on_abort(int signal_number)
{
    (void)signal_number;
    tell_failure();
    _exit(EXIT_FAILURE);
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_done(uv_work_t *work, int status)
{
    (void)work, (void)status;
}

/* libuv returns when all of the pool's threads run. To try with other threads first whether so many can be made would not
 * do: the kernel counts a thread for a moment after its end, and others take meanwhile what is free. */
int reserve_threads(void (*on_failed)(void))
{
    uv_loop_t loop;
    uv_work_t work;
    int error = uv_loop_init(&loop);
    if (error != 0) {
        return error;
    }
    struct sigaction before;
    struct sigaction catching = {.sa_handler = on_abort};
    sigemptyset(&catching.sa_mask);
    tell_failure = on_failed;
    sigaction(SIGABRT, &catching, &before);
    error = uv_queue_work(&loop, &work, do_nothing, on_done);
    sigaction(SIGABRT, &before, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return error;
}
