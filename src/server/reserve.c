#include "verbgate/server/reserve.h"

#include "verbgate/base/slice.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
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

bool reserve_watchers(uv_loop_t *loop, unsigned count)
{
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
    /* Where so high a number is not allowed, none will come. */
    int highest = fcntl(event, F_DUPFD_CLOEXEC, (int)count - 1);
    bool fine = highest < 0 || watch_once(loop, highest);
    close(event);
    if (highest >= 0) {
        close(highest);
    }
    return fine;
}

/* ---- the thread pool */

struct trial {
    uv_sem_t end;
    uv_thread_t threads[POOL_MOST];
};

static void wait_for_end(void *argument)
{
    struct trial *trial = argument;
    uv_sem_wait(&trial->end);
}

static unsigned pool_size(void)
{
    const char *text = getenv("UV_THREADPOOL_SIZE");
    uint64_t size = POOL_USUAL;
    if (text != NULL && (!slice_to_number(slice_of(text), &size) || size == 0)) {
        size = 1;
    }
    return size < POOL_MOST ? (unsigned)size : POOL_MOST;
}

/* As many threads as the pool will have, all at the same time: an error instead of libuv's abort. */
static int try_threads(unsigned wanted)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (trial == NULL || uv_sem_init(&trial->end, 0) != 0) {
        free(trial);
        return UV_ENOMEM;
    }
    unsigned count = 0;
    int error = 0;
    while (error == 0 && count < wanted) {
        error = uv_thread_create(&trial->threads[count], wait_for_end, trial);
        count += error == 0;
    }
    for (unsigned i = 0; i < count; i++) {
        uv_sem_post(&trial->end);
    }
    for (unsigned i = 0; i < count; i++) {
        uv_thread_join(&trial->threads[i]);
    }
    uv_sem_destroy(&trial->end);
    free(trial);
    return error;
}

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void on_done(uv_work_t *work, int status)
{
    (void)work, (void)status;
}

int reserve_threads(void)
{
    uv_loop_t loop;
    uv_work_t work;
    int error = try_threads(pool_size());
    if (error == 0) {
        error = uv_loop_init(&loop);
    }
    if (error != 0) {
        return error;
    }
    error = uv_queue_work(&loop, &work, do_nothing, on_done);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return error;
}
