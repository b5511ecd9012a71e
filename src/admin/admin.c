#include "verbgate/admin/admin.h"

#include "admin_steps.h"
#include "verbgate/base/log.h"
#include "verbgate/net/acceptor.h"
#include "verbgate/net/listener.h"
#include "verbgate/net/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BACKLOG = 128, RETRY_MS = 500 };

static const char *const names[] = {
    [ADMIN_EVERYTHING] = "admin",
    [ADMIN_HEALTH] = "health",
};

struct admin_socket {
    struct admin *admin;
    struct acceptor acceptor;
    struct listener_socket socket;
    char *text; /* the bind address as written; owned; names it across reloads */
    unsigned mode;
    bool is_public;
    bool is_accepting; /* the descriptor is the acceptor's */
};

static void free_socket(struct admin_socket *socket)
{
    listener_close(&socket->socket);
    free(socket->text);
    free(socket);
}

/* ---- accepting */

static struct admin_socket *of_acceptor(struct acceptor *acceptor)
{
    return LIST_OBJECT(acceptor, struct admin_socket, acceptor);
}

static bool may_accept(struct acceptor *acceptor)
{
    const struct admin *admin = of_acceptor(acceptor)->admin;
    return admin->connection_count <= ADMIN_CONNECTIONS_MAX && !admin->is_closing;
}

static void on_accepted(struct acceptor *acceptor, int descriptor,
                        const struct socket_address *peer)
{
    const struct admin_socket *socket = of_acceptor(acceptor);
    int family = peer->any.sa_family;
    admin_serve(socket->admin, descriptor, family, family != AF_UNIX && !socket->is_public);
    if (socket->admin->connection_count > ADMIN_CONNECTIONS_MAX) {
        admin_make_room(socket->admin);
    }
}

static void on_exhausted(struct acceptor *acceptor, int error)
{
    struct admin *admin = of_acceptor(acceptor)->admin;
    log_debug("%s listener: %s", names[admin->kind], strerror(error));
    deadline_arm(&admin->deadlines, &admin->retry, RETRY_MS);
}

static void on_acceptor_closed(struct acceptor *acceptor)
{
    free_socket(of_acceptor(acceptor));
}

static const struct acceptor_events acceptor_events = {
    .may_accept = may_accept,
    .on_accepted = on_accepted,
    .on_exhausted = on_exhausted,
    .on_closed = on_acceptor_closed,
};

static void resume(struct admin *admin)
{
    if (admin->current != NULL && !admin->is_closing) {
        acceptor_resume(&admin->current->acceptor);
    }
}

static void on_retry(struct deadline *deadline)
{
    resume(LIST_OBJECT(deadline, struct admin, retry));
}

/* ---- sockets */

/* A name may be one thing when the policy is checked and another now. */
static const char *resolve(const struct policy_admin *wanted, struct socket_address *address)
{
    struct socket_address addresses[RESOLVER_ADDRESSES_MAX] = {{.length = 0}};
    unsigned count = 0;
    if (wanted->bind.kind == ADDRESS_ANY) {
        return NULL;
    }
    const char *problem = resolver_resolve(&wanted->bind, addresses, &count);
    if (problem == NULL && !wanted->is_public && !socket_address_is_loopback(&addresses[0])) {
        problem = "it is not a loopback address: set admin-public = yes, or bind 127.0.0.1:PORT";
    }
    *address = addresses[0];
    return problem;
}

static struct admin_socket *open_socket(struct admin *admin, const struct policy_admin *wanted,
                                        char reason[LISTENER_PROBLEM_MAX])
{
    struct socket_address address = {.length = 0};
    const char *unresolved = resolve(wanted, &address);
    if (unresolved != NULL) {
        snprintf(reason, LISTENER_PROBLEM_MAX, "cannot listen on %.*s: %s",
                 SLICE_PRINT(wanted->bind_text), unresolved);
        return NULL;
    }
    struct admin_socket *socket = calloc(1, sizeof *socket);
    char *text = strndup(wanted->bind_text.data, wanted->bind_text.length);
    snprintf(reason, LISTENER_PROBLEM_MAX, "out of memory");
    if (socket == NULL || text == NULL ||
        !listener_open(&wanted->bind, &address, BACKLOG, wanted->mode, 1, &socket->socket,
                       reason)) {
        free(socket);
        free(text);
        return NULL;
    }
    socket->admin = admin;
    socket->text = text;
    socket->mode = wanted->mode;
    socket->is_public = wanted->is_public;
    return socket;
}

/* The path goes first: a client that looks for it sees that nobody listens there. */
static void close_socket(struct admin_socket *socket)
{
    if (socket == NULL) {
        return;
    }
    listener_unlink(&socket->socket);
    if (socket->is_accepting) {
        acceptor_close(&socket->acceptor);
    } else {
        free_socket(socket);
    }
}

static bool is_kept(const struct admin *admin, const struct policy_admin *wanted)
{
    return admin->current != NULL && wanted->is_on &&
           slice_equal(slice_of(admin->current->text), wanted->bind_text) &&
           listener_is_in_place(&admin->current->socket);
}

bool admin_prepare(struct admin *admin, const struct policy_admin *wanted,
                   char problem[ADMIN_PROBLEM_MAX])
{
    if (!wanted->is_on || is_kept(admin, wanted)) {
        return true;
    }
    char reason[LISTENER_PROBLEM_MAX];
    admin->prepared = open_socket(admin, wanted, reason);
    if (admin->prepared == NULL) {
        snprintf(problem, ADMIN_PROBLEM_MAX, "%s:%u: %s: %s", wanted->file, wanted->line,
                 names[admin->kind], reason);
        return false;
    }
    return true;
}

bool admin_attach(struct admin *admin, char problem[ADMIN_PROBLEM_MAX])
{
    struct admin_socket *socket = admin->prepared;
    if (socket == NULL) {
        return true;
    }
    int error = acceptor_start(&socket->acceptor, admin->loop, socket->socket.descriptors[0],
                               &acceptor_events, socket);
    if (error != 0) {
        snprintf(problem, ADMIN_PROBLEM_MAX, "%s: cannot accept from %s: %s", names[admin->kind],
                 socket->text, uv_strerror(error));
        return false;
    }
    listener_lend(&socket->socket);
    socket->is_accepting = true;
    return true;
}

void admin_roll_back(struct admin *admin)
{
    close_socket(admin->prepared);
    admin->prepared = NULL;
}

static void adjust(struct admin_socket *socket, const struct policy_admin *wanted)
{
    socket->is_public = wanted->is_public;
    if (socket->mode != wanted->mode) {
        socket->mode = wanted->mode;
        if (!listener_change_mode(&socket->socket, socket->mode)) {
            log_error("the mode of %s (%s listener) cannot be changed", socket->text,
                      names[socket->admin->kind]);
        }
    }
}

void admin_commit(struct admin *admin, const struct policy_admin *wanted)
{
    const char *name = names[admin->kind];
    if (is_kept(admin, wanted)) {
        adjust(admin->current, wanted);
        return;
    }
    if (admin->current != NULL) {
        log_info("%s listener no longer on %s", name, admin->current->text);
        close_socket(admin->current);
    }
    admin->current = admin->prepared;
    admin->prepared = NULL;
    if (admin->current != NULL) {
        char text[128];
        socket_address_text(&admin->current->socket.address, text, sizeof text);
        log_info("%s listener on %s", name, text);
    }
}

/* ---- life */

void admin_init(struct admin *admin, enum admin_kind kind, uv_loop_t *loop,
                const struct gateway_status *status)
{
    *admin = (struct admin){
        .kind = kind, .loop = loop, .status = status, .on_connection_closed = resume};
    list_init(&admin->connections);
    deadlines_init(&admin->deadlines, loop);
    deadline_init(&admin->retry, on_retry);
}

bool admin_pass_on(const struct admin *admin, struct passed_sockets *passed)
{
    return admin->current == NULL || listener_pass_on(&admin->current->socket, passed);
}

void admin_claim(struct admin *admin)
{
    if (admin->current != NULL) {
        listener_claim(&admin->current->socket);
    }
}

void admin_retire(struct admin *admin)
{
    if (admin->current != NULL) {
        listener_disown(&admin->current->socket);
        close_socket(admin->current);
        admin->current = NULL;
    }
}

void admin_close(struct admin *admin)
{
    admin->is_closing = true;
    admin_close_connections(admin);
    close_socket(admin->current);
    admin->current = NULL;
    deadline_cancel(&admin->retry);
    deadlines_close(&admin->deadlines);
}
