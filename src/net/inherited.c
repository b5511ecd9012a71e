#include "verbgate/net/inherited.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_DESCRIPTOR = 3 };

/* The number that an environment variable holds; false when it holds none. */
static bool read_number(const char *variable, uint64_t *number)
{
    const char *text = getenv(variable);
    return text != NULL && slice_to_number(slice_of(text), number);
}

/* The position of `name` in a list separated by colons; `count` when it is not there. */
static unsigned find_name(struct slice names, struct slice name, unsigned count)
{
    for (unsigned i = 0; i < count && names.data != NULL; i++) {
        size_t end = slice_find(names, ':');
        if (slice_equal(slice_make(names.data, end), name)) {
            return i;
        }
        if (end == names.length) {
            break;
        }
        names = slice_after(names, end + 1);
    }
    return count;
}

static bool is_listening_stream(int descriptor)
{
    int type = 0;
    int listens = 0;
    socklen_t type_length = sizeof type;
    socklen_t listens_length = sizeof listens;
    return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_length) == 0 &&
           type == SOCK_STREAM &&
           getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_length) == 0 &&
           listens != 0;
}

static bool prepare(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

const char *inherited_find(struct slice name, int *descriptor)
{
    uint64_t pid = 0;
    uint64_t count = 0;
    const char *names = getenv("LISTEN_FDNAMES");
    /* The variables may be meant for a parent of this process. */
    if (!read_number("LISTEN_PID", &pid) || pid != (uint64_t)getpid() ||
        !read_number("LISTEN_FDS", &count) || count == 0) {
        return "the process was started without sockets (LISTEN_FDS): start it from a .socket unit";
    }
    if (count > INHERITED_SOCKETS_MAX) {
        return "the process was started with more than 64 sockets";
    }
    struct slice list = names == NULL ? slice_make(NULL, 0) : slice_of(names);
    unsigned index = find_name(list, name, (unsigned)count);
    if (index == count) {
        return "the process was started without a socket of this name (LISTEN_FDNAMES)";
    }
    int found = FIRST_DESCRIPTOR + (int)index;
    if (!is_listening_stream(found) || !prepare(found)) {
        return "the socket of this name is not a listening stream socket";
    }
    *descriptor = found;
    return NULL;
}
