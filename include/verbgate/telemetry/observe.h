/*
 * Observing: which methods the backends took on which paths, counted from real traffic and kept as a
 * file for `verbgate learn`. Each worker counts into a table of its own behind a lock that is free but
 * for the moment in which its table is exchanged for an empty one; files are written elsewhere.
 */
#ifndef VERBGATE_TELEMETRY_OBSERVE_H
#define VERBGATE_TELEMETRY_OBSERVE_H

#include "verbgate/base/attributes.h"
#include "verbgate/exchange/record.h"
#include "verbgate/learn/evidence_json.h"
#include "verbgate/policy/policy.h"

enum { OBSERVE_WRITE_MS = 10 * 1000 };

struct observe;

/* For `workers`; it observes nothing yet. NULL: no resources. */
MUST_CHECK struct observe *observe_create(unsigned workers);
/* Frees it; counts that were not written are lost. NULL is allowed. */
void observe_destroy(struct observe *observe);

/* Whether a policy asks for it. */
bool observe_is_wanted(const struct policy *policy);

/* Opens the record that the policy wants, unless it is the one at hand: what the file holds already is gone on with,
 * and it is written once. False: the file is no record, or cannot be written, and `problem` says so. Nothing is
 * switched yet. Any thread; blocks on the disk. observe_roll_back or observe_commit follows when it was true. */
MUST_CHECK bool observe_prepare(struct observe *observe, const struct policy *policy,
                                char problem[LEARN_PROBLEM_MAX]);

/* After observe_prepare, when something else failed: the record at hand stays. */
void observe_roll_back(struct observe *observe);

/* After observe_prepare: what is counted from here on goes to the record that the policy wants. True: observe_write
 * must write the record of before for the last time. Waits for nothing. */
MUST_CHECK bool observe_commit(struct observe *observe, const struct policy *policy);

/* Another process goes on with the record: this one writes it no more. Waits for a write that is under way. */
void observe_abandon(struct observe *observe);

/* Counts one exchange. The thread of that worker. */
void observe_note(struct observe *observe, unsigned worker, const struct record *record);

/* Takes over what the workers have counted and writes the file, if anything is new. Any thread; blocks on the disk. */
void observe_write(struct observe *observe);

#endif
