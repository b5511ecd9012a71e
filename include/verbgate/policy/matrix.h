/*
 * The matrix of routes and methods: what is answered to each method on each route. Every cell is what
 * decide() says about a request that leads to the route, so the matrix cannot disagree with the
 * gateway. `verbgate methods` prints it, and the admin listener serves it.
 */
#ifndef VERBGATE_POLICY_MATRIX_H
#define VERBGATE_POLICY_MATRIX_H

#include "verbgate/base/sink.h"
#include "verbgate/policy/policy.h"

enum matrix_format {
    MATRIX_TEXT, /* aligned columns */
    MATRIX_JSON, /* one object */
    MATRIX_HTML, /* one page that needs nothing else */
};

/*
 * Writes the matrix of a sealed policy, some kilobytes at a time. Columns: the methods that any upstream
 * implements or any route takes, and "other" for all that are not listed; text and HTML leave out
 * columns that are everywhere like "other", but for the methods that everybody looks for. Returns false
 * when the sink refused a piece or memory is short. The cost is one decision for each cell.
 */
MUST_CHECK bool matrix_write(const struct policy *policy, enum matrix_format format,
                             const struct sink *sink);

#endif
