#include "verbgate/telemetry/access_log.h"

#include "verbgate/base/log.h"
#include "verbgate/base/standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/* The next target, between access_log_prepare and what follows it. */
struct prepared {
    int descriptor; /* owned; -1: lines are thrown away */
    char *path;     /* as in struct access_log */
};

struct access_log {
    struct line_writer *writer;
    uv_mutex_t lock; /* guards `path`, which the writer's thread reads */
    char *path;      /* NULL: not a file that can be opened again; owned */
    struct prepared prepared;
};

/* ---- opening */

/* The standard stream that is another name for `path`: /dev/stdout, a link to it, /proc/self/fd/1. A file is opened
 * by its name all the same, for rotation; a socket or somebody else's pipe cannot be. -1: none. */
static int find_stream(const char *path)
{
    struct stat wanted, stream;
    if (strcmp(path, "stdout") == 0 || strcmp(path, "/dev/stdout") == 0) {
        return STDOUT_FILENO;
    }
    if (strcmp(path, "/dev/stderr") == 0) {
        return STDERR_FILENO;
    }
    if (stat(path, &wanted) != 0 || S_ISREG(wanted.st_mode)) {
        return -1;
    }
    for (int descriptor = STDOUT_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (standard_streams_is_writable(descriptor) && fstat(descriptor, &stream) == 0 &&
            stream.st_dev == wanted.st_dev && stream.st_ino == wanted.st_ino) {
            return descriptor;
        }
    }
    return -1;
}

static const char *open_problem(const char *path)
{
    int error = errno;
    struct stat status;
    if (error == ENXIO && stat(path, &status) == 0) {
        return S_ISFIFO(status.st_mode) ? "nobody reads this pipe: start its reader first"
                                        : "a socket or device that cannot be opened";
    }
    return strerror(error);
}

/* A pipe without a reader must not hold the caller up: it is an error. */
static int open_path(const char *path)
{
    int descriptor =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    int flags = descriptor < 0 ? -1 : fcntl(descriptor, F_GETFL);
    if (flags >= 0) {
        (void)fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
    }
    return descriptor;
}

static const char *open_stream(int stream, int *descriptor)
{
    if (!standard_streams_is_writable(stream)) {
        return stream == STDOUT_FILENO ? "standard output is closed" : "standard error is closed";
    }
    *descriptor = fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return *descriptor < 0 ? strerror(errno) : NULL;
}

/* ---- the writer's thread */

static void on_dropped(void *owner, uint64_t lines)
{
    (void)owner;
    log_warn("the access log is too slow: %llu lines were dropped", (unsigned long long)lines);
}

static void on_failed(void *owner, int error)
{
    (void)owner;
    log_error("the access log cannot be written: %s; lines wait until it can", strerror(error));
}

static int reopen(void *owner)
{
    struct access_log *log = owner;
    uv_mutex_lock(&log->lock);
    char *path = log->path == NULL ? NULL : strdup(log->path);
    uv_mutex_unlock(&log->lock);
    if (path == NULL) {
        return -1;
    }
    int descriptor = open_path(path);
    if (descriptor < 0) {
        log_error("the access log cannot be opened again, lines go on to the old file: %s",
                  open_problem(path));
    } else {
        log_info("access log opened again");
    }
    free(path);
    return descriptor;
}

static const struct line_writer_events writer_events = {
    .on_dropped = on_dropped,
    .on_failed = on_failed,
    .reopen = reopen,
};

/* ---- life */

struct access_log *access_log_create(unsigned workers)
{
    struct access_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    if (uv_mutex_init(&log->lock) != 0) {
        free(log);
        return NULL;
    }
    log->writer = line_writer_create(workers * ACCESS_LOG_BUFFERS_PER_WORKER, &writer_events, log);
    if (log->writer == NULL) {
        uv_mutex_destroy(&log->lock);
        free(log);
        return NULL;
    }
    return log;
}

bool access_log_end(struct access_log *log, unsigned still_ms, unsigned most_ms)
{
    return line_writer_end(log->writer, still_ms, most_ms);
}

void access_log_destroy(struct access_log *log)
{
    line_writer_destroy(log->writer);
    uv_mutex_destroy(&log->lock);
    free(log->path);
    free(log);
}

/* ---- another target */

static void replace(struct access_log *log, int descriptor, char *path)
{
    uv_mutex_lock(&log->lock);
    char *old_path = log->path;
    log->path = path;
    uv_mutex_unlock(&log->lock);
    free(old_path);
    line_writer_direct(log->writer, descriptor);
}

const char *access_log_prepare(struct access_log *log, struct slice target)
{
    log->prepared = (struct prepared){.descriptor = -1};
    if (slice_equal(target, SLICE("off"))) {
        return NULL;
    }
    char *path = strndup(target.data, target.length);
    if (path == NULL) {
        return "out of memory";
    }
    int stream = find_stream(path);
    if (stream >= 0) {
        free(path);
        return open_stream(stream, &log->prepared.descriptor);
    }
    int descriptor = open_path(path);
    if (descriptor < 0) {
        const char *problem = open_problem(path);
        free(path);
        return problem;
    }
    log->prepared = (struct prepared){.descriptor = descriptor, .path = path};
    return NULL;
}

void access_log_roll_back(struct access_log *log)
{
    if (log->prepared.descriptor >= 0) {
        close(log->prepared.descriptor);
    }
    free(log->prepared.path);
    log->prepared = (struct prepared){.descriptor = -1};
}

void access_log_commit(struct access_log *log)
{
    replace(log, log->prepared.descriptor, log->prepared.path);
    log->prepared = (struct prepared){.descriptor = -1};
}

void access_log_reopen(struct access_log *log)
{
    line_writer_reopen(log->writer);
}

/* ---- from any thread */

struct line_buffer *access_log_take(struct access_log *log)
{
    return line_writer_take(log->writer);
}

void access_log_give(struct access_log *log, struct line_buffer *buffer)
{
    line_writer_give(log->writer, buffer);
}

void access_log_drop(struct access_log *log)
{
    line_writer_drop(log->writer);
}

uint64_t access_log_dropped(struct access_log *log)
{
    return line_writer_dropped(log->writer);
}
