/* Where a line_writer writes to: a file, a pipe, a terminal, or nowhere. */
#ifndef VERBGATE_BASE_LINE_TARGET_H
#define VERBGATE_BASE_LINE_TARGET_H

#include "verbgate/base/slice.h"

#include <stdbool.h>

struct line_target {
    int descriptor; /* owned; -1: text is thrown away */
    bool is_file;   /* a write to it never waits for a reader */
};

enum line_target_outcome {
    LINE_TARGET_MOVED,
    LINE_TARGET_FULL,   /* nobody reads, for LINE_WRITER_RETRY_MS */
    LINE_TARGET_FAILED, /* errno says why */
};

/* Another descriptor from here on; the old one is closed. */
void line_target_set(struct line_target *target, int descriptor);

/* Where the line begins that holds byte `sent` of the text. */
size_t line_target_line_start(struct slice text, size_t sent);

/* Takes back the part of a line that a full disk let through, and returns what is written after that. Where somebody
 * else has written behind the part, it stays: then it is `sent`, and the line is gone on with. */
size_t line_target_take_back(const struct line_target *target, struct slice text, size_t sent);

/* Writes a piece of the text from *sent on, and moves *sent behind it. To a pipe it writes no more than the pipe takes at
 * once, whole lines where that can be, so that no other process's text comes between. */
enum line_target_outcome line_target_write(const struct line_target *target, struct slice text,
                                           size_t *sent);

#endif
