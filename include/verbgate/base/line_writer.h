/*
 * A thread that writes lines to a descriptor, so that nobody who has a line ever waits for a slow disk, a
 * full pipe, or somebody who does not read. Lines wait in a bounded number of buffers. When all of them
 * are taken, lines are dropped and counted.
 *
 * A line is written whole or not at all. When a disk is full in the middle of one, the part of it that is
 * there is taken back, and the line is written again when there is room.
 */
#ifndef VERBGATE_BASE_LINE_WRITER_H
#define VERBGATE_BASE_LINE_WRITER_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LINE_BUFFER_BYTES = 64 * 1024,
    LINE_WRITER_RETRY_MS =
        200, /* after an error, and how soon a stopped reader is asked about again */
};

struct line_writer;

/* Holds whole lines only. */
struct line_buffer {
    struct line_buffer *next;
    size_t used;
    char bytes[LINE_BUFFER_BYTES];
};

/* All of them are called on the writer's thread, and none may wait. Any of them may be NULL. */
struct line_writer_events {
    /* There is room again after `lines` lines were dropped. */
    void (*on_dropped)(void *owner, uint64_t lines);
    /* A write failed; not told again until one succeeds. */
    void (*on_failed)(void *owner, int error);
    /* Opens the target again: the new descriptor, or -1 to go on with the one at hand. */
    int (*reopen)(void *owner);
};

/* Makes a writer with at most `max_buffers`, and its thread. It writes nowhere yet. NULL: no resources. */
MUST_CHECK struct line_writer *
line_writer_create(unsigned max_buffers, const struct line_writer_events *events, void *owner);

/* Where lines go from here on; -1: they are thrown away. The writer owns and closes the descriptor. */
void line_writer_direct(struct line_writer *writer, int descriptor);

/* Asks the thread to call events->reopen. */
void line_writer_reopen(struct line_writer *writer);

/* An empty buffer, or NULL: all are on their way. */
struct line_buffer *line_writer_take(struct line_writer *writer);

/* Hands over a buffer to be written (or, when it is empty, just back). */
void line_writer_give(struct line_writer *writer, struct line_buffer *buffer);

/* Hands over one line, at most LINE_BUFFER_BYTES long, or drops and counts it. */
void line_writer_put(struct line_writer *writer, struct slice line);

/* Counts a line that found no buffer. */
void line_writer_drop(struct line_writer *writer);

/* Lines dropped so far. */
uint64_t line_writer_dropped(struct line_writer *writer);

/* Lets the thread write what is still there and end, and joins it. It gives up when it gets on by no byte for
 * `still_ms`, when a write fails, and after `most_ms`. False: the thread hangs in a write and lives on. Lines that
 * come later are dropped. */
bool line_writer_end(struct line_writer *writer, unsigned still_ms, unsigned most_ms);

/* Frees a writer for which line_writer_end has returned true. */
void line_writer_destroy(struct line_writer *writer);

#endif
