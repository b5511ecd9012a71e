#include <criterion/criterion.h>

#include "verbgate/base/log.h"
#include "verbgate/server/watchdog.h"

/* Loops that answer when they are told to, and a service manager that counts. */
enum { LOOPS = 3, INTERVAL_USEC = 20000 };

static struct pulse pulse_objects[LOOPS];
static struct pulse *pulses[LOOPS];
static atomic_bool hangs[LOOPS];
static atomic_uint asked[LOOPS];
static atomic_uint beats;
static struct watchdog watchdog;

static void wake(void *owner, unsigned index)
{
    cr_assert_eq(owner, &watchdog);
    atomic_fetch_add(&asked[index], 1);
    if (!atomic_load(&hangs[index])) {
        pulse_answer(&pulse_objects[index]);
    }
}

static void alive(void *owner)
{
    cr_assert_eq(owner, &watchdog);
    atomic_fetch_add(&beats, 1);
}

static const struct watchdog_events events = {.wake = wake, .alive = alive};

static void start(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    for (unsigned i = 0; i < LOOPS; i++) {
        pulses[i] = &pulse_objects[i];
    }
    cr_assert(watchdog_start(&watchdog, INTERVAL_USEC, pulses, LOOPS, &events, &watchdog));
}

static void finish(void)
{
    watchdog_stop(&watchdog);
}

static void wait_beyond(atomic_uint *counter, unsigned value)
{
    while (atomic_load(counter) <= value) {
        uv_sleep(1);
    }
}

TestSuite(watchdog, .init = start, .fini = finish);

Test(watchdog, beats_while_every_loop_answers)
{
    wait_beyond(&beats, 3);
    for (unsigned i = 0; i < LOOPS; i++) {
        cr_assert_gt(atomic_load(&asked[i]), 2);
    }
}

/* While one loop owes an answer it is not asked again, and the others are; no beat comes from then on. */
Test(watchdog, a_loop_that_hangs_stops_the_beats_until_it_turns)
{
    atomic_store(&hangs[1], true);
    while (!atomic_load(&pulse_objects[1].is_asked)) {
        uv_sleep(1);
    }
    wait_beyond(&asked[0], atomic_load(&asked[0]) + 1);
    unsigned before = atomic_load(&beats);
    wait_beyond(&asked[0], atomic_load(&asked[0]) + 3);
    cr_assert_eq(atomic_load(&beats), before);
    atomic_store(&hangs[1], false);
    pulse_answer(&pulse_objects[1]);
    wait_beyond(&beats, before + 1);
}

Test(watchdog, nothing_is_expected_of_a_loop_that_has_ended)
{
    atomic_store(&hangs[2], true);
    atomic_store(&pulse_objects[2].has_ended, true);
    wait_beyond(&beats, atomic_load(&beats) + 3);
}

Test(watchdog, no_time_means_no_thread)
{
    struct watchdog none;
    cr_assert(watchdog_start(&none, 0, pulses, LOOPS, &events, &none));
    cr_assert_not(none.is_running);
    watchdog_stop(&none);
}
