/* JSON texts that others wrote, as trees of jansson's. */
#ifndef VERBGATE_LEARN_JSON_LOAD_H
#define VERBGATE_LEARN_JSON_LOAD_H

#include "verbgate/learn/evidence_json.h"

#include <jansson.h>

/* The tree, for json_decref; NULL, with line, column and reason, when the text is not JSON or an object
 * has a key twice, which two readers could take for different values. */
MUST_CHECK json_t *json_load_text(struct slice text, char problem[LEARN_PROBLEM_MAX]);

#endif
