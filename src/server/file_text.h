/* The bytes of a policy's files. */
#ifndef VERBGATE_SERVER_FILE_TEXT_H
#define VERBGATE_SERVER_FILE_TEXT_H

#include "verbgate/base/arena.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <stdbool.h>

/* Reads the whole of a regular file, of at most CONFIG_FILE_MAX bytes, into `arena`. Anything else than a
 * regular file is refused, and never waited for. NULL, or a sentence that says what is wrong. */
MUST_CHECK const char *file_text_read(const char *path, struct arena *arena, struct slice *text);

/* The same for the main file of a policy. It may also be a pipe, a socket or a terminal, which is read to its
 * end and waited for; *is_stream says so. "-" and the names of descriptors, such as /dev/stdin and /dev/fd/63, are
 * the descriptors that the process was started with. */
MUST_CHECK const char *file_text_read_main(const char *path, struct arena *arena,
                                           struct slice *text, bool *is_stream);

/* The same for a file that was read before: streams are refused and not waited for. */
MUST_CHECK const char *file_text_read_main_again(const char *path, struct arena *arena,
                                                 struct slice *text);

/* The descriptor that `path` is a name of: "-", "/dev/stdout", "/dev/fd/63"; -1: of none. */
int file_text_descriptor(const char *path);

#endif
