/*
 * The access log. Workers fill buffers of their own and hand over whole ones; a thread writes them
 * (base/line_writer), so a slow disk or pipe never holds a worker up. When all buffers are on their way, lines
 * are dropped and counted, and the error log says so.
 */
#ifndef VERBGATE_TELEMETRY_ACCESS_LOG_H
#define VERBGATE_TELEMETRY_ACCESS_LOG_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/line_writer.h"
#include "verbgate/base/slice.h"

#include <stdint.h>

enum { ACCESS_LOG_BUFFERS_PER_WORKER = 4 };

struct access_log;

/* Makes the log with its thread and room for `workers`; it writes nowhere yet. NULL: no resources.
 */
MUST_CHECK struct access_log *access_log_create(unsigned workers);

/* Writes what is still there, with the bounds of line_writer_end. All workers must have handed over theirs. False:
 * the thread hangs in a write, and the log must not be destroyed. */
bool access_log_end(struct access_log *log, unsigned still_ms, unsigned most_ms);

/* Frees a log whose end was true. */
void access_log_destroy(struct access_log *log);

/* Opens another target: "off", "stdout" or a path, which is opened for appending. A path that is another name of standard
 * output or standard error, such as /dev/stdout, is that stream. Returns NULL, or why it cannot be opened (static or
 * strerror's). Lines go where they went. Any thread; blocks on the disk. access_log_roll_back or access_log_commit
 * follows when it was NULL. */
MUST_CHECK const char *access_log_prepare(struct access_log *log, struct slice target);

/* After access_log_prepare, when something else failed: closes what it has opened. */
void access_log_roll_back(struct access_log *log);

/* After access_log_prepare: lines go to the new target from here on. Waits for nothing. */
void access_log_commit(struct access_log *log);

/* Has the thread open the same path again, since the old file was moved away. The error log says how that went. */
void access_log_reopen(struct access_log *log);

/* An empty buffer, or NULL: all are on their way. Any thread. */
struct line_buffer *access_log_take(struct access_log *log);

/* Hands over a buffer to be written (or, when it is empty, just back). Any thread. */
void access_log_give(struct access_log *log, struct line_buffer *buffer);

/* Counts a line that found no buffer. Any thread. */
void access_log_drop(struct access_log *log);

/* Lines dropped so far. Any thread. */
uint64_t access_log_dropped(struct access_log *log);

#endif
