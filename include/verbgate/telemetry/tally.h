/*
 * What one worker has counted of the exchanges that ended. Its worker alone writes; the control
 * thread adds the tallies of all workers up while they run (tally_add). Nothing ever goes away, so
 * counts survive reloads: a route is known by its name and its upstream's.
 *
 * Memory is bounded: routes beyond TALLY_ROUTES_MAX (counted over the life of the process) count as
 * "other", and so do combinations of decision and method beyond TALLY_ROWS_MAX. Labels come from
 * tables and from the policy, never from a client.
 */
#ifndef VERBGATE_TELEMETRY_TALLY_H
#define VERBGATE_TELEMETRY_TALLY_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/counter.h"
#include "verbgate/exchange/record.h"
#include "verbgate/http/method.h"

enum {
    TALLY_ROUTES_MAX = 1024,
    TALLY_UPSTREAMS_MAX = 1024,
    TALLY_ROWS_MAX = 16384,
    TALLY_NAME_MAX = 64,
    TALLY_METHOD_COUNT = METHOD_REGISTERED_COUNT + 1, /* the last is "other" */
    TALLY_STATUS_COUNT = 65,                          /* five classes, and each known status */
    TALLY_BOUND_COUNT = 18,                           /* of a histogram's buckets */
};

/* X(identifier, "label"): what became of a request; INVALID never reached the policy. */
#define TALLY_DECISIONS(X) \
    X(FORWARD, "forward")  \
    X(REPORT, "report")    \
    X(ANSWER, "answer")    \
    X(REFUSE, "refuse")    \
    X(INVALID, "invalid")

enum tally_decision {
#define X(identifier, label) TALLY_##identifier,
    TALLY_DECISIONS(X)
#undef X
        TALLY_DECISION_COUNT
};

/* Who wrote the answer; nobody when the client left before there was one. */
enum tally_author { TALLY_BY_GATEWAY, TALLY_BY_UPSTREAM, TALLY_BY_NOBODY, TALLY_AUTHOR_COUNT };

/* One route's requests of one decision, author and method. */
struct tally_row {
    struct counter by_status[TALLY_STATUS_COUNT];
};

struct tally_route {
    char upstream[TALLY_NAME_MAX + 1]; /* empty: none was chosen */
    char route[TALLY_NAME_MAX + 1];    /* empty: none was chosen */
    _Atomic(struct tally_row *) rows[TALLY_DECISION_COUNT][TALLY_AUTHOR_COUNT][TALLY_METHOD_COUNT];
};

struct tally_histogram {
    struct counter buckets[TALLY_BOUND_COUNT + 1];
    struct counter sum_us;
};

struct tally_upstream {
    char name[TALLY_NAME_MAX + 1];
    struct tally_histogram duration;   /* forwarded requests, first byte to end; no tunnels */
    struct tally_histogram first_byte; /* of the upstream's answers */
};

struct tally {
    /* Entries [0, count) never change; the first, "other", is always there. */
    struct tally_route **routes;
    struct tally_upstream **upstreams;
    atomic_uint route_count, upstream_count;
    unsigned routes_max, upstreams_max, rows_max;
    unsigned row_count;
    struct counter ends[REASON_COUNT];
    struct counter received_bytes, sent_bytes;
    struct counter uncounted; /* requests that there was no memory to count for */

    /* Where the routes and upstreams of the policy in force are counted, filled at their first use;
     * NULL when memory is short: then they are looked up each time. */
    const struct policy *policy; /* for comparison */
    struct tally_route **route_places;
    struct tally_upstream **upstream_places;
};

/* The upper bounds of the buckets, in microseconds. */
extern const uint64_t tally_bounds_us[TALLY_BOUND_COUNT];

/* An empty tally with room for what `tallies` of them may hold together; NULL: no memory. */
MUST_CHECK struct tally *tally_create(unsigned tallies);
void tally_destroy(struct tally *tally);

/* The policy that most records from here on belong to. It must live until another one is installed. */
void tally_install(struct tally *tally, const struct policy *policy);

/* Counts an exchange that has ended. */
void tally_count(struct tally *tally, const struct record *record);

/* Adds `part`, which another thread may be writing to, to `sum`, which is the caller's. */
void tally_add(struct tally *sum, struct tally *part);

/* Where a status from 100 to 599 is counted: the registered ones for themselves, so is 499 (the client
 * left), any other for its class. */
unsigned tally_status_index(unsigned status);

/* Labels. A status is shown as a number ("405") or a class ("2xx"). */
const char *tally_decision_label(enum tally_decision decision);
const char *tally_author_label(enum tally_author author);
struct slice tally_method_label(unsigned method);
void tally_write_status(struct writer *writer, unsigned index);

#endif
