#include "verbgate/base/log.h"

#include "verbgate/base/clock.h"
#include "verbgate/base/line_writer.h"
#include "verbgate/base/standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { BUFFERS = 4 };

static atomic_int current_level = LOG_LEVEL_INFO;

/* NULL before log_start. It stays until the process ends, since any thread may still log. */
static _Atomic(struct line_writer *) queue;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level)
{
    atomic_store(&current_level, (int)level);
}

int log_is_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

/* Control bytes in a line could forge a second line or move a terminal's cursor. */
static void blank_control_bytes(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = '?';
        }
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_is_on(level)) {
        return;
    }
    struct clock clock;
    clock_init(&clock);
    clock_set(&clock, time(NULL));

    char line[LOG_LINE_MAX];
    int prefix = snprintf(line, sizeof line, "%s verbgate[%d] %s: ", clock.iso_stamp, (int)getpid(),
                          level_names[level]);
    size_t length = prefix > 0 ? (size_t)prefix : 0;
    va_list arguments;
    va_start(arguments, format);
    int text = vsnprintf(line + length, sizeof line - length, format, arguments);
    va_end(arguments);
    if (text > 0) {
        size_t room = sizeof line - length - 1;
        length += (size_t)text < room ? (size_t)text : room;
    }
    blank_control_bytes(line, length);
    line[length < sizeof line ? length : sizeof line - 1] = '\n';
    log_text(slice_make(line, length + 1));
}

void log_text(struct slice text)
{
    struct line_writer *writer = atomic_load(&queue);
    if (writer != NULL) {
        line_writer_put(writer, text);
        return;
    }
    while (text.length > 0) {
        ssize_t written = write(STDERR_FILENO, text.data, text.length);
        if (written < 0 && errno != EINTR) {
            break; /* there is nowhere left to report it */
        }
        text = slice_after(text, written < 0 ? 0 : (size_t)written);
    }
}

/* ---- the thread */

static void on_dropped(void *owner, uint64_t lines)
{
    (void)owner;
    log_warn("%llu lines of this log were dropped: nobody took them in time",
             (unsigned long long)lines);
}

bool log_start(void)
{
    static const struct line_writer_events events = {.on_dropped = on_dropped};
    struct line_writer *writer = line_writer_create(BUFFERS, &events, NULL);
    if (writer == NULL) {
        return false;
    }
    /* Of its own, so that whoever closes standard error closes nobody's file. */
    bool is_open = standard_streams_is_writable(STDERR_FILENO);
    line_writer_direct(writer, is_open ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1);
    atomic_store(&queue, writer);
    return true;
}

void log_end(unsigned still_ms, unsigned most_ms)
{
    struct line_writer *writer = atomic_load(&queue);
    if (writer != NULL) {
        (void)line_writer_end(writer, still_ms, most_ms);
    }
}

uint64_t log_dropped(void)
{
    struct line_writer *writer = atomic_load(&queue);
    return writer == NULL ? 0 : line_writer_dropped(writer);
}
