/*
 * The error log: one line an event, to standard error, written whole with one write(2), so lines
 * of several threads do not mix. Only net, proxy, server and cli call it; the pure core returns
 * reasons instead. A line longer than LOG_LINE_MAX is cut.
 */
#ifndef VERBGATE_BASE_LOG_H
#define VERBGATE_BASE_LOG_H

#include "verbgate/base/attributes.h"

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
