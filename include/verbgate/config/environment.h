/* What a configuration needs of the outside: files, and variables of the environment. It is the caller's to provide. */
#ifndef VERBGATE_CONFIG_ENVIRONMENT_H
#define VERBGATE_CONFIG_ENVIRONMENT_H

#include "verbgate/base/arena.h"
#include "verbgate/base/slice.h"

enum { CONFIG_FILE_MAX = 4 * 1024 * 1024 }; /* bytes of one file */

struct config_environment {
    void *context;

    /* Reads a whole file into `arena`. Returns NULL, or a sentence such as "no such file or
     * directory" (static, or in `arena`). `path` is NUL-terminated. At most CONFIG_FILE_MAX bytes.
     */
    const char *(*read_file)(void *context, const char *path, struct arena *arena,
                             struct slice *text);

    /* Calls `each` for every file that `pattern` (shell glob) matches, sorted by name. Returns NULL
     * or a sentence. No match is no error. */
    const char *(*find_files)(void *context, const char *pattern,
                              void (*each)(void *each_context, const char *path),
                              void *each_context);

    /* The value of an environment variable (NUL-terminated name), or NULL. */
    const char *(*get_variable)(void *context, const char *name);
};

#endif
