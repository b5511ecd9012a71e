/*
 * How another policy is put in force as a whole, or not at all. Each part of the process that follows the policy has a row
 * in a table. First every part prepares: it opens what the new policy wants beside what the old one has. Then every part
 * attaches what needs the control loop. When one of them fails, all are rolled back, and the old policy is in force as if
 * nothing had been. Otherwise every part commits, which cannot fail.
 */
#ifndef VERBGATE_SERVER_RELOAD_H
#define VERBGATE_SERVER_RELOAD_H

#include "verbgate/base/attributes.h"
#include "verbgate/policy/policy.h"

enum { RELOAD_PROBLEM_MAX = 640 };

/* NULL: the part has nothing to do in this step. `owner` is the process. */
struct reload_part {
    /* Opens files and sockets and looks up names. Runs on any thread, and may block. A part that fails leaves nothing, and
     * `problem` says what is wrong, and where. */
    bool (*prepare)(void *owner, const struct policy *policy, char problem[RELOAD_PROBLEM_MAX]);
    /* Begins what only the control loop's thread may begin. Waits for nothing. */
    bool (*attach)(void *owner, char problem[RELOAD_PROBLEM_MAX]);
    /* Takes back what the part has prepared, and attached if it came to that. */
    void (*roll_back)(void *owner);
    /* Switches to what was prepared. The control loop's thread. Waits for nothing. */
    void (*commit)(void *owner, const struct policy *policy);
};

struct reload_table {
    const struct reload_part *parts;
    unsigned count;
};

/* Prepares the parts in their order. False: one has failed, `problem` is its problem, and those before it were rolled
 * back. Any thread. */
MUST_CHECK bool reload_prepare(const struct reload_table *table, void *owner,
                               const struct policy *policy, char problem[RELOAD_PROBLEM_MAX]);

/* After reload_prepare: attaches the parts. False: one has failed, and all were rolled back. The control loop's thread, as
 * for the two that follow. */
MUST_CHECK bool reload_attach(const struct reload_table *table, void *owner,
                              char problem[RELOAD_PROBLEM_MAX]);

/* After reload_prepare, in place of reload_attach: the policy is not wanted any more. */
void reload_roll_back(const struct reload_table *table, void *owner);

/* After reload_attach: the policy is in force. */
void reload_commit(const struct reload_table *table, void *owner, const struct policy *policy);

#endif
