#include "verbgate/base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

/* The null device is opened the wrong way round: a command must not take its output for written. A
 * folder does as well where there is no /dev. */
static bool reserve(int descriptor)
{
    int mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    return open("/dev/null", mode) == descriptor || open("/", O_PATH) == descriptor;
}

bool standard_streams_reserve(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && !reserve(descriptor)) {
            return false;
        }
    }
    return true;
}

bool standard_streams_is_writable(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}
