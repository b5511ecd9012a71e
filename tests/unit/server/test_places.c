#include <criterion/criterion.h>

#include "verbgate/server/places.h"

enum { MEMBERS = 3 };

static struct places places;
static struct places_member members[MEMBERS];
static struct counter due_ms[MEMBERS];
static unsigned wakes[MEMBERS];

static void wake(struct places_member *member)
{
    wakes[member - members]++;
}

static void start(unsigned most)
{
    cr_assert(places_init(&places, most));
    for (unsigned i = 0; i < MEMBERS; i++) {
        counter_set(&due_ms[i], UINT64_MAX);
        members[i].idle_due_ms = &due_ms[i];
        members[i].wake = wake;
        places_join(&places, &members[i]);
    }
}

static void take(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        cr_assert(places_take(&places, &members[0]));
    }
}

Test(places, are_as_many_as_were_asked_for_whoever_takes_them)
{
    start(4);
    take(3);
    cr_assert(places_take(&places, &members[2]));
    for (unsigned i = 0; i < MEMBERS; i++) {
        cr_assert(!places_take(&places, &members[i]));
    }
    cr_assert_eq(places.taken, 4);
    places_finish(&places);
}

Test(places, a_place_goes_to_who_waits_for_longest)
{
    start(2);
    take(2);
    cr_assert(!places_take(&places, &members[2]));
    cr_assert(!places_take(&places, &members[1]));
    places_give(&places);
    cr_assert_eq(wakes[2], 1);
    cr_assert_eq(wakes[1], 0);
    cr_assert(!places_take(&places, &members[0]), "the place was given away already");
    cr_assert(!places_collect(&places, &members[1]));
    cr_assert(places_collect(&places, &members[2]));
    cr_assert(!places_collect(&places, &members[2]), "once");
    places_give(&places);
    cr_assert(places_collect(&places, &members[1]));
    cr_assert_eq(places.taken, 2);
    places_finish(&places);
}

Test(places, who_leaves_hands_on_what_it_was_given)
{
    start(1);
    take(1);
    cr_assert(!places_take(&places, &members[1]));
    cr_assert(!places_take(&places, &members[2]));
    places_give(&places);
    places_leave(&places, &members[1]);
    cr_assert(places_collect(&places, &members[2]));
    places_leave(&places, &members[2]);
    places_give(&places);
    cr_assert_eq(places.taken, 0);
    cr_assert_eq(places.queue_length, 0);
    take(1);
    places_finish(&places);
}

Test(places, a_client_beyond_the_limit_is_counted_until_it_goes)
{
    start(1);
    take(1);
    places_take_beyond(&places);
    cr_assert(!places_take(&places, &members[1]));
    places_give(&places);
    cr_assert(!places_collect(&places, &members[1]), "one is left, and that is all there may be");
    places_give(&places);
    cr_assert(places_collect(&places, &members[1]));
    places_finish(&places);
}

Test(places, the_worker_with_the_longest_idle_client_is_asked_to_close_one)
{
    start(1);
    take(1);
    places_ask_for_close(&places);
    cr_assert_eq(wakes[0] + wakes[1] + wakes[2], 0, "nobody has an idle client");
    counter_set(&due_ms[0], 500);
    counter_set(&due_ms[2], 400);
    cr_assert(!places_take(&places, &members[0]));
    places_ask_for_close(&places);
    cr_assert_eq(wakes[2], 1);
    cr_assert_eq(places_closes_wanted(&places, &members[2]), 1);
    cr_assert_eq(places_closes_wanted(&places, &members[2]), 0);
    cr_assert_eq(places_closes_wanted(&places, &members[0]), 0);
    places_leave(&places, &members[2]);
    places_ask_for_close(&places);
    cr_assert_eq(places_closes_wanted(&places, &members[0]), 1);
    places_finish(&places);
}

/* The worker was slow, and was asked again; meanwhile a place became free by itself. */
Test(places, no_more_are_closed_than_wait)
{
    start(2);
    take(2);
    counter_set(&due_ms[0], 1);
    cr_assert(!places_take(&places, &members[1]));
    for (unsigned i = 0; i < 3; i++) {
        places_ask_for_close(&places);
    }
    cr_assert_eq(places_closes_wanted(&places, &members[0]), 1);
    places_ask_for_close(&places);
    places_give(&places);
    cr_assert_eq(places_closes_wanted(&places, &members[0]), 0);
    places_finish(&places);
}
