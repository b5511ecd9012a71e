/*
 * A policy proposed from evidence, as the text of an INI file with the evidence in comments.
 *
 * A method is proposed for a resource when the backend answered it there with 2xx, 3xx or 101 (404 says
 * nothing about methods), or when it is declared. GET brings HEAD. `implements` has all of these and
 * what the backend names itself in the Allow of a 405. Observed paths become prefixes: up to the first
 * segment that was not kept. A folder with many different names in it becomes one prefix, and a path
 * that takes the same methods as the folder above it needs no route of its own.
 */
#ifndef VERBGATE_LEARN_PROPOSAL_H
#define VERBGATE_LEARN_PROPOSAL_H

#include "verbgate/base/writer.h"
#include "verbgate/learn/evidence.h"

enum { PROPOSAL_CHILDREN_MAX = 16 }; /* names in one folder, before they become one prefix */

struct proposal_options {
    const char *origin; /* what the evidence was read from, for the first line */
    uint64_t min_count; /* successes that a method needs at a resource */
};

/* Writes the file. Returns NULL, or a sentence: nothing to propose, out of memory, or larger than a
 * policy file may be (the writer's capacity). */
MUST_CHECK const char *proposal_write(struct writer *writer, const struct evidence_table *table,
                                      const struct proposal_options *options);

#endif
