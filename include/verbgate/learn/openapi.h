/*
 * Which methods an OpenAPI 3 description (JSON) declares for which paths; everything else in it is
 * skipped. A path with a template, "/orders/{id}/items", becomes the prefix in front of it, since a
 * policy has no other patterns. The base path of each of servers[].url stands before every path.
 */
#ifndef VERBGATE_LEARN_OPENAPI_H
#define VERBGATE_LEARN_OPENAPI_H

#include "verbgate/base/writer.h"
#include "verbgate/learn/evidence.h"
#include "verbgate/learn/evidence_json.h"

/* Adds declared evidence for `upstream` to the table, and writes comments about what was not taken as
 * it stands. Returns false and says in `problem` what is wrong and where. */
MUST_CHECK bool openapi_read(struct slice text, struct slice upstream, struct evidence_table *table,
                             struct writer *comments, char problem[LEARN_PROBLEM_MAX]);

#endif
