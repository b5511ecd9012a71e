#include "verbgate/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *advice_for(const struct socket_address *address, int error)
{
    switch (error) {
    case EADDRINUSE:
        return ": another process or listener has it; stop it or choose another port";
    case EADDRNOTAVAIL:
        return ": this machine has no such address";
    case EACCES:
        return address->any.sa_family == AF_UNIX
                   ? ": this user may not write to the folder"
                   : ": a port below 1024 needs CAP_NET_BIND_SERVICE (systemd: "
                     "AmbientCapabilities=), "
                     "or sysctl net.ipv4.ip_unprivileged_port_start=0";
    default:
        return "";
    }
}

static void describe(char problem[LISTENER_PROBLEM_MAX], const struct socket_address *address,
                     int error)
{
    char text[128];
    socket_address_text(address, text, sizeof text);
    snprintf(problem, LISTENER_PROBLEM_MAX, "cannot listen on %s: %s%s", text, strerror(error),
             advice_for(address, error));
}

static bool set_option(int descriptor, int level, int option, int value)
{
    return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

/* A bound TCP socket, or -1 with errno set. */
static int bind_tcp(const struct socket_address *address, bool is_dual_stack, bool is_shared)
{
    int descriptor = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return -1;
    }
    bool fine = set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (fine && address->any.sa_family == AF_INET6) {
        fine = set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, is_dual_stack ? 0 : 1);
    }
    if (fine && is_shared) {
        fine = set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    if (!fine || bind(descriptor, &address->any, address->length) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

/* SO_REUSEPORT lets a second gateway of the same user join the port without a word. A bind without
 * it tells whether somebody is there. */
static bool is_port_free(const struct socket_address *address, bool is_dual_stack)
{
    int descriptor = bind_tcp(address, is_dual_stack, false);
    if (descriptor < 0) {
        return false;
    }
    bool is_free = listen(descriptor, 1) == 0;
    int error = errno;
    close(descriptor);
    errno = error;
    return is_free;
}

static bool open_tcp(struct listener_socket *out, bool is_dual_stack, unsigned backlog)
{
    if (out->address.v4.sin_port != 0 && !is_port_free(&out->address, is_dual_stack)) {
        return false;
    }
    for (unsigned i = 0; i < out->count; i++) {
        out->descriptors[i] = bind_tcp(&out->address, is_dual_stack, true);
        if (out->descriptors[i] < 0) {
            return false;
        }
        /* After the first socket a port 0 has become a real one, which the others share. */
        out->address.length = sizeof out->address.storage;
        if (getsockname(out->descriptors[i], &out->address.any, &out->address.length) != 0 ||
            listen(out->descriptors[i], (int)backlog) != 0) {
            return false;
        }
    }
    return true;
}

/* True only when it is certain that no process accepts connections on this Unix socket: any other
 * error than a refusal says nothing about the other side. */
static bool is_dead(const struct socket_address *address)
{
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return false;
    }
    bool is_refused =
        connect(descriptor, &address->any, address->length) != 0 && errno == ECONNREFUSED;
    close(descriptor);
    return is_refused;
}

/* Only a socket that nobody listens on is removed: never a file that somebody keeps there. */
static bool remove_stale(const struct socket_address *address)
{
    struct stat status;
    if (lstat(address->path.sun_path, &status) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    if (!is_dead(address)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->path.sun_path) == 0;
}

static bool open_unix(struct listener_socket *out, unsigned backlog, unsigned mode)
{
    if (!remove_stale(&out->address)) {
        return false;
    }
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return false;
    }
    out->descriptors[0] = descriptor;
    /* umask(2) is the whole process's: other threads make files at the same time. Linux gives the path the mode of the
     * socket, less the umask; chmod adds what the umask took. Nobody can connect before listen. */
    (void)fchmod(descriptor, (mode_t)mode);
    struct stat status;
    if (bind(descriptor, &out->address.any, out->address.length) != 0 ||
        lstat(out->address.path.sun_path, &status) != 0) {
        return false;
    }
    out->device = status.st_dev;
    out->inode = status.st_ino;
    if (chmod(out->address.path.sun_path, (mode_t)mode) != 0 ||
        listen(descriptor, (int)backlog) != 0) {
        return false;
    }
    for (unsigned i = 1; i < out->count; i++) {
        out->descriptors[i] = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        if (out->descriptors[i] < 0) {
            return false;
        }
    }
    return true;
}

/* The address for "every address": IPv6 that takes IPv4 too, or IPv4 alone where there is no IPv6.
 */
static bool any_address(uint16_t port, struct socket_address *out)
{
    memset(out, 0, sizeof *out);
    int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0) {
        close(descriptor);
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        out->length = sizeof out->v6;
        return true;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(port);
    out->length = sizeof out->v4;
    return false;
}

/* ---- sockets that the process was started with */

static bool add_descriptor(struct listener_socket *out, int descriptor)
{
    int *descriptors = realloc(out->descriptors, (out->count + 1) * sizeof *descriptors);
    if (descriptors == NULL) {
        close(descriptor);
        return false;
    }
    out->descriptors = descriptors;
    descriptors[out->count++] = descriptor;
    return true;
}

/* Copies, until each worker has a socket: those with the same share its queue, as they do with a Unix socket. */
static bool copy_for_workers(struct listener_socket *out, unsigned workers)
{
    unsigned sockets = out->count;
    while (out->count < workers) {
        int copy = fcntl(out->descriptors[out->count % sockets], F_DUPFD_CLOEXEC, 0);
        if (copy < 0 || !add_descriptor(out, copy)) {
            return false;
        }
    }
    return true;
}

static bool open_activated(struct listener_socket *out, int inherited, unsigned workers)
{
    out->origin = LISTENER_ACTIVATED;
    out->address.length = sizeof out->address.storage;
    if (getsockname(inherited, &out->address.any, &out->address.length) != 0) {
        return false;
    }
    int copy = fcntl(inherited, F_DUPFD_CLOEXEC, 0);
    return copy >= 0 && add_descriptor(out, copy) && copy_for_workers(out, workers);
}

/* A Unix socket whose path is gone, or is another file by now, is of no use. */
static bool has_path(const struct socket_address *address)
{
    struct stat status;
    return address->any.sa_family != AF_UNIX ||
           (lstat(address->path.sun_path, &status) == 0 && S_ISSOCK(status.st_mode));
}

/* Takes all that are bound to the address; with port 0 there is no telling whose they are. */
static bool take_inherited(struct listener_socket *out, bool is_dual_stack, bool *is_found)
{
    *is_found = false;
    bool is_tcp = out->address.any.sa_family != AF_UNIX;
    if ((is_tcp && out->address.v4.sin_port == 0) || !has_path(&out->address)) {
        return true;
    }
    unsigned cursor = 0;
    bool is_handed_over = false;
    int descriptor;
    while ((descriptor = inherited_take(&out->address, is_dual_stack, &cursor, &is_handed_over)) >=
           0) {
        out->origin = is_handed_over ? LISTENER_HANDED_OVER : LISTENER_ACTIVATED;
        *is_found = true;
        if (!add_descriptor(out, descriptor)) {
            return false;
        }
    }
    return true;
}

/* ---- opening */

static bool make_descriptors(struct listener_socket *out, unsigned workers)
{
    out->descriptors = malloc(workers * sizeof *out->descriptors);
    if (out->descriptors == NULL) {
        errno = ENOMEM;
        return false;
    }
    out->count = workers;
    for (unsigned i = 0; i < workers; i++) {
        out->descriptors[i] = -1;
    }
    return true;
}

static bool open_address(struct listener_socket *out, bool is_dual_stack, unsigned backlog,
                         unsigned mode, unsigned workers)
{
    bool is_found;
    if (!take_inherited(out, is_dual_stack, &is_found)) {
        return false;
    }
    if (is_found) {
        return copy_for_workers(out, workers);
    }
    if (!make_descriptors(out, workers)) {
        return false;
    }
    return out->address.any.sa_family == AF_UNIX ? open_unix(out, backlog, mode)
                                                 : open_tcp(out, is_dual_stack, backlog);
}

bool listener_open(const struct address *bind, const struct socket_address *resolved,
                   unsigned backlog, unsigned mode, unsigned workers, struct listener_socket *out,
                   char problem[LISTENER_PROBLEM_MAX])
{
    struct listener_socket listener = {.origin = LISTENER_BOUND};
    bool is_dual_stack = false;
    int inherited = -1;
    if (bind->kind == ADDRESS_ANY) {
        is_dual_stack = any_address(bind->port, &listener.address);
    } else if (bind->kind != ADDRESS_INHERITED) {
        listener.address = *resolved;
    } else {
        const char *reason = inherited_find(bind->host, &inherited);
        if (reason != NULL) {
            snprintf(problem, LISTENER_PROBLEM_MAX, "cannot listen on systemd:%.*s: %s",
                     SLICE_PRINT(bind->host), reason);
            return false;
        }
    }
    bool fine = inherited >= 0 ? open_activated(&listener, inherited, workers)
                               : open_address(&listener, is_dual_stack, backlog, mode, workers);
    if (!fine) {
        describe(problem, &listener.address, errno);
        listener_unlink(&listener);
        listener_close(&listener);
        return false;
    }
    *out = listener;
    return true;
}

/* ---- trying */

/* Whether the folder of this path lets us make and remove files; else errno says why not. */
static bool may_write_beside(const char *path)
{
    char folder[sizeof((struct sockaddr_un *)NULL)->sun_path];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0'; /* the path is absolute */
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

/* 0, or the errno that open_unix would end with. */
static int try_unix(const struct socket_address *address)
{
    struct stat status;
    if (lstat(address->path.sun_path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) {
            return EEXIST;
        }
        if (!is_dead(address)) {
            return EADDRINUSE;
        }
    } else if (errno != ENOENT) {
        return errno;
    }
    return may_write_beside(address->path.sun_path) ? 0 : errno;
}

/* The same of open_tcp. Two sockets that do not listen may share a port, so nobody is disturbed. */
static int try_tcp(const struct socket_address *address, bool is_dual_stack)
{
    int descriptor = bind_tcp(address, is_dual_stack, false);
    if (descriptor < 0) {
        return errno;
    }
    close(descriptor);
    return 0;
}

enum listener_trial listener_try(const struct address *bind, const struct socket_address *resolved,
                                 char problem[LISTENER_PROBLEM_MAX])
{
    struct socket_address address;
    bool is_dual_stack = false;
    if (bind->kind == ADDRESS_ANY) {
        is_dual_stack = any_address(bind->port, &address);
    } else {
        address = *resolved;
    }
    int error = bind->kind == ADDRESS_UNIX ? try_unix(&address) : try_tcp(&address, is_dual_stack);
    if (error == 0) {
        return LISTENER_FREE;
    }
    describe(problem, &address, error);
    return error == EADDRINUSE ? LISTENER_TAKEN : LISTENER_IMPOSSIBLE;
}

/* ---- life */

void listener_lend(struct listener_socket *listener)
{
    listener->are_lent = true;
}

bool listener_pass_on(const struct listener_socket *listener, struct passed_sockets *passed)
{
    for (unsigned i = 0; i < listener->count && listener->origin != LISTENER_ACTIVATED; i++) {
        /* A worker that had no memory for a socket has closed it. */
        if (inherited_is_listening(listener->descriptors[i]) &&
            !passed_sockets_add(passed, listener->descriptors[i], INHERITED_HANDED_OVER)) {
            return false;
        }
    }
    return true;
}

void listener_claim(struct listener_socket *listener)
{
    struct stat status;
    if (listener->origin == LISTENER_HANDED_OVER && listener->address.any.sa_family == AF_UNIX &&
        lstat(listener->address.path.sun_path, &status) == 0) {
        listener->device = status.st_dev;
        listener->inode = status.st_ino;
    }
}

void listener_disown(struct listener_socket *listener)
{
    listener->inode = 0;
}

void listener_close(struct listener_socket *listener)
{
    for (unsigned i = 0; i < listener->count && !listener->are_lent; i++) {
        if (listener->descriptors[i] >= 0) {
            close(listener->descriptors[i]);
        }
    }
    free(listener->descriptors);
    *listener = (struct listener_socket){0};
}

static bool is_own(const struct listener_socket *listener)
{
    struct stat status;
    return listener->inode != 0 && listener->address.any.sa_family == AF_UNIX &&
           lstat(listener->address.path.sun_path, &status) == 0 &&
           status.st_dev == listener->device && status.st_ino == listener->inode;
}

/* What was inherited has no path that was bound here. */
bool listener_is_in_place(const struct listener_socket *listener)
{
    return listener->address.any.sa_family != AF_UNIX || listener->inode == 0 || is_own(listener);
}

bool listener_change_mode(const struct listener_socket *listener, unsigned mode)
{
    return listener->address.any.sa_family != AF_UNIX || listener->inode == 0 ||
           (is_own(listener) && chmod(listener->address.path.sun_path, (mode_t)mode) == 0);
}

void listener_unlink(const struct listener_socket *listener)
{
    if (is_own(listener)) {
        unlink(listener->address.path.sun_path);
    }
}
