/*
 * The error log: one line an event, to standard error. Only net, proxy, server and cli call it; the
 * pure core returns reasons instead. A line longer than LOG_LINE_MAX is cut.
 *
 * A line goes straight out, with one write(2), until log_start is called. From then on a thread writes the lines
 * (base/line_writer), so nobody who logs ever waits for somebody who does not read. Lines that find no
 * room are dropped and counted, and the log itself says how many there were.
 */
#ifndef VERBGATE_BASE_LOG_H
#define VERBGATE_BASE_LOG_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR, /* something is broken and somebody should look */
    LOG_LEVEL_WARN,  /* one exchange or one resource failed; service goes on */
    LOG_LEVEL_INFO,  /* life of the process */
    LOG_LEVEL_DEBUG, /* life of a connection */
};

enum { LOG_LINE_MAX = 1024 };

/* Sets the least severe level that is written. Any thread; default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Whether a line of this level would be written: to skip costly arguments. */
int log_is_on(enum log_level level);

void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Adds text of one line or more, with its line ends, as it is: what is wrong with a policy. At most 64 KiB. */
void log_text(struct slice text);

/* Starts the thread that writes the lines; once in a process. False: no resources. */
MUST_CHECK bool log_start(void);

/* Writes the lines that are still there, as far as that goes without waiting for a reader for longer than
 * `still_ms`, or in all `most_ms`. The process is about to end. Any thread. */
void log_end(unsigned still_ms, unsigned most_ms);

/* Lines dropped so far. */
uint64_t log_dropped(void);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                              \
    do {                                            \
        if (log_is_on(LOG_LEVEL_DEBUG)) {           \
            log_line(LOG_LEVEL_DEBUG, __VA_ARGS__); \
        }                                           \
    } while (0)

#endif
