#include <criterion/criterion.h>

#include "verbgate/net/deadline.h"

#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, BOUND_SECONDS = 20 };

struct expiry {
    struct deadline deadline;
    uint64_t armed_ms;
    uint32_t length_ms;
};

static uv_loop_t loop;
static struct deadlines deadlines;
static struct expiry *expired[EVENTS_MAX];
static unsigned expired_count;

static void on_expired(struct deadline *deadline)
{
    struct expiry *expiry = LIST_OBJECT(deadline, struct expiry, deadline);
    cr_assert(uv_now(&loop) >= expiry->armed_ms + expiry->length_ms, "early");
    expired[expired_count++] = expiry;
}

static void start(void)
{
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(deadlines_init(&deadlines, &loop), 0);
    expired_count = 0;
}

static void finish(void)
{
    deadlines_close(&deadlines);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

static void arm(struct expiry *expiry, uint32_t length_ms)
{
    expiry->armed_ms = uv_now(&loop);
    expiry->length_ms = length_ms;
    deadline_arm(&deadlines, &expiry->deadline, length_ms);
}

static void run_until_expired(unsigned count)
{
    uint64_t end = uv_hrtime() + BOUND_SECONDS * (uint64_t)1000000000;
    while (expired_count < count && uv_hrtime() < end) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    cr_assert_eq(expired_count, count);
}

Test(deadline, expires_once_and_never_early)
{
    start();
    struct expiry expiry;
    deadline_init(&expiry.deadline, on_expired);
    cr_assert_not(deadline_is_armed(&expiry.deadline));
    arm(&expiry, 1);
    cr_assert(deadline_is_armed(&expiry.deadline));
    run_until_expired(1);
    cr_assert_not(deadline_is_armed(&expiry.deadline));
    uv_run(&loop, UV_RUN_DEFAULT); /* nothing is left to wait for */
    cr_assert_eq(expired_count, 1);
    finish();
}

Test(deadline, expires_the_shorter_first_whatever_the_order_of_arming)
{
    start();
    struct expiry longer, shorter;
    deadline_init(&longer.deadline, on_expired);
    deadline_init(&shorter.deadline, on_expired);
    arm(&longer, 60);
    arm(&shorter, 15);
    run_until_expired(2);
    cr_assert(expired[0] == &shorter && expired[1] == &longer);
    finish();
}

Test(deadline, expires_those_of_one_length_in_the_order_of_arming)
{
    start();
    static struct expiry many[100];
    for (unsigned i = 0; i < 100; i++) {
        deadline_init(&many[i].deadline, on_expired);
        arm(&many[i], 20);
    }
    arm(&many[0], 20); /* anew: it goes to the end */
    run_until_expired(100);
    for (unsigned i = 0; i < 99; i++) {
        cr_assert(expired[i] == &many[i + 1]);
    }
    cr_assert(expired[99] == &many[0]);
    finish();
}

Test(deadline, does_not_expire_when_cancelled)
{
    start();
    struct expiry cancelled, other;
    deadline_init(&cancelled.deadline, on_expired);
    deadline_init(&other.deadline, on_expired);
    arm(&cancelled, 10);
    arm(&other, 40);
    deadline_cancel(&cancelled.deadline);
    deadline_cancel(&cancelled.deadline);
    run_until_expired(1);
    cr_assert(expired[0] == &other);
    finish();
}

static struct expiry chained;

static void on_first_expired(struct deadline *deadline)
{
    (void)deadline;
    deadline_cancel(&expired[0]->deadline); /* one that is due in the same turn */
    arm(&chained, 1);
}

Test(deadline, lets_a_callback_arm_and_cancel)
{
    start();
    struct expiry first, second;
    deadline_init(&first.deadline, on_first_expired);
    deadline_init(&second.deadline, on_expired);
    deadline_init(&chained.deadline, on_expired);
    arm(&first, 10);
    arm(&second, 10);
    expired[0] = &second;
    run_until_expired(1);
    cr_assert(expired[0] == &chained);
    cr_assert_not(deadline_is_armed(&second.deadline));
    finish();
}

Test(deadline, takes_a_longer_queue_when_all_lengths_are_in_use)
{
    start();
    static struct expiry many[DEADLINE_LENGTHS_MAX];
    for (unsigned i = 0; i < DEADLINE_LENGTHS_MAX; i++) {
        deadline_init(&many[i].deadline, on_expired);
        arm(&many[i], 1000 * (i + 1));
    }
    struct expiry extra;
    deadline_init(&extra.deadline, on_expired);
    deadline_arm(&deadlines, &extra.deadline, 1500);
    cr_assert_eq(extra.deadline.due_ms, uv_now(&loop) + 2000);
    deadline_arm(&deadlines, &extra.deadline, 1000 * (DEADLINE_LENGTHS_MAX + 1));
    cr_assert(deadline_is_armed(&extra.deadline), "the last resort: something expires at all");
    deadline_cancel(&extra.deadline);
    for (unsigned i = 0; i < DEADLINE_LENGTHS_MAX; i++) {
        deadline_cancel(&many[i].deadline);
    }
    finish();
}

Test(deadline, gives_a_queue_that_ran_empty_another_length)
{
    start();
    static struct expiry many[DEADLINE_LENGTHS_MAX];
    for (unsigned i = 0; i < DEADLINE_LENGTHS_MAX; i++) {
        deadline_init(&many[i].deadline, on_expired);
        arm(&many[i], 1000 * (i + 1));
    }
    deadline_cancel(&many[7].deadline);
    arm(&many[7], 1);
    cr_assert_eq(many[7].deadline.due_ms, uv_now(&loop) + 1);
    run_until_expired(1);
    for (unsigned i = 0; i < DEADLINE_LENGTHS_MAX; i++) {
        deadline_cancel(&many[i].deadline);
    }
    finish();
}

/* A socket that can be read from, and whose bytes cancel a deadline, as a client's do. */
static int ends[2];
static uv_poll_t poll_handle;
static struct expiry late;

static void on_bytes(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    deadline_cancel(&late.deadline);
    uv_close((uv_handle_t *)handle, NULL);
}

Test(deadline, bytes_that_came_in_time_are_seen_before_a_held_up_loop_expires_anything)
{
    start();
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert_eq(uv_poll_init(&loop, &poll_handle, ends[0]), 0);
    cr_assert_eq(uv_poll_start(&poll_handle, UV_READABLE, on_bytes), 0);
    deadline_init(&late.deadline, on_expired);
    arm(&late, 15);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    /* The process does not run, until long after the deadline. */
    uint64_t end = uv_hrtime() + 50 * (uint64_t)1000000;
    while (uv_hrtime() < end) {
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(expired_count, 0);
    close(ends[0]);
    close(ends[1]);
    finish();
}

/* A turn of the loop in which the process does not run for a while, and then arms a deadline. */
static uv_prepare_t turn;
static uint64_t armed_ns;

static void on_turn(uv_prepare_t *prepare)
{
    (void)prepare;
    deadlines_begin_turn(&deadlines);
}

static void hold_up(unsigned milliseconds)
{
    uint64_t end = uv_hrtime() + milliseconds * (uint64_t)1000000;
    while (uv_hrtime() < end) {
    }
}

static void on_bytes_late(uv_poll_t *handle, int status, int events)
{
    (void)status, (void)events;
    hold_up(50);
    arm(&late, 15);
    armed_ns = uv_hrtime();
    uv_close((uv_handle_t *)handle, NULL);
}

Test(deadline, what_is_armed_late_in_a_turn_has_its_time_all_the_same)
{
    start();
    cr_assert_eq(uv_prepare_init(&loop, &turn), 0);
    cr_assert_eq(uv_prepare_start(&turn, on_turn), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert_eq(uv_poll_init(&loop, &poll_handle, ends[0]), 0);
    cr_assert_eq(uv_poll_start(&poll_handle, UV_READABLE, on_bytes_late), 0);
    deadline_init(&late.deadline, on_expired);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    run_until_expired(1);
    cr_assert(uv_hrtime() - armed_ns >= 14 * (uint64_t)1000000, "expired early");
    close(ends[0]);
    close(ends[1]);
    uv_close((uv_handle_t *)&turn, NULL);
    finish();
}

static unsigned turns_until_expired;

static void on_slow_turn(uv_prepare_t *prepare)
{
    on_turn(prepare);
    if (turns_until_expired++ == 0) {
        arm(&late, 5);
    }
    hold_up(10);
}

Test(deadline, what_is_armed_in_a_turn_that_takes_longer_is_put_off_once)
{
    start();
    turns_until_expired = 0;
    deadline_init(&late.deadline, on_expired);
    cr_assert_eq(uv_prepare_init(&loop, &turn), 0);
    cr_assert_eq(uv_prepare_start(&turn, on_slow_turn), 0);
    run_until_expired(1);
    cr_assert(turns_until_expired < 8, "%u turns", turns_until_expired);
    uv_close((uv_handle_t *)&turn, NULL);
    finish();
}
