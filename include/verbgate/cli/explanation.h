/* What was decided about a question, for people and for programs. */
#ifndef VERBGATE_CLI_EXPLANATION_H
#define VERBGATE_CLI_EXPLANATION_H

#include "verbgate/base/writer.h"
#include "verbgate/cli/question.h"

/* More than any explanation needs. */
enum { EXPLANATION_MAX = 1024 * 1024 };

/* One "key: value" line for each fact. */
void explanation_write_text(struct writer *writer, const struct policy *policy,
                            const struct question *question);

/* One line with one JSON object. A member that does not apply is null, and `allow` an empty array. */
void explanation_write_json(struct writer *writer, const struct policy *policy,
                            const struct question *question);

#endif
