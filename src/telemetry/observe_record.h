/* One record of the traffic: what was counted so far, and the file that it is kept in. It has no lock of its own. */
#ifndef VERBGATE_TELEMETRY_OBSERVE_RECORD_H
#define VERBGATE_TELEMETRY_OBSERVE_RECORD_H

#include "verbgate/base/attributes.h"
#include "verbgate/learn/evidence_json.h"
#include "verbgate/policy/policy.h"

struct observe_record {
    struct observe_record *next; /* for a list of its owner's */
    char *path;                  /* owned */
    char *temporary_path;        /* owned; becomes `path` once it is whole */
    struct evidence_table *sum;
    uint64_t written; /* observations that the file has */
    bool has_failed;  /* the last write; the log says so once */
};

/* Goes on with the record at a path, or begins one. It is written back at once, so that a path that cannot be written is
 * found now. NULL: the file is no record, or cannot be written, and `problem` says so. Blocks on the disk. */
MUST_CHECK struct observe_record *observe_record_open(const struct policy *policy,
                                                      char problem[LEARN_PROBLEM_MAX]);

void observe_record_destroy(struct observe_record *record); /* NULL is allowed */

/* Notes the servers of a policy that goes on with this record. */
void observe_record_add_servers(struct observe_record *record, const struct policy *policy);

/* Whether the file lacks something. */
bool observe_record_is_new(const struct observe_record *record);

/* The record as text, for observe_record_save, which may then run without the lock of `sum`. NULL: out of memory. */
MUST_CHECK char *observe_record_text(struct observe_record *record);

/* Replaces the file by `text`, and frees it; the old file stays whole until the new one is. An error is logged. Blocks on
 * the disk. One thread at a time. */
void observe_record_save(struct observe_record *record, char *text);

#endif
