#include <criterion/criterion.h>

#include "verbgate/net/turns.h"

static uv_loop_t loop;
static struct turns turns;

/* Work that may ask for another turn, or do something to another. */
struct work {
    struct turn turn;
    unsigned runs;
    unsigned again; /* times that it asks for one more turn */
    struct work *cancels;
    struct work *adds;
};

static struct work first, second, third;
static char order[64]; /* of the runs, a letter each */

static void note(const struct work *work)
{
    size_t length = strlen(order);
    cr_assert(length + 1 < sizeof order);
    order[length] = work == &first ? 'a' : work == &second ? 'b' : 'c';
}

static void on_run(struct turn *turn)
{
    struct work *work = LIST_OBJECT(turn, struct work, turn);
    work->runs++;
    note(work);
    if (work->again > 0) {
        work->again--;
        turns_add(&turns, turn);
    }
    if (work->cancels != NULL) {
        turn_cancel(&work->cancels->turn);
    }
    if (work->adds != NULL) {
        turns_add(&turns, &work->adds->turn);
    }
}

static void start(void)
{
    cr_assert_eq(uv_loop_init(&loop), 0);
    turns_init(&turns, &loop);
    turn_init(&first.turn, on_run);
    turn_init(&second.turn, on_run);
    turn_init(&third.turn, on_run);
}

static void finish(void)
{
    turns_close(&turns);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
}

TestSuite(turns, .init = start, .fini = finish);

static void turn_loop(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
}

Test(turns, run_once_in_the_next_turn_and_in_order)
{
    turns_add(&turns, &first.turn);
    turns_add(&turns, &second.turn);
    cr_assert_eq(first.runs, 0, "not from within the call");
    turn_loop();
    cr_assert_str_eq(order, "ab");
    turn_loop();
    cr_assert_str_eq(order, "ab");
}

Test(turns, keep_the_loop_awake_only_while_something_waits)
{
    cr_assert_not(uv_loop_alive(&loop));
    first.again = 5;
    turns_add(&turns, &first.turn);
    cr_assert(uv_loop_alive(&loop));
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(first.runs, 6);
    cr_assert_not(uv_loop_alive(&loop));
}

Test(turns, give_one_turn_of_the_loop_to_whoever_asks_again)
{
    first.again = second.again = 2;
    turns_add(&turns, &first.turn);
    turns_add(&turns, &second.turn);
    turn_loop();
    cr_assert_str_eq(order, "ab");
    turn_loop();
    cr_assert_str_eq(order, "abab");
    turn_loop();
    cr_assert_str_eq(order, "ababab");
    turn_loop();
    cr_assert_str_eq(order, "ababab");
}

Test(turns, wait_at_most_once_and_move_to_the_end)
{
    turns_add(&turns, &first.turn);
    turns_add(&turns, &second.turn);
    turns_add(&turns, &first.turn);
    turn_loop();
    cr_assert_str_eq(order, "ba");
}

Test(turns, may_be_taken_back_also_by_one_that_runs)
{
    first.cancels = &second;
    turns_add(&turns, &first.turn);
    turns_add(&turns, &second.turn);
    turns_add(&turns, &third.turn);
    turn_loop();
    cr_assert_str_eq(order, "ac");
    turns_add(&turns, &third.turn);
    turn_cancel(&third.turn);
    turn_cancel(&third.turn);
    turn_loop();
    turn_loop();
    cr_assert_str_eq(order, "ac");
    cr_assert_not(uv_loop_alive(&loop));
}

/* What is added while a turn runs belongs to the next one, also when it was to run in this one. */
Test(turns, put_off_what_is_added_by_one_that_runs)
{
    first.adds = &second;
    turns_add(&turns, &first.turn);
    turns_add(&turns, &second.turn);
    turns_add(&turns, &third.turn);
    turn_loop();
    cr_assert_str_eq(order, "ac");
    turn_loop();
    cr_assert_str_eq(order, "acb");
}
