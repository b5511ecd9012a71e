/* The evidence as comments. */
#ifndef VERBGATE_LEARN_PROPOSAL_TEXT_H
#define VERBGATE_LEARN_PROPOSAL_TEXT_H

#include "proposal_rows.h"
#include "verbgate/base/writer.h"

/* A time as 2026-01-31T12:00:00Z. */
void proposal_write_time(struct writer *writer, int64_t seconds);

/* One line for each method in `rows`, which are sorted by method and status. */
void proposal_write_evidence(struct writer *writer, const struct proposal_row *rows,
                             unsigned count);

/* What an operator should know of methods that never succeeded, and of HEAD. */
void proposal_write_findings(struct writer *writer, const struct proposal_row *rows,
                             unsigned count);

/* How many of the rows from the first on have its method. */
unsigned proposal_method_run(const struct proposal_row *rows, unsigned count);

#endif
