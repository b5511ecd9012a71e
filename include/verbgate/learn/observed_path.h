/*
 * The path of a request as it is remembered: its first segments, with what looks like somebody's own
 * (numbers, ids, long or encoded segments) replaced by "*". It says which resource it was and not
 * whose, and a handful of entries stand for all that clients ever ask for.
 * "/orders/17" becomes "/orders/" and a star, "/orders/list/new/all" "/orders/list/new/" and a star.
 */
#ifndef VERBGATE_LEARN_OBSERVED_PATH_H
#define VERBGATE_LEARN_OBSERVED_PATH_H

#include "verbgate/base/writer.h"

enum {
    OBSERVED_PATH_SEGMENTS = 3,
    OBSERVED_PATH_SEGMENT_MAX = 32,
    OBSERVED_PATH_MAX = (OBSERVED_PATH_SEGMENTS + 1) * (OBSERVED_PATH_SEGMENT_MAX + 1),
};

/* Whether a segment can stand in a policy as it is: unreserved characters, ':', '+', ',' and '='. */
bool observed_path_is_plain(struct slice segment);

/* Writes a path that starts with '/', without a query; any other text is written as "*". A slash at
 * the end is left out; what is behind the last segment that is kept becomes one more "*". */
void observed_path_write(struct writer *writer, struct slice path);

/* Whether `text` is something that observed_path_write writes; for records that are read back. */
bool observed_path_is_valid(struct slice text);

#endif
