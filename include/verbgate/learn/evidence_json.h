/* Evidence as JSON: what a gateway that observes writes, and `verbgate learn` reads. */
#ifndef VERBGATE_LEARN_EVIDENCE_JSON_H
#define VERBGATE_LEARN_EVIDENCE_JSON_H

#include "verbgate/learn/evidence.h"

enum { LEARN_FILE_MAX = 8 * 1024 * 1024, LEARN_PROBLEM_MAX = 512 };

/* The table as JSON text, NUL-terminated, for the caller to free; NULL: out of memory. `until` is the
 * time now. */
MUST_CHECK char *evidence_json_write(const struct evidence_table *table, int64_t until);

/* Adds what `text` holds to an empty table. Returns false and says in `problem` what is wrong, and
 * where: line and column, or the place within the JSON value. The text comes from anywhere: every
 * value is checked. */
MUST_CHECK bool evidence_json_read(struct slice text, struct evidence_table *table,
                                   char problem[LEARN_PROBLEM_MAX]);

#endif
