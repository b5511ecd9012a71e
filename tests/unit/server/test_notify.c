#include <criterion/criterion.h>

#include "../temporary.h"

#include "verbgate/base/log.h"
#include "verbgate/server/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int manager = -1;
static struct notify notify;
static char received[2048];

static void listen_at(const char *path, bool is_abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    memcpy(address.sun_path + (is_abstract ? 1 : 0), path, length);
    size_t used = offsetof(struct sockaddr_un, sun_path) + length + 1;
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *any = (const void *)&address;
    cr_assert(bind(manager, any, (socklen_t)used) == 0);
}

static const char *receive(void)
{
    ssize_t length = recv(manager, received, sizeof received - 1, MSG_DONTWAIT);
    cr_assert(length >= 0, "no message");
    received[length] = '\0';
    return received;
}

static void start(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    temporary_make();
    listen_at(temporary_path("notify.sock"), false);
    setenv("NOTIFY_SOCKET", temporary_path("notify.sock"), 1);
    notify_open(&notify);
    cr_assert(notify.descriptor >= 0);
}

static void finish(void)
{
    notify_close(&notify);
    close(manager);
    unlink(temporary_path("notify.sock"));
    temporary_finish();
}

TestSuite(notify, .init = start, .fini = finish);

Test(notify, each_event_is_one_message)
{
    notify_ready(&notify, "serving");
    cr_assert_str_eq(receive(), "READY=1\nSTATUS=serving");
    notify_status(&notify, "busy");
    cr_assert_str_eq(receive(), "STATUS=busy");
    notify_stopping(&notify, "stopping");
    cr_assert_str_eq(receive(), "STOPPING=1\nSTATUS=stopping");
    notify_successor(&notify, 4711, "replaced");
    cr_assert_str_eq(receive(), "MAINPID=4711\nREADY=1\nWATCHDOG=1\nSTATUS=replaced");
    notify_alive(&notify);
    cr_assert_str_eq(receive(), "WATCHDOG=1");
    cr_assert(recv(manager, received, 1, MSG_DONTWAIT) < 0);
}

Test(notify, a_reload_has_the_time_of_the_monotonic_clock)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    notify_reloading(&notify, "reloading");
    clock_gettime(CLOCK_MONOTONIC, &after);
    uint64_t usec = 0;
    cr_assert_eq(
        sscanf(receive(), "RELOADING=1\nMONOTONIC_USEC=%" SCNu64 "\nSTATUS=reloading", &usec), 1);
    cr_assert_geq(usec, (uint64_t)before.tv_sec * 1000000 + (uint64_t)before.tv_nsec / 1000);
    cr_assert_leq(usec, (uint64_t)after.tv_sec * 1000000 + (uint64_t)after.tv_nsec / 1000);
}

Test(notify, a_status_is_one_line_and_bounded)
{
    notify_status(&notify, "gateway.ini:7:\nREADY=1\tx");
    cr_assert_str_eq(receive(), "STATUS=gateway.ini:7: READY=1 x");
    static char text[4 * NOTIFY_TEXT_MAX];
    memset(text, 'a', sizeof text - 1);
    notify_status(&notify, text);
    cr_assert_eq(strlen(receive()), NOTIFY_TEXT_MAX - 1);
}

Test(notify, a_manager_that_is_gone_costs_one_warning)
{
    close(manager);
    unlink(temporary_path("notify.sock"));
    notify_ready(&notify, "serving");
    cr_assert(atomic_load(&notify.has_warned));
    notify_alive(&notify);
    manager = -1;
}

static void open_with(const char *name)
{
    notify_close(&notify);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_open(&notify);
}

Test(notify, an_abstract_name_is_understood)
{
    char name[64];
    snprintf(name, sizeof name, "verbgate-test-%ld", (long)getpid());
    close(manager);
    listen_at(name, true);
    char with_at[80];
    snprintf(with_at, sizeof with_at, "@%s", name);
    open_with(with_at);
    notify_alive(&notify);
    cr_assert_str_eq(receive(), "WATCHDOG=1");
}

Test(notify, without_a_usable_name_nobody_is_told)
{
    static char too_long[200] = "/";
    memset(too_long + 1, 'a', sizeof too_long - 2);
    const char *const names[] = {"", "relative", "vsock:2:1234", too_long};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        open_with(names[i]);
        cr_assert_eq(notify.descriptor, -1, "%s", names[i]);
        notify_ready(&notify, "serving");
    }
    unsetenv("NOTIFY_SOCKET");
    notify_open(&notify);
    cr_assert_eq(notify.descriptor, -1);
}

Test(notify, the_watchdog_is_for_the_process_that_is_named)
{
    static const struct {
        const char *usec, *pid;
        uint64_t wanted;
    } cases[] = {
        {NULL, NULL, 0},
        {"30000000", NULL, 30000000},
        {"30000000", "own", 30000000},
        {"30000000", "1", 0},
        {"30000000", "", 0},
        {"30000000", "own ", 0},
        {"0", NULL, 0},
        {"soon", NULL, 0},
        {"-1", NULL, 0},
    };
    char own[32];
    snprintf(own, sizeof own, "%ld", (long)getpid());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (cases[i].usec != NULL) {
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        }
        if (cases[i].pid != NULL) {
            setenv("WATCHDOG_PID", strcmp(cases[i].pid, "own") == 0 ? own : cases[i].pid, 1);
        }
        cr_assert_eq(notify_watchdog_usec(), cases[i].wanted, "case %zu", i);
    }
}
