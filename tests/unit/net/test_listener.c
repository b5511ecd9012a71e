#include <criterion/criterion.h>

#include "verbgate/net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/verbgate-listener-XXXXXX";
static char text[128];
static char problem[LISTENER_PROBLEM_MAX];

static struct address parse(const char *bind)
{
    struct address address;
    const char *fault = address_parse(slice_of(bind), &address);
    cr_assert(fault == NULL, "%s: %s", bind, fault);
    return address;
}

static bool try_open(const char *bind, unsigned workers, struct listener_socket *out)
{
    struct address address = parse(bind);
    struct socket_address resolved = {.length = 0};
    bool is_any = address.kind == ADDRESS_ANY;
    cr_assert(is_any || address_to_socket(&address, &resolved));
    problem[0] = '\0';
    return listener_open(&address, &resolved, 16, 0600, workers, out, problem);
}

static struct listener_socket must_open(const char *bind, unsigned workers)
{
    struct listener_socket listener;
    cr_assert(try_open(bind, workers, &listener), "%s", problem);
    cr_assert_eq(listener.count, workers);
    return listener;
}

/* A connection to the listener, or -1. */
static int connect_to(const struct socket_address *address)
{
    int descriptor = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor, &address->any, address->length) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static const char *unix_path(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(text, sizeof text, "unix:%s/gateway.sock", folder);
    return text;
}

static void remove_folder(void)
{
    cr_assert_eq(rmdir(folder), 0, "something was left behind");
}

Test(listener, gives_each_worker_a_socket_on_one_real_port)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 3);
    cr_assert_neq(listener.address.v4.sin_port, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct socket_address own = {.length = sizeof own.storage};
        cr_assert_eq(getsockname(listener.descriptors[i], &own.any, &own.length), 0);
        cr_assert_eq(own.v4.sin_port, listener.address.v4.sin_port);
        cr_assert(fcntl(listener.descriptors[i], F_GETFL) & O_NONBLOCK);
        cr_assert(fcntl(listener.descriptors[i], F_GETFD) & FD_CLOEXEC);
    }
    int client = connect_to(&listener.address);
    cr_assert(client >= 0);
    close(client);
    listener_close(&listener);
    cr_assert(listener.descriptors == NULL && listener.count == 0);
}

Test(listener, refuses_a_port_that_is_in_use_even_by_one_that_shares)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 2);
    struct listener_socket second = {.count = 77};
    snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned)ntohs(listener.address.v4.sin_port));
    cr_assert_not(try_open(text, 2, &second));
    cr_assert(strstr(problem, text) != NULL && strstr(problem, "another process") != NULL, "%s",
              problem);
    cr_assert_eq(second.count, 77);
    listener_close(&listener);
    second = must_open(text, 2); /* free again */
    listener_close(&second);
}

Test(listener, says_when_the_machine_has_no_such_address)
{
    struct listener_socket listener;
    cr_assert_not(try_open("192.0.2.1:0", 1, &listener)); /* RFC 5737: nobody has it */
    cr_assert(strstr(problem, "192.0.2.1") != NULL && strstr(problem, "no such address") != NULL,
              "%s", problem);
}

Test(listener, takes_every_address_with_ipv4_among_them)
{
    struct listener_socket listener = must_open("*:0", 1);
    struct socket_address loopback = {.v4 = {.sin_family = AF_INET}, .length = sizeof loopback.v4};
    loopback.v4.sin_port = listener.address.v4.sin_port; /* at the same place as IPv6's */
    loopback.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = connect_to(&loopback);
    cr_assert(client >= 0, "%s", strerror(errno));
    close(client);
    listener_close(&listener);
}

Test(listener, binds_a_unix_socket_once_for_all_workers)
{
    struct listener_socket listener = must_open(unix_path(), 3);
    struct stat status;
    cr_assert_eq(stat(listener.address.path.sun_path, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    int client = connect_to(&listener.address);
    cr_assert(client >= 0);
    int accepted = accept(listener.descriptors[2], NULL, NULL);
    cr_assert(accepted >= 0, "the workers share one queue");
    close(accepted);
    close(client);
    listener_unlink(&listener);
    listener_close(&listener);
    remove_folder();
}

Test(listener, replaces_a_unix_socket_that_nobody_listens_on)
{
    struct listener_socket stale = must_open(unix_path(), 1);
    listener_close(&stale);
    struct listener_socket listener = must_open(text, 1);
    listener_unlink(&listener);
    listener_close(&listener);
    remove_folder();
}

Test(listener, leaves_a_unix_socket_that_somebody_listens_on)
{
    struct listener_socket listener = must_open(unix_path(), 1);
    struct listener_socket second;
    cr_assert_not(try_open(text, 1, &second));
    cr_assert(strstr(problem, "another process") != NULL, "%s", problem);
    int client = connect_to(&listener.address);
    cr_assert(client >= 0, "the first one still listens");
    close(client);
    listener_unlink(&listener);
    listener_close(&listener);
    remove_folder();
}

Test(listener, never_removes_what_is_no_socket)
{
    const char *path = strchr(unix_path(), '/');
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert(file >= 0);
    close(file);
    struct listener_socket listener;
    cr_assert_not(try_open(text, 1, &listener));
    cr_assert_eq(access(path, F_OK), 0);
    unlink(path);
    remove_folder();
}

Test(listener, unlinks_nothing_for_tcp)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 1);
    listener_unlink(&listener);
    int client = connect_to(&listener.address);
    cr_assert(client >= 0);
    close(client);
    listener_close(&listener);
}

Test(listener, leaves_a_path_that_another_process_has_taken_over)
{
    struct listener_socket listener = must_open(unix_path(), 1);
    cr_assert_eq(unlink(listener.address.path.sun_path), 0);
    struct listener_socket other = must_open(text, 1);
    listener_unlink(&listener);
    int client = connect_to(&other.address);
    cr_assert(client >= 0, "the other one can still be reached");
    close(client);
    listener_unlink(&other);
    listener_close(&other);
    listener_close(&listener);
    remove_folder();
}

/* Makes files while sockets are bound, and looks at their modes. */
struct maker {
    pthread_t thread;
    atomic_bool ends;
    char path[96];
    unsigned made, wrong;
};

static void *make_files(void *argument)
{
    struct maker *maker = argument;
    while (!atomic_load(&maker->ends)) {
        struct stat status;
        int file = open(maker->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (file >= 0 && fstat(file, &status) == 0) {
            maker->made++;
            maker->wrong += (status.st_mode & 0777) != 0600;
        }
        close(file);
        unlink(maker->path);
    }
    return NULL;
}

Test(listener, binding_a_unix_socket_changes_the_mode_of_no_other_file)
{
    const char *bind = unix_path();
    struct maker maker = {.made = 0};
    snprintf(maker.path, sizeof maker.path, "%s/file", folder);
    cr_assert_eq(pthread_create(&maker.thread, NULL, make_files, &maker), 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct listener_socket listener = must_open(bind, 1);
        struct stat status;
        cr_assert_eq(lstat(listener.address.path.sun_path, &status), 0);
        cr_assert_eq(status.st_mode & 0777, 0600);
        listener_unlink(&listener);
        listener_close(&listener);
    }
    atomic_store(&maker.ends, true);
    pthread_join(maker.thread, NULL);
    cr_assert_gt(maker.made, 0);
    cr_assert_eq(maker.wrong, 0, "%u of %u files", maker.wrong, maker.made);
    remove_folder();
}

Test(listener, knows_whether_its_unix_socket_is_in_place)
{
    struct listener_socket listener = must_open(unix_path(), 1);
    cr_assert(listener_is_in_place(&listener));
    unlink(listener.address.path.sun_path);
    cr_assert_not(listener_is_in_place(&listener));
    struct listener_socket other = must_open(text, 1);
    cr_assert_not(listener_is_in_place(&listener), "the path is another socket's");
    cr_assert(listener_is_in_place(&other));
    listener_unlink(&other);
    listener_close(&other);
    listener_close(&listener);
    listener = must_open("127.0.0.1:0", 1);
    cr_assert(listener_is_in_place(&listener));
    listener_close(&listener);
    remove_folder();
}

static enum listener_trial try_bind(const char *bind)
{
    struct address address = parse(bind);
    struct socket_address resolved = {.length = 0};
    cr_assert(address.kind == ADDRESS_ANY || address_to_socket(&address, &resolved));
    problem[0] = '\0';
    return listener_try(&address, &resolved, problem);
}

Test(listener, a_trial_tells_what_is_free_and_what_is_taken_and_leaves_nothing)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 2);
    char taken[64];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", ntohs(listener.address.v4.sin_port));
    cr_expect_eq(try_bind(taken), LISTENER_TAKEN);
    cr_expect_not_null(strstr(problem, "in use"));
    snprintf(taken, sizeof taken, "*:%u", ntohs(listener.address.v4.sin_port));
    cr_expect_eq(try_bind(taken), LISTENER_TAKEN, "every address has that one among them");
    listener_close(&listener);
    cr_expect_eq(try_bind(taken), LISTENER_FREE);
    cr_expect_eq(try_bind("203.0.113.1:80"), LISTENER_IMPOSSIBLE);
    cr_expect_not_null(strstr(problem, "no such address"));
}

Test(listener, a_trial_of_a_unix_socket_makes_no_path_and_removes_none)
{
    const char *bind = unix_path();
    const char *path = bind + strlen("unix:");
    cr_expect_eq(try_bind(bind), LISTENER_FREE);
    cr_expect_neq(access(path, F_OK), 0);
    struct listener_socket listener = must_open(bind, 1);
    cr_expect_eq(try_bind(bind), LISTENER_TAKEN);
    listener_close(&listener); /* the path stays, and nobody listens there */
    cr_expect_eq(try_bind(bind), LISTENER_FREE);
    cr_expect_eq(access(path, F_OK), 0);
    cr_assert_eq(unlink(path), 0);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    cr_expect_eq(try_bind(bind), LISTENER_IMPOSSIBLE, "somebody's file");
    cr_expect_eq(access(path, F_OK), 0);
    unlink(path);
    rmdir(folder);
    cr_expect_eq(try_bind(bind), LISTENER_IMPOSSIBLE, "the folder is gone");
}

Test(listener, sockets_are_passed_on_under_one_name)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 2);
    struct passed_sockets passed = {.count = 0};
    cr_assert(passed_sockets_add(&passed, 17, "web"));
    cr_assert(listener_pass_on(&listener, &passed));
    cr_assert_eq(passed.count, 3);
    cr_assert_eq(passed.descriptors[0], 17);
    cr_assert_eq(passed.descriptors[2], listener.descriptors[1]);
    cr_assert_str_eq(passed.names, "web:handed-over:handed-over");
    passed_sockets_finish(&passed);
    cr_assert(inherited_is_listening(listener.descriptors[0])); /* the sockets stay open */
    listener_close(&listener);
}

Test(listener, what_no_longer_listens_is_not_passed_on)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 2);
    close(listener.descriptors[0]);
    struct passed_sockets passed = {.count = 0};
    cr_assert(listener_pass_on(&listener, &passed));
    cr_assert_eq(passed.count, 1);
    cr_assert_str_eq(passed.names, INHERITED_HANDED_OVER);
    passed_sockets_finish(&passed);
    listener.descriptors[0] = -1;
    listener_close(&listener);
}

Test(listener, no_more_sockets_are_passed_on_than_can_be_inherited)
{
    struct passed_sockets passed = {.count = 0};
    for (unsigned i = 0; i < INHERITED_SOCKETS_MAX; i++) {
        cr_assert(passed_sockets_add(&passed, (int)i, "x"));
    }
    cr_assert_not(passed_sockets_add(&passed, 0, "x"));
    passed_sockets_finish(&passed);
}

Test(listener, descriptors_that_are_lent_are_not_closed)
{
    struct listener_socket listener = must_open("127.0.0.1:0", 1);
    int descriptor = listener.descriptors[0];
    listener_lend(&listener);
    listener_close(&listener);
    cr_assert(inherited_is_listening(descriptor));
    close(descriptor);
}

Test(listener, a_path_that_was_disowned_stays)
{
    struct listener_socket listener = must_open(unix_path(), 1);
    const char *path = listener.address.path.sun_path;
    listener_disown(&listener);
    listener_unlink(&listener);
    struct stat status;
    cr_assert(lstat(path, &status) == 0);
    unlink(path);
    rmdir(folder);
    listener_close(&listener);
}
