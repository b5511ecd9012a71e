/* How fast connections are opened: arithmetic, without a loop or a connection. */
#include <criterion/criterion.h>

#include "verbgate/upstream/pace.h"

static struct pace pace;
static uint64_t now_ms;

static void start(void)
{
    pace_init(&pace);
    now_ms = 1000;
}

TestSuite(pace, .init = start);

/* A tick of 10 ms in which `served` of the `waiting` were served. */
static void tick(unsigned waiting, uint64_t others, unsigned served)
{
    pace.takes += served;
    now_ms += pace.limits.tick_ms;
    pace_judge(&pace, waiting, others, now_ms);
}

Test(pace, opens_a_few_at_a_time)
{
    struct pace_opening openings[4];
    for (unsigned i = 0; i < 4; i++) {
        cr_assert(pace_may_open(&pace));
        openings[i] = pace_begin(&pace);
    }
    cr_assert_not(pace_may_open(&pace));
    pace_end(&pace, &openings[2]);
    cr_assert(pace_may_open(&pace));
    pace_end(&pace, &openings[2]);
    cr_assert_eq(pace.opening, 3, "it counts once");
}

Test(pace, opens_at_will_where_the_server_closes_its_connections)
{
    pace.room = 0;
    pace_note_end(&pace, false, false);
    cr_assert(pace_may_open(&pace));
    pace_note_end(&pace, true, true);
    cr_assert_not(pace_may_open(&pace));
    pace_note_end(&pace, false, true);
    cr_assert_not(pace_may_open(&pace), "it was not the first response on that connection");
}

Test(pace, makes_four_times_the_room_when_nobody_is_served)
{
    pace_begin_queue(&pace, now_ms);
    for (unsigned room = 16; room <= 256; room *= 4) {
        tick(10, 4, 0);
        cr_assert_eq(pace.room, room);
        cr_assert_eq(pace.opening, 0, "what was opening does not count any more");
    }
    pace_end_queue(&pace);
    cr_assert_eq(pace.room, 4);
}

/* 10 waiting and 100 ms of patience: one served in 10 ms is enough, and none is not. */
Test(pace, adds_nothing_while_the_queue_moves_fast_enough)
{
    pace_begin_queue(&pace, now_ms);
    for (unsigned i = 0; i < 20; i++) {
        pace.begun_takes =
            pace.takes + 1; /* a connection has just begun to open: nothing is late */
        tick(10, 100, 1);
        cr_assert_eq(pace.room, 4);
    }
}

Test(pace, adds_nothing_for_a_busy_server_for_a_while)
{
    pace_begin_queue(&pace, now_ms);
    pace.is_late = true;
    tick(10, 4, 0);
    tick(10, 4, 0);
    cr_assert_eq(pace.room, 4, "late answers hold the queue");
    tick(10, 4, 0);
    cr_assert_eq(pace.room, 16, "but not for longer than 30 ms when nobody is served");
}

Test(pace, opens_a_few_in_each_tick_when_a_busy_server_serves_too_slowly)
{
    unsigned ticks = 0;
    pace_begin_queue(&pace, now_ms);
    pace.is_late = true;
    pace.opening = 4;
    while (pace.opening == 4 && ticks < 100) {
        tick(1000, 4, 1);
        ticks++;
    }
    cr_assert_eq(ticks, 30, "after 300 ms");
    cr_assert_eq(pace.room, 4);
}

Test(pace, knows_a_late_first_answer_by_two_uses_of_each_other_connection)
{
    for (unsigned takes = 0; takes < 8; takes++) {
        struct pace_opening opening = pace_begin(&pace);
        pace.room = 64;
        pace.takes += takes;
        pace_answered(&pace, &opening, 4); /* itself and three others */
        cr_assert_eq(pace.is_late, takes > 6);
        cr_assert_eq(pace.room, takes > 6 ? 4 : 64);
    }
}
