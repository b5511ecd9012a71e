#include "json_load.h"

#include <stdio.h>

json_t *json_load_text(struct slice text, char problem[LEARN_PROBLEM_MAX])
{
    json_error_t error;
    json_t *root = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        snprintf(problem, LEARN_PROBLEM_MAX, "line %d, column %d: %s", error.line, error.column,
                 error.text);
    }
    return root;
}
