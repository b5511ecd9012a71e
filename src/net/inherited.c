#include "verbgate/net/inherited.h"

#include "verbgate/base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_DESCRIPTOR = 3 };

struct inherited_socket {
    int descriptor; /* -1: it belongs to a listener, or was closed */
    struct slice name;
    struct socket_address address; /* of a socket that listens; else of length 0 */
    bool is_dual_stack;
    bool is_used;
};

/* The process has one such table, as it has one environment. */
static struct {
    struct inherited_socket *sockets;
    unsigned count;
    char *names;
    const char *trouble; /* why there are none */
} table = {
    .trouble =
        "the process was started without sockets (LISTEN_FDS): start it from a .socket unit"};

/* ---- what the environment says */

/* The number that an environment variable holds; false when it holds none. */
static bool read_number(const char *variable, uint64_t *number)
{
    const char *text = getenv(variable);
    return text != NULL && slice_to_number(slice_of(text), number);
}

/* The first of names that are separated by colons; `*names` becomes the rest. */
static struct slice next_name(struct slice *names)
{
    size_t end = slice_find(*names, ':');
    struct slice name = slice_make(names->data, end);
    *names = end == names->length ? slice_make("", 0) : slice_after(*names, end + 1);
    return name;
}

bool inherited_is_listening(int descriptor)
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

static bool is_dual_stack(int descriptor)
{
    int only_v6 = 1;
    socklen_t length = sizeof only_v6;
    return getsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &length) == 0 &&
           only_v6 == 0;
}

static bool prepare(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

static void read_socket(struct inherited_socket *socket, int descriptor, struct slice name)
{
    *socket = (struct inherited_socket){.descriptor = descriptor, .name = name};
    struct socket_address *address = &socket->address;
    address->length = sizeof address->storage;
    if (!inherited_is_listening(descriptor) || !prepare(descriptor) ||
        getsockname(descriptor, &address->any, &address->length) != 0) {
        address->length = 0;
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        return;
    }
    socket->is_dual_stack = address->any.sa_family == AF_INET6 && is_dual_stack(descriptor);
}

void inherited_open(void)
{
    uint64_t pid = 0;
    uint64_t count = 0;
    /* The variables may be meant for a parent of this process. */
    if (!read_number("LISTEN_PID", &pid) || pid != (uint64_t)getpid() ||
        !read_number("LISTEN_FDS", &count) || count == 0) {
        return;
    }
    if (count > INHERITED_SOCKETS_MAX) {
        table.trouble = "the process was started with more than 4096 sockets";
        return;
    }
    const char *names = getenv("LISTEN_FDNAMES");
    table.names = strdup(names == NULL ? "" : names);
    table.sockets = calloc(count, sizeof *table.sockets);
    if (table.names == NULL || table.sockets == NULL) {
        table.trouble = "out of memory";
        return;
    }
    struct slice rest = slice_of(table.names);
    for (unsigned i = 0; i < count; i++) {
        read_socket(&table.sockets[i], FIRST_DESCRIPTOR + (int)i, next_name(&rest));
    }
    table.count = (unsigned)count;
    table.trouble = "the process was started without a socket of this name (LISTEN_FDNAMES)";
}

/* ---- what listeners take */

const char *inherited_find(struct slice name, int *descriptor)
{
    for (unsigned i = 0; i < table.count; i++) {
        struct inherited_socket *socket = &table.sockets[i];
        if (socket->descriptor < 0 || !slice_equal(socket->name, name)) {
            continue;
        }
        if (socket->address.length == 0) {
            return "the socket of this name is not a listening stream socket";
        }
        socket->is_used = true;
        *descriptor = socket->descriptor;
        return NULL;
    }
    return table.trouble;
}

static bool is_same_address(const struct socket_address *a, const struct socket_address *b)
{
    if (a->length == 0 || a->any.sa_family != b->any.sa_family) {
        return false;
    }
    switch (a->any.sa_family) {
    case AF_INET:
        return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    case AF_INET6:
        return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
               memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
    case AF_UNIX:
        return strncmp(a->path.sun_path, b->path.sun_path, sizeof a->path.sun_path) == 0;
    default:
        return false;
    }
}

static bool is_handed_over_socket(const struct inherited_socket *socket)
{
    return slice_equal(socket->name, SLICE(INHERITED_HANDED_OVER));
}

/* The listener's own descriptor. A socket of the service manager is kept beside it. */
static int give(struct inherited_socket *socket)
{
    socket->is_used = true;
    if (!is_handed_over_socket(socket)) {
        return fcntl(socket->descriptor, F_DUPFD_CLOEXEC, 0);
    }
    int descriptor = socket->descriptor;
    socket->descriptor = -1;
    return descriptor;
}

int inherited_take(const struct socket_address *address, bool is_dual, unsigned *cursor,
                   bool *is_handed_over)
{
    while (*cursor < table.count) {
        struct inherited_socket *socket = &table.sockets[(*cursor)++];
        if (socket->descriptor >= 0 && socket->is_dual_stack == is_dual &&
            is_same_address(&socket->address, address)) {
            *is_handed_over = is_handed_over_socket(socket);
            return give(socket);
        }
    }
    return -1;
}

void inherited_close_unused(void)
{
    for (unsigned i = 0; i < table.count; i++) {
        struct inherited_socket *socket = &table.sockets[i];
        if (socket->is_used) {
            continue;
        }
        char text[128] = "no listening stream socket";
        if (socket->address.length > 0) {
            socket_address_text(&socket->address, text, sizeof text);
        }
        log_warn(
            "the socket \"%.*s\" (%s) that the process was started with is of no listener: it is "
            "closed",
            SLICE_PRINT(socket->name), text);
        close(socket->descriptor);
        socket->descriptor = -1;
        socket->is_used = true;
    }
}

/* ---- what is passed on */

bool passed_sockets_add(struct passed_sockets *passed, int descriptor, const char *name)
{
    if (passed->count == INHERITED_SOCKETS_MAX) {
        return false;
    }
    int *descriptors = realloc(passed->descriptors, (passed->count + 1) * sizeof *descriptors);
    if (descriptors == NULL) {
        return false;
    }
    passed->descriptors = descriptors;
    size_t length = strlen(name);
    char *names = realloc(passed->names, passed->names_length + length + 2);
    if (names == NULL) {
        return false;
    }
    passed->names = names;
    if (passed->count > 0) {
        names[passed->names_length++] = ':';
    }
    memcpy(names + passed->names_length, name, length + 1);
    passed->names_length += length;
    descriptors[passed->count++] = descriptor;
    return true;
}

bool inherited_pass_on(struct passed_sockets *passed)
{
    for (unsigned i = 0; i < table.count; i++) {
        const struct inherited_socket *socket = &table.sockets[i];
        char name[256];
        if (socket->descriptor < 0 || socket->name.length >= sizeof name) {
            continue;
        }
        memcpy(name, socket->name.data, socket->name.length);
        name[socket->name.length] = '\0';
        if (!passed_sockets_add(passed, socket->descriptor, name)) {
            return false;
        }
    }
    return true;
}

void passed_sockets_finish(struct passed_sockets *passed)
{
    free(passed->descriptors);
    free(passed->names);
    *passed = (struct passed_sockets){0};
}
