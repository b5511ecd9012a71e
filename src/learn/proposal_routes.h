/* The routes that the rows of evidence lead to. */
#ifndef VERBGATE_LEARN_PROPOSAL_ROUTES_H
#define VERBGATE_LEARN_PROPOSAL_ROUTES_H

#include "proposal_rows.h"
#include "verbgate/policy/method_set.h"

struct proposal_route {
    const struct proposal_row *rows; /* sorted by method and status */
    unsigned row_count;
    struct method_set methods;
    unsigned same_below; /* paths below it that take the same methods and got no route */
    bool is_covered;     /* by such a route above it */
    bool is_doubled;     /* another upstream has more requests for the same host and path */
    uint64_t total;
    struct slice name;
};

struct proposal_routes {
    struct arena arena;
    struct method_extensions extensions;
    struct proposal_route *items; /* in the order of the rows */
    unsigned count;
};

/* False: out of memory; then there is nothing to finish. */
MUST_CHECK bool proposal_routes_make(struct proposal_routes *routes,
                                     const struct proposal_row *rows, unsigned row_count,
                                     uint64_t min_count);
void proposal_routes_finish(struct proposal_routes *routes);

/* Whether it gets a section: it takes something, and nothing else speaks for it. */
bool proposal_route_stands(const struct proposal_route *route);

/* The id of a method that a policy can name, given one if need be; else METHOD_UNKNOWN. */
enum method proposal_method(struct proposal_routes *routes, struct slice name);

#endif
