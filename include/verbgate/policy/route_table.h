/*
 * Finds the route of a host and path. The cost follows the length of the host and path, not the
 * number of routes: hosts are hashed (exact, then each "*.suffix", then any), and for each host
 * that has routes the path's segment prefixes are hashed, longest first.
 *
 * Of all routes that match, an exact host beats a longer wildcard beats a shorter one beats none;
 * among equals an exact path beats a prefix, a longer prefix a shorter one, any path comes last.
 * A prefix of whole segments: the pattern "/orders/" + "*" takes /orders, /orders/ and /orders/7,
 * not /ordersX.
 */
#ifndef VERBGATE_POLICY_ROUTE_TABLE_H
#define VERBGATE_POLICY_ROUTE_TABLE_H

#include "verbgate/base/arena.h"
#include "verbgate/policy/policy.h"

/* Builds a table in `arena`, or returns NULL when memory is short or two patterns are equal; then
 * *first and *second are their indexes, or both 0 when it was memory. */
MUST_CHECK struct route_table *route_table_build(struct arena *arena,
                                                 const struct route_pattern *patterns,
                                                 unsigned count, unsigned *first, unsigned *second);

/* The same for patterns whose paths were folded (http/folding.h): equal ones are each other's twins. NULL:
 * memory is short. */
MUST_CHECK struct route_table *
route_table_build_folded(struct arena *arena, const struct route_pattern *patterns, unsigned count);

/* A pattern that takes a host and a path. */
struct route_match {
    const struct policy_route *route;
    const struct route_match *twin; /* another one that is equal when folded; NULL: no more */
    unsigned number;                /* the index of the pattern */
};

/* The best pattern, and in a folded table its twins behind it; or NULL. Host and path as below. */
const struct route_match *route_table_match(const struct route_table *table, struct slice host,
                                            struct slice path);

/* Whether a pattern has this host (any case, no port), or a wildcard that it is one of. */
bool route_table_names_host(const struct route_table *table, struct slice host);

/* The route for a host (any case, no port; may be empty) and a path that starts with '/', or NULL.
 */
const struct policy_route *route_table_find(const struct route_table *table, struct slice host,
                                            struct slice path);

#endif
