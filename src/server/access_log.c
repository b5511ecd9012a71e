#include "verbgate/server/access_log.h"

#include "verbgate/base/log.h"
#include "verbgate/server/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

struct access_log {
    uv_mutex_t lock; /* guards everything below */
    uv_cond_t changed;
    uv_thread_t thread;
    struct access_log_buffer *spares;
    struct access_log_buffer *first, *last; /* to be written, in order */
    unsigned buffer_count;                  /* made so far */
    unsigned max_buffers;
    uint64_t dropped;      /* since the error log last said so */
    uint64_t dropped_ever; /* all of them */
    int descriptor;        /* -1: off */
    int in_use;            /* the descriptor that the thread writes to now; -1: none */
    char *path;            /* NULL: not a file; owned */
    bool must_end;
};

/* The lock is not held while a slow disk is written to. The descriptor stays ours meanwhile: a
 * reopen leaves it to us to close. */
static void write_buffer(struct access_log *log, struct access_log_buffer *buffer)
{
    int descriptor = log->descriptor;
    uint64_t dropped = log->dropped;
    log->dropped = 0;
    log->in_use = descriptor;
    uv_mutex_unlock(&log->lock);
    if (dropped > 0) {
        log_warn("the access log is too slow: %llu lines were dropped",
                 (unsigned long long)dropped);
    }
    if (descriptor >= 0 && !write_all(descriptor, buffer->bytes, buffer->used)) {
        log_error("the access log cannot be written: %s", strerror(errno));
    }
    uv_mutex_lock(&log->lock);
    log->in_use = -1;
    if (descriptor >= 0 && descriptor != log->descriptor) {
        close(descriptor);
    }
}

static void run(void *argument)
{
    struct access_log *log = argument;
    uv_mutex_lock(&log->lock);
    for (;;) {
        while (log->first == NULL && !log->must_end) {
            uv_cond_wait(&log->changed, &log->lock);
        }
        struct access_log_buffer *buffer = log->first;
        if (buffer == NULL) {
            break;
        }
        log->first = buffer->next;
        write_buffer(log, buffer);
        buffer->used = 0;
        buffer->next = log->spares;
        log->spares = buffer;
    }
    uv_mutex_unlock(&log->lock);
}

struct access_log *access_log_create(unsigned workers)
{
    struct access_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    log->descriptor = -1;
    log->in_use = -1;
    log->max_buffers = workers * ACCESS_LOG_BUFFERS_PER_WORKER;
    if (uv_mutex_init(&log->lock) != 0) {
        free(log);
        return NULL;
    }
    if (uv_cond_init(&log->changed) != 0) {
        uv_mutex_destroy(&log->lock);
        free(log);
        return NULL;
    }
    if (uv_thread_create(&log->thread, run, log) != 0) {
        uv_cond_destroy(&log->changed);
        uv_mutex_destroy(&log->lock);
        free(log);
        return NULL;
    }
    return log;
}

void access_log_destroy(struct access_log *log)
{
    uv_mutex_lock(&log->lock);
    log->must_end = true;
    uv_cond_signal(&log->changed);
    uv_mutex_unlock(&log->lock);
    uv_thread_join(&log->thread);
    while (log->spares != NULL) {
        struct access_log_buffer *next = log->spares->next;
        free(log->spares);
        log->spares = next;
    }
    if (log->descriptor >= 0) {
        close(log->descriptor);
    }
    free(log->path);
    uv_cond_destroy(&log->changed);
    uv_mutex_destroy(&log->lock);
    free(log);
}

/* Puts a descriptor and a path in force and frees the old ones. */
static void replace(struct access_log *log, int descriptor, char *path)
{
    uv_mutex_lock(&log->lock);
    int old = log->descriptor == log->in_use ? -1 : log->descriptor;
    char *old_path = log->path;
    log->descriptor = descriptor;
    log->path = path;
    uv_mutex_unlock(&log->lock);
    if (old >= 0) {
        close(old);
    }
    if (old_path != path) {
        free(old_path);
    }
}

/* A pipe without a reader must not hold the control thread up: it is an error. */
static int open_path(const char *path)
{
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    int flags = descriptor < 0 ? -1 : fcntl(descriptor, F_GETFL);
    if (flags >= 0) {
        (void)fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
    }
    return descriptor;
}

const char *access_log_open(struct access_log *log, struct slice target)
{
    if (slice_equal(target, SLICE("off"))) {
        replace(log, -1, NULL);
        return NULL;
    }
    if (slice_equal(target, SLICE("stdout"))) {
        int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        if (descriptor < 0) {
            return strerror(errno);
        }
        replace(log, descriptor, NULL);
        return NULL;
    }
    char *path = strndup(target.data, target.length);
    if (path == NULL) {
        return "out of memory";
    }
    int descriptor = open_path(path);
    if (descriptor < 0) {
        const char *problem = strerror(errno);
        free(path);
        return problem;
    }
    replace(log, descriptor, path);
    return NULL;
}

const char *access_log_reopen(struct access_log *log)
{
    if (log->path == NULL) {
        return NULL;
    }
    int descriptor = open_path(log->path);
    if (descriptor < 0) {
        return strerror(errno);
    }
    replace(log, descriptor, log->path);
    return NULL;
}

struct access_log_buffer *access_log_take(struct access_log *log)
{
    uv_mutex_lock(&log->lock);
    struct access_log_buffer *buffer = log->spares;
    bool may_make = buffer == NULL && log->buffer_count < log->max_buffers;
    if (buffer != NULL) {
        log->spares = buffer->next;
    } else if (may_make) {
        log->buffer_count++;
    }
    uv_mutex_unlock(&log->lock);
    if (may_make) {
        buffer = malloc(sizeof *buffer);
    }
    if (buffer != NULL) {
        buffer->next = NULL;
        buffer->used = 0;
    } else if (may_make) {
        uv_mutex_lock(&log->lock);
        log->buffer_count--;
        uv_mutex_unlock(&log->lock);
    }
    return buffer;
}

void access_log_give(struct access_log *log, struct access_log_buffer *buffer)
{
    uv_mutex_lock(&log->lock);
    if (buffer->used == 0) {
        buffer->next = log->spares;
        log->spares = buffer;
    } else {
        buffer->next = NULL;
        if (log->first == NULL) {
            log->first = buffer;
        } else {
            log->last->next = buffer;
        }
        log->last = buffer;
        uv_cond_signal(&log->changed);
    }
    uv_mutex_unlock(&log->lock);
}

void access_log_drop(struct access_log *log)
{
    uv_mutex_lock(&log->lock);
    log->dropped++;
    log->dropped_ever++;
    uv_mutex_unlock(&log->lock);
}

uint64_t access_log_dropped(struct access_log *log)
{
    uv_mutex_lock(&log->lock);
    uint64_t dropped = log->dropped_ever;
    uv_mutex_unlock(&log->lock);
    return dropped;
}
