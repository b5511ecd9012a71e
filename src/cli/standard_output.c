#include "verbgate/cli/standard_output.h"

#include <errno.h>
#include <stdio.h>

static bool put(void *context, struct slice piece)
{
    (void)context;
    return fwrite(piece.data, 1, piece.length, stdout) == piece.length;
}

struct sink standard_output_sink(void)
{
    return (struct sink){put, NULL};
}

bool standard_output_end(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return true;
    }
    fprintf(stderr, "verbgate: cannot write the output: %s\n", strerror(errno));
    return false;
}
