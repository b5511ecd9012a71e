#include "verbgate/cli/standard_output.h"

#include <errno.h>
#include <stdio.h>

/* Of the first write that failed; a later one may leave another number in errno. */
static int first_error;

static void note(bool is_fine)
{
    if (!is_fine && first_error == 0) {
        first_error = errno;
    }
}

static bool put(void *context, struct slice piece)
{
    (void)context;
    bool is_fine = fwrite(piece.data, 1, piece.length, stdout) == piece.length;
    note(is_fine);
    return is_fine;
}

struct sink standard_output_sink(void)
{
    return (struct sink){put, NULL};
}

bool standard_output_write(struct slice text)
{
    return put(NULL, text);
}

bool standard_output_end(void)
{
    note(fflush(stdout) == 0 && ferror(stdout) == 0);
    /* A reader that went away has all that it wanted: verbgate methods | head -1. */
    if (first_error != 0 && first_error != EPIPE) {
        fprintf(stderr, "verbgate: cannot write the output: %s\n", strerror(first_error));
    }
    return first_error == 0;
}
