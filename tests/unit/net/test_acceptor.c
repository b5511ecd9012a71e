#include <criterion/criterion.h>

#include "verbgate/net/acceptor.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CLIENTS_MAX = 200, BOUND_SECONDS = 20 };

static uv_loop_t loop;
static struct acceptor acceptor;
static int listening;
static int clients[CLIENTS_MAX];
static unsigned client_count;
static unsigned accepted_count;
static unsigned accepted_most; /* from here on may_accept says no */
static unsigned exhausted_count;
static unsigned closed_count;

static bool may_accept(struct acceptor *asking)
{
    cr_assert(asking == &acceptor && asking->owner == &loop);
    return accepted_count < accepted_most;
}

static void on_accepted(struct acceptor *by, int descriptor, const struct socket_address *peer)
{
    (void)by;
    cr_assert_eq(peer->any.sa_family, AF_INET);
    cr_assert(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
    cr_assert(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    int sends_at_once = 0;
    socklen_t length = sizeof sends_at_once;
    cr_assert_eq(getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &sends_at_once, &length), 0);
    cr_assert_neq(sends_at_once, 0);
    accepted_count++;
    close(descriptor);
}

static void on_exhausted(struct acceptor *by, int error)
{
    cr_assert_eq(error, EMFILE);
    cr_assert(by->is_paused);
    exhausted_count++;
}

static void on_closed(struct acceptor *closed)
{
    cr_assert_eq(closed->descriptor, -1);
    closed_count++;
}

static const struct acceptor_events events = {
    .may_accept = may_accept,
    .on_accepted = on_accepted,
    .on_exhausted = on_exhausted,
    .on_closed = on_closed,
};

static void start(unsigned most)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(listening, CLIENTS_MAX), 0);
    accepted_most = most;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(acceptor_start(&acceptor, &loop, listening, &events, &loop), 0);
}

static void finish(void)
{
    acceptor_close(&acceptor);
    acceptor_close(&acceptor);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(closed_count, 1);
    cr_assert_eq(uv_loop_close(&loop), 0);
    cr_assert_eq(fcntl(listening, F_GETFD), -1, "the listening socket is closed");
    for (unsigned i = 0; i < client_count; i++) {
        close(clients[i]);
    }
}

/* Connections that wait in the kernel's queue once connect(2) is through. */
static void connect_clients(unsigned count)
{
    struct socket_address address = {.length = sizeof address.storage};
    cr_assert_eq(getsockname(listening, &address.any, &address.length), 0);
    for (unsigned i = 0; i < count; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(connect(client, &address.any, address.length), 0);
        clients[client_count++] = client;
    }
}

static void run_until(const unsigned *counter, unsigned count)
{
    uint64_t end = uv_hrtime() + BOUND_SECONDS * (uint64_t)1000000000;
    while (*counter < count && uv_hrtime() < end) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    cr_assert_eq(*counter, count);
}

Test(acceptor, hands_over_every_connection)
{
    start(CLIENTS_MAX);
    connect_clients(3);
    run_until(&accepted_count, 3);
    connect_clients(1);
    run_until(&accepted_count, 4);
    finish();
}

Test(acceptor, takes_a_bounded_number_in_one_turn)
{
    start(CLIENTS_MAX);
    connect_clients(ACCEPTOR_TURN_MAX + 6);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(accepted_count, ACCEPTOR_TURN_MAX);
    run_until(&accepted_count, ACCEPTOR_TURN_MAX + 6);
    finish();
}

Test(acceptor, pauses_when_no_more_may_be_accepted_and_resumes)
{
    start(2);
    connect_clients(5);
    run_until(&accepted_count, 2);
    cr_assert(acceptor.is_paused || uv_run(&loop, UV_RUN_NOWAIT) >= 0);
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert(acceptor.is_paused);
    cr_assert_eq(accepted_count, 2);
    accepted_most = CLIENTS_MAX;
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(accepted_count, 2, "paused until it is told");
    acceptor_resume(&acceptor);
    run_until(&accepted_count, 5);
    finish();
}

Test(acceptor, pauses_without_dropping_clients_when_descriptors_run_out)
{
    start(CLIENTS_MAX);
    connect_clients(2);
    struct rlimit before, none;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)clients[client_count - 1] + 1;
    uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(accepted_count, 2);
    connect_clients(1);
    none.rlim_cur = (rlim_t)clients[client_count - 1] + 1;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    run_until(&exhausted_count, 1);
    cr_assert_eq(accepted_count, 2);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    acceptor_resume(&acceptor);
    run_until(&accepted_count, 3);
    finish();
}

Test(acceptor, serves_what_waits_before_it_closes)
{
    start(CLIENTS_MAX);
    connect_clients(100);
    acceptor_close(&acceptor);
    cr_assert_eq(accepted_count, 100);
    acceptor_resume(&acceptor);
    cr_assert(acceptor.is_paused, "not after its close");
    finish();
}

Test(acceptor, leaves_the_descriptor_to_the_caller_when_it_cannot_start)
{
    start(CLIENTS_MAX);
    static struct acceptor second;
    int regular = open("/proc/self/status", O_RDONLY | O_CLOEXEC); /* cannot be polled */
    cr_assert(regular >= 0);
    cr_assert_neq(acceptor_start(&second, &loop, regular, &events, &loop), 0);
    cr_assert_eq(close(regular), 0);
    finish();
}
