/* Turns of a loop that has more to do than one turn takes. */
#include <criterion/criterion.h>

#include "verbgate/net/event_batch.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

/* More than libuv asks for at a time. */
enum { BUSY = 1100, TURNS = 10, EVENTS_MOST = 48 * 1024 };

static uv_loop_t loop;
static uv_prepare_t turn;
static uv_poll_t busy[BUSY];
static int descriptors[BUSY];
static unsigned events_in_turn, most_in_turn, turns;

static void end(uv_handle_t *handle, void *argument)
{
    (void)argument;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void on_turn(uv_prepare_t *handle)
{
    most_in_turn = events_in_turn > most_in_turn ? events_in_turn : most_in_turn;
    events_in_turn = 0;
    if (++turns > TURNS) {
        uv_walk(handle->loop, end, NULL);
    }
}

/* What is there is left there, so that all are ready at all times. */
static void on_ready(uv_poll_t *handle, int status, int events)
{
    (void)handle;
    cr_assert(status == 0 && events == UV_READABLE);
    events_in_turn++;
    cr_assert(events_in_turn <= EVENTS_MOST);
}

static unsigned run_with_limit(int limit)
{
    struct rlimit room;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &room), 0);
    room.rlim_cur = room.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &room), 0);
    if (room.rlim_cur < 2 * BUSY) {
        cr_skip_test("not enough descriptors");
    }
    event_batch_limit(limit);
    most_in_turn = events_in_turn = turns = 0;
    cr_assert_eq(uv_loop_init(&loop), 0);
    uv_prepare_init(&loop, &turn);
    uv_prepare_start(&turn, on_turn);
    for (unsigned i = 0; i < BUSY; i++) {
        descriptors[i] = eventfd(1, EFD_NONBLOCK);
        cr_assert(descriptors[i] >= 0);
        cr_assert_eq(uv_poll_init(&loop, &busy[i], descriptors[i]), 0);
        cr_assert_eq(uv_poll_start(&busy[i], UV_READABLE, on_ready), 0);
    }
    cr_assert_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_assert_eq(uv_loop_close(&loop), 0);
    for (unsigned i = 0; i < BUSY; i++) {
        close(descriptors[i]);
    }
    event_batch_limit(INT_MAX);
    return most_in_turn;
}

Test(event_batch, ends_a_turn_after_so_many_events)
{
    cr_assert_eq(run_with_limit(EVENT_BATCH_MOST), EVENT_BATCH_MOST);
    cr_assert_eq(run_with_limit(1), 1);
}

/* What it is for: should a libuv end its turns by itself, this module can go. */
Test(event_batch, is_needed)
{
    cr_assert_eq(run_with_limit(INT_MAX), EVENTS_MOST);
}

Test(event_batch, leaves_the_rest_of_the_calls_as_it_is)
{
    struct epoll_event events[2];
    event_batch_limit(1);
    cr_assert(epoll_wait(-1, events, 2, 0) == -1 && errno == EBADF);
    int poll = epoll_create1(0);
    cr_assert(epoll_wait(poll, events, 0, 0) == -1 && errno == EINVAL, "no room");
    cr_assert_eq(epoll_wait(poll, events, 2, 1), 0, "the time is up");
    int descriptor = eventfd(1, 0);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = descriptor};
    cr_assert_eq(epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &wanted), 0);
    sigset_t signals;
    sigemptyset(&signals);
    cr_assert_eq(epoll_pwait(poll, events, 2, -1, &signals), 1);
    cr_assert(events[0].events == EPOLLIN && events[0].data.fd == descriptor);
    close(descriptor);
    close(poll);
    event_batch_limit(INT_MAX);
}
