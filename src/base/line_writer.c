#include "verbgate/base/line_writer.h"

#include "line_target.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { NO_CHANGE = -2, ENDED_MARGIN_MS = 2 * LINE_WRITER_RETRY_MS };

struct line_writer {
    const struct line_writer_events *events;
    void *owner;
    pthread_t thread;
    pthread_mutex_t lock;     /* guards all down to the line */
    pthread_cond_t changed;   /* for the thread: lines, a target, the end */
    pthread_cond_t unblocked; /* for the thread while it cannot write: a target, the end */
    pthread_cond_t ended;
    struct line_buffer *spares;
    struct line_buffer *first, *last; /* to be written, in order */
    unsigned buffer_count;            /* made so far */
    unsigned max_buffers;
    uint64_t dropped;      /* since on_dropped */
    uint64_t dropped_ever; /* all of them */
    int wanted;            /* the next target, or NO_CHANGE */
    bool must_reopen;
    bool must_end;
    bool has_ended;
    bool is_joined;
    unsigned still_ms, most_ms; /* of the end */
    uint64_t moved_at;          /* when a byte was written last, or the end was asked for */
    uint64_t asked_at;          /* when the end was asked for */
    /* ---- the thread's own */
    struct line_buffer *current;
    size_t sent; /* bytes of it that are written */
    struct line_target target;
    bool has_failed;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    (void)pthread_cond_timedwait(condition, lock, &until);
}

/* ---- the target */

static struct slice current_text(const struct line_writer *writer)
{
    return slice_make(writer->current->bytes, writer->current->used);
}

/* The part of a line that the old target has is taken back where that can be, and the new one gets the whole line. */
static void set_target(struct line_writer *writer, int descriptor)
{
    if (writer->current != NULL) {
        struct slice text = current_text(writer);
        (void)line_target_take_back(&writer->target, text, writer->sent);
        writer->sent = line_target_line_start(text, writer->sent);
    }
    line_target_set(&writer->target, descriptor);
}

/* Follows what was asked for since. Called with the lock, which is open meanwhile. */
static void follow_target(struct line_writer *writer)
{
    bool must_reopen = writer->must_reopen;
    int wanted = writer->wanted;
    if (!must_reopen && wanted == NO_CHANGE) {
        return;
    }
    writer->must_reopen = false;
    writer->wanted = NO_CHANGE;
    pthread_mutex_unlock(&writer->lock);
    if (wanted != NO_CHANGE) {
        set_target(writer, wanted);
    } else if (writer->events->reopen != NULL) {
        int descriptor = writer->events->reopen(writer->owner);
        if (descriptor >= 0) {
            set_target(writer, descriptor);
        }
    }
    pthread_mutex_lock(&writer->lock);
}

/* ---- writing */

/* Called without the lock. */
static enum line_target_outcome write_and_tell(struct line_writer *writer)
{
    struct slice text = current_text(writer);
    enum line_target_outcome outcome = line_target_write(&writer->target, text, &writer->sent);
    if (outcome == LINE_TARGET_MOVED) {
        writer->has_failed = false;
    } else if (outcome == LINE_TARGET_FAILED) {
        int error = errno;
        writer->sent = line_target_take_back(&writer->target, text, writer->sent);
        if (!writer->has_failed && writer->events->on_failed != NULL) {
            writer->events->on_failed(writer->owner, error);
        }
        writer->has_failed = true;
    }
    return outcome;
}

/* ---- the thread; all of it is called with the lock */

static void recycle(struct line_writer *writer)
{
    writer->current->used = 0;
    writer->current->next = writer->spares;
    writer->spares = writer->current;
    writer->current = NULL;
}

static void tell_dropped(struct line_writer *writer)
{
    uint64_t dropped = writer->dropped;
    if (dropped == 0 || writer->events->on_dropped == NULL) {
        return;
    }
    writer->dropped = 0;
    pthread_mutex_unlock(&writer->lock);
    writer->events->on_dropped(writer->owner, dropped);
    pthread_mutex_lock(&writer->lock);
}

static void take_next(struct line_writer *writer)
{
    if (writer->current == NULL && writer->first != NULL) {
        writer->current = writer->first;
        writer->first = writer->first->next;
        writer->sent = 0;
    }
}

static bool has_given_up(const struct line_writer *writer)
{
    uint64_t now = now_ms();
    return writer->must_end && (now >= writer->moved_at + writer->still_ms ||
                                now >= writer->asked_at + writer->most_ms);
}

/* Writes a piece of the current buffer; false when the end has come and there is no more to hope for. */
static bool get_on(struct line_writer *writer)
{
    pthread_mutex_unlock(&writer->lock);
    enum line_target_outcome outcome = write_and_tell(writer);
    pthread_mutex_lock(&writer->lock);
    if (outcome == LINE_TARGET_MOVED) {
        writer->moved_at = now_ms();
        if (writer->sent == writer->current->used) {
            recycle(writer);
            tell_dropped(writer);
        }
    } else if (outcome == LINE_TARGET_FAILED) {
        if (writer->must_end) {
            return false;
        }
        wait_until(&writer->unblocked, &writer->lock, now_ms() + LINE_WRITER_RETRY_MS);
    }
    return !has_given_up(writer);
}

static void *run(void *argument)
{
    struct line_writer *writer = argument;
    pthread_mutex_lock(&writer->lock);
    for (;;) {
        follow_target(writer);
        take_next(writer);
        if (writer->current != NULL) {
            if (!get_on(writer)) {
                break;
            }
        } else if (writer->must_end) {
            break;
        } else if (!writer->must_reopen && writer->wanted == NO_CHANGE) {
            pthread_cond_wait(&writer->changed, &writer->lock);
        }
    }
    writer->has_ended = true;
    pthread_cond_broadcast(&writer->ended);
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

/* ---- life */

static bool init_conditions(struct line_writer *writer)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return false;
    }
    bool fine = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_mutex_init(&writer->lock, NULL) == 0 &&
                pthread_cond_init(&writer->changed, &monotonic) == 0 &&
                pthread_cond_init(&writer->unblocked, &monotonic) == 0 &&
                pthread_cond_init(&writer->ended, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    return fine;
}

struct line_writer *line_writer_create(unsigned max_buffers,
                                       const struct line_writer_events *events, void *owner)
{
    struct line_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return NULL;
    }
    writer->events = events;
    writer->owner = owner;
    writer->max_buffers = max_buffers;
    writer->wanted = NO_CHANGE;
    writer->target.descriptor = -1;
    if (!init_conditions(writer) || pthread_create(&writer->thread, NULL, run, writer) != 0) {
        free(writer);
        return NULL;
    }
    return writer;
}

bool line_writer_end(struct line_writer *writer, unsigned still_ms, unsigned most_ms)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer->must_end) {
        writer->must_end = true;
        writer->asked_at = writer->moved_at = now_ms();
    }
    writer->still_ms = still_ms;
    writer->most_ms = most_ms;
    pthread_cond_signal(&writer->changed);
    pthread_cond_signal(&writer->unblocked);
    while (!writer->has_ended &&
           !(has_given_up(writer) && now_ms() >= writer->moved_at + still_ms + ENDED_MARGIN_MS)) {
        wait_until(&writer->ended, &writer->lock, now_ms() + LINE_WRITER_RETRY_MS);
    }
    bool has_ended = writer->has_ended;
    bool must_join = has_ended && !writer->is_joined;
    writer->is_joined = has_ended;
    pthread_mutex_unlock(&writer->lock);
    if (must_join) {
        pthread_join(writer->thread, NULL);
    }
    return has_ended;
}

static void free_buffers(struct line_buffer *buffer)
{
    while (buffer != NULL) {
        struct line_buffer *next = buffer->next;
        free(buffer);
        buffer = next;
    }
}

void line_writer_destroy(struct line_writer *writer)
{
    free_buffers(writer->spares);
    free_buffers(writer->first);
    free(writer->current);
    if (writer->wanted >= 0) {
        close(writer->wanted);
    }
    line_target_set(&writer->target, -1);
    pthread_cond_destroy(&writer->ended);
    pthread_cond_destroy(&writer->unblocked);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

/* ---- from other threads */

void line_writer_direct(struct line_writer *writer, int descriptor)
{
    pthread_mutex_lock(&writer->lock);
    int passed_over = writer->wanted;
    writer->wanted = descriptor;
    pthread_cond_signal(&writer->changed);
    pthread_cond_signal(&writer->unblocked);
    pthread_mutex_unlock(&writer->lock);
    if (passed_over >= 0) {
        close(passed_over);
    }
}

void line_writer_reopen(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->must_reopen = true;
    pthread_cond_signal(&writer->changed);
    pthread_cond_signal(&writer->unblocked);
    pthread_mutex_unlock(&writer->lock);
}

/* With the lock. */
static struct line_buffer *take_buffer(struct line_writer *writer)
{
    struct line_buffer *buffer = writer->spares;
    if (buffer != NULL) {
        writer->spares = buffer->next;
    } else if (writer->buffer_count < writer->max_buffers) {
        buffer = malloc(sizeof *buffer);
        writer->buffer_count += buffer != NULL;
    }
    if (buffer != NULL) {
        buffer->next = NULL;
        buffer->used = 0;
    }
    return buffer;
}

/* With the lock. */
static void append(struct line_writer *writer, struct line_buffer *buffer)
{
    if (writer->first == NULL) {
        writer->first = buffer;
    } else {
        writer->last->next = buffer;
    }
    writer->last = buffer;
    pthread_cond_signal(&writer->changed);
}

struct line_buffer *line_writer_take(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    struct line_buffer *buffer = take_buffer(writer);
    pthread_mutex_unlock(&writer->lock);
    return buffer;
}

/* With the lock: adds lines to a buffer that waits already; false: there is none with room. */
static bool add_to_last(struct line_writer *writer, struct slice lines)
{
    struct line_buffer *last = writer->first == NULL ? NULL : writer->last;
    if (last == NULL || lines.length > sizeof last->bytes - last->used) {
        return false;
    }
    memcpy(last->bytes + last->used, lines.data, lines.length);
    last->used += lines.length;
    return true;
}

/* While nothing can be written, buffers that are nearly empty must not use up all that there are. */
void line_writer_give(struct line_writer *writer, struct line_buffer *buffer)
{
    pthread_mutex_lock(&writer->lock);
    buffer->next = NULL;
    if (buffer->used == 0 || add_to_last(writer, slice_make(buffer->bytes, buffer->used))) {
        buffer->next = writer->spares;
        writer->spares = buffer;
    } else {
        append(writer, buffer);
    }
    pthread_mutex_unlock(&writer->lock);
}

void line_writer_put(struct line_writer *writer, struct slice line)
{
    pthread_mutex_lock(&writer->lock);
    bool is_added = add_to_last(writer, line);
    struct line_buffer *buffer =
        is_added || line.length > LINE_BUFFER_BYTES ? NULL : take_buffer(writer);
    if (buffer != NULL) {
        append(writer, buffer);
        is_added = add_to_last(writer, line);
    }
    if (!is_added) {
        writer->dropped++;
        writer->dropped_ever++;
    }
    pthread_mutex_unlock(&writer->lock);
}

void line_writer_drop(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->dropped++;
    writer->dropped_ever++;
    pthread_mutex_unlock(&writer->lock);
}

uint64_t line_writer_dropped(struct line_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    uint64_t dropped = writer->dropped_ever;
    pthread_mutex_unlock(&writer->lock);
    return dropped;
}
