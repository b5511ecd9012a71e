#include "verbgate/net/acceptor.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum turn { TURN_MORE, TURN_EMPTY, TURN_PAUSED };

/* These errors are about the one connection that was being accepted, not about the listener
 * (accept(2), "Error handling"). */
static bool is_about_one_connection(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == ENETDOWN ||
           error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
           error == EOPNOTSUPP || error == ENETUNREACH || error == EPERM;
}

static enum turn accept_one(struct acceptor *acceptor)
{
    if (!acceptor->events->may_accept(acceptor)) {
        acceptor_pause(acceptor);
        return TURN_PAUSED;
    }
    struct socket_address peer;
    peer.length = sizeof peer.storage;
    int descriptor =
        accept4(acceptor->descriptor, &peer.any, &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        acceptor->events->on_accepted(acceptor, descriptor, &peer);
        return TURN_MORE;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return TURN_EMPTY;
    }
    if (is_about_one_connection(errno)) {
        return TURN_MORE;
    }
    acceptor_pause(acceptor);
    acceptor->events->on_exhausted(acceptor, errno);
    return TURN_PAUSED;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct acceptor *acceptor = LIST_OBJECT(poll, struct acceptor, poll);
    if (status != 0) {
        return;
    }
    for (unsigned i = 0; i < ACCEPTOR_TURN_MAX && accept_one(acceptor) == TURN_MORE; i++) {
    }
}

/* Linux hands the option on to what is accepted, which saves each connection a system call. A Unix
 * socket has none; a failure costs latency, nothing else. */
static void send_at_once(int descriptor)
{
    int yes = 1;
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

int acceptor_start(struct acceptor *acceptor, uv_loop_t *loop, int descriptor,
                   const struct acceptor_events *events, void *owner)
{
    int error = uv_poll_init(loop, &acceptor->poll, descriptor);
    if (error != 0) {
        return error;
    }
    send_at_once(descriptor);
    list_init(&acceptor->node);
    acceptor->events = events;
    acceptor->owner = owner;
    acceptor->descriptor = descriptor;
    acceptor->is_closing = false;
    acceptor->is_paused = true;
    acceptor_resume(acceptor);
    return 0;
}

void acceptor_pause(struct acceptor *acceptor)
{
    if (!acceptor->is_paused) {
        acceptor->is_paused = true;
        uv_poll_stop(&acceptor->poll);
    }
}

void acceptor_resume(struct acceptor *acceptor)
{
    if (acceptor->is_paused && !acceptor->is_closing) {
        acceptor->is_paused = uv_poll_start(&acceptor->poll, UV_READABLE, on_readable) != 0;
    }
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct acceptor *acceptor = LIST_OBJECT(handle, struct acceptor, poll);
    close(acceptor->descriptor);
    acceptor->descriptor = -1;
    acceptor->events->on_closed(acceptor);
}

/* Clients that the kernel has accepted for this socket would be reset by the close: they are taken
 * over first. SOMAXCONN bounds what can wait. */
void acceptor_close(struct acceptor *acceptor)
{
    if (acceptor->is_closing) {
        return;
    }
    for (unsigned i = 0; i < SOMAXCONN && accept_one(acceptor) == TURN_MORE; i++) {
    }
    acceptor_pause(acceptor);
    acceptor->is_closing = true;
    uv_close((uv_handle_t *)&acceptor->poll, on_poll_closed);
}
