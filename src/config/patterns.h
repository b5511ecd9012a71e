/* The patterns of all routes, each host of a route with each of its paths. */
#ifndef VERBGATE_CONFIG_PATTERNS_H
#define VERBGATE_CONFIG_PATTERNS_H

#include "build.h"

struct pattern_origin;

struct patterns {
    struct builder *builder;
    struct route_pattern *items;    /* in scratch memory; count <= capacity */
    struct pattern_origin *origins; /* of each item */
    unsigned count;
    unsigned capacity;
};

/* Checks the host and path keys of every route and makes room; false when there are too many. */
MUST_CHECK bool patterns_prepare(struct patterns *patterns, struct builder *builder);

/* Adds the patterns of one route. */
void patterns_add(struct patterns *patterns, const struct config_section *section,
                  struct policy_route *route);

/* Reports every two routes with the same host and path. */
void patterns_report_conflicts(struct patterns *patterns);

/* Warns of paths that differ only by what servers may not see: case, and a slash at the end. */
void patterns_report_twins(struct patterns *patterns);

#endif
