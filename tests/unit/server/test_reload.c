#include <criterion/criterion.h>

#include "verbgate/server/reload.h"

#include <stdio.h>

/* Parts that count what they hold. Each has its policy "in force" and what it has prepared beside it. */
enum { PARTS = 3, NOTHING = -1 };

static struct {
    const struct policy *in_force;
    const struct policy *prepared;
    bool is_attached;
} states[PARTS];
static int fails_to_prepare, fails_to_attach;
static unsigned order[2 * PARTS], ordered; /* of the parts, as they were rolled back or committed */

/* Only their addresses matter. */
static struct policy *const old_policy = (struct policy *)&states[0];
static struct policy *const new_policy = (struct policy *)&states[1];

static bool prepare(unsigned index, void *owner, const struct policy *policy, char *problem)
{
    cr_assert_eq(owner, &states);
    cr_assert_null(states[index].prepared);
    if ((int)index == fails_to_prepare) {
        snprintf(problem, RELOAD_PROBLEM_MAX, "part %u cannot", index);
        return false;
    }
    states[index].prepared = policy;
    return true;
}

static bool attach(unsigned index, char *problem)
{
    cr_assert_not_null(states[index].prepared);
    if ((int)index == fails_to_attach) {
        snprintf(problem, RELOAD_PROBLEM_MAX, "part %u cannot be attached", index);
        return false;
    }
    states[index].is_attached = true;
    return true;
}

static void roll_back(unsigned index)
{
    cr_assert_not_null(states[index].prepared, "part %u has prepared nothing", index);
    states[index].prepared = NULL;
    states[index].is_attached = false;
    order[ordered++] = index;
}

static void commit(unsigned index, const struct policy *policy)
{
    cr_assert_eq(states[index].prepared, policy);
    states[index].in_force = policy;
    states[index].prepared = NULL;
    order[ordered++] = index;
}

#define PART(index)                                                           \
    static bool prepare_##index(void *owner, const struct policy *policy,     \
                                char problem[RELOAD_PROBLEM_MAX])             \
    {                                                                         \
        return prepare(index, owner, policy, problem);                        \
    }                                                                         \
    static bool attach_##index(void *owner, char problem[RELOAD_PROBLEM_MAX]) \
    {                                                                         \
        (void)owner;                                                          \
        return attach(index, problem);                                        \
    }                                                                         \
    static void roll_back_##index(void *owner)                                \
    {                                                                         \
        (void)owner;                                                          \
        roll_back(index);                                                     \
    }                                                                         \
    static void commit_##index(void *owner, const struct policy *policy)      \
    {                                                                         \
        (void)owner;                                                          \
        commit(index, policy);                                                \
    }
PART(0)
PART(1)
PART(2)

static const struct reload_part parts[] = {
    {prepare_0, attach_0, roll_back_0, commit_0},
    {prepare_1, attach_1, roll_back_1, commit_1},
    {prepare_2, attach_2, roll_back_2, commit_2},
};
static const struct reload_table table = {parts, PARTS};

static void start(int prepare_failure, int attach_failure)
{
    fails_to_prepare = prepare_failure;
    fails_to_attach = attach_failure;
    ordered = 0;
    for (unsigned i = 0; i < PARTS; i++) {
        states[i].in_force = old_policy;
        states[i].prepared = NULL;
        states[i].is_attached = false;
    }
}

static void expect_untouched(void)
{
    for (unsigned i = 0; i < PARTS; i++) {
        cr_expect_eq(states[i].in_force, old_policy, "part %u", i);
        cr_expect_null(states[i].prepared, "part %u", i);
        cr_expect_not(states[i].is_attached, "part %u", i);
    }
}

Test(reload, each_part_that_cannot_prepare_leaves_all_as_they_were)
{
    for (int i = 0; i < PARTS; i++) {
        char problem[RELOAD_PROBLEM_MAX] = "";
        char expected[64];
        start(i, NOTHING);
        cr_expect_not(reload_prepare(&table, &states, new_policy, problem));
        expect_untouched();
        cr_expect_eq(ordered, (unsigned)i, "those before it were rolled back");
        snprintf(expected, sizeof expected, "part %d cannot", i);
        cr_expect_str_eq(problem, expected);
    }
}

Test(reload, each_part_that_cannot_be_attached_leaves_all_as_they_were)
{
    for (int i = 0; i < PARTS; i++) {
        char problem[RELOAD_PROBLEM_MAX] = "";
        char expected[64];
        start(NOTHING, i);
        cr_assert(reload_prepare(&table, &states, new_policy, problem));
        cr_expect_not(reload_attach(&table, &states, problem));
        expect_untouched();
        snprintf(expected, sizeof expected, "part %d cannot be attached", i);
        cr_expect_str_eq(problem, expected);
    }
}

Test(reload, rolls_back_in_the_other_order)
{
    char problem[RELOAD_PROBLEM_MAX];
    start(NOTHING, NOTHING);
    cr_assert(reload_prepare(&table, &states, new_policy, problem));
    reload_roll_back(&table, &states);
    expect_untouched();
    cr_assert_eq(ordered, PARTS);
    cr_assert(order[0] == 2 && order[1] == 1 && order[2] == 0);
}

Test(reload, commits_every_part_in_order)
{
    char problem[RELOAD_PROBLEM_MAX];
    start(NOTHING, NOTHING);
    cr_assert(reload_prepare(&table, &states, new_policy, problem));
    cr_assert(reload_attach(&table, &states, problem));
    for (unsigned i = 0; i < PARTS; i++) {
        cr_assert_eq(states[i].in_force, old_policy, "not before the commit");
    }
    reload_commit(&table, &states, new_policy);
    for (unsigned i = 0; i < PARTS; i++) {
        cr_assert_eq(states[i].in_force, new_policy);
        cr_assert_eq(order[i], i);
    }
}

Test(reload, a_part_may_have_nothing_to_do)
{
    static const struct reload_part idle[] = {{NULL, NULL, NULL, NULL}};
    static const struct reload_table one = {idle, 1};
    char problem[RELOAD_PROBLEM_MAX];
    cr_assert(reload_prepare(&one, NULL, new_policy, problem));
    cr_assert(reload_attach(&one, NULL, problem));
    reload_commit(&one, NULL, new_policy);
    reload_roll_back(&one, NULL);
}
