#include "verbgate/base/log.h"

#include "verbgate/base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int current_level = LOG_LEVEL_INFO;

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
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written; /* there is nowhere left to report it */
}
