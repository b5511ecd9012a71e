#include "verbgate/telemetry/tally.h"

#include <assert.h>
#include <stdlib.h>

const uint64_t tally_bounds_us[TALLY_BOUND_COUNT] = {
    100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000,
};

/* ---- labels */

const char *tally_decision_label(enum tally_decision decision)
{
    static const char *const labels[] = {
#define X(identifier, label) [TALLY_##identifier] = (label),
        TALLY_DECISIONS(X)
#undef X
    };
    return labels[decision];
}

const char *tally_author_label(enum tally_author author)
{
    static const char *const labels[] = {
        [TALLY_BY_GATEWAY] = "gateway",
        [TALLY_BY_UPSTREAM] = "upstream",
        [TALLY_BY_NOBODY] = "nobody",
    };
    return labels[author];
}

struct slice tally_method_label(unsigned method)
{
    return method < METHOD_REGISTERED_COUNT ? method_name((enum method)method) : SLICE("other");
}

enum { STATUS_CLASSES = 5 };

/* The IANA registry's, but for interim responses other than 101, and 499; ascending. */
static const unsigned short statuses[] = {
    101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303,
    304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410,
    411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428,
    429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
};
_Static_assert(sizeof statuses / sizeof statuses[0] + STATUS_CLASSES == TALLY_STATUS_COUNT,
               "each status has a counter");

unsigned tally_status_index(unsigned status)
{
    assert(status >= 100 && status < 600);
    unsigned low = 0;
    unsigned high = TALLY_STATUS_COUNT - STATUS_CLASSES;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (statuses[middle] == status) {
            return STATUS_CLASSES + middle;
        }
        if (statuses[middle] < status) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return status / 100 - 1;
}

void tally_write_status(struct writer *writer, unsigned index)
{
    if (index < STATUS_CLASSES) {
        writer_number(writer, index + 1);
        writer_literal(writer, "xx");
    } else {
        writer_number(writer, statuses[index - STATUS_CLASSES]);
    }
}

/* ---- entries */

static bool is_named(const char *name, struct slice wanted)
{
    return slice_equal(slice_of(name), wanted);
}

static void copy_name(char out[TALLY_NAME_MAX + 1], struct slice name)
{
    size_t length = name.length < TALLY_NAME_MAX ? name.length : TALLY_NAME_MAX;
    if (length > 0) {
        memcpy(out, name.data, length);
    }
    out[length] = '\0';
}

static unsigned count_of(const atomic_uint *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* A walk, at the first use of a route under a policy. When there is no room the route is "other". */
static struct tally_route *find_route(struct tally *tally, struct slice upstream, struct slice name)
{
    unsigned count = count_of(&tally->route_count);
    for (unsigned i = 0; i < count; i++) {
        struct tally_route *route = tally->routes[i];
        if (is_named(route->route, name) && is_named(route->upstream, upstream)) {
            return route;
        }
    }
    struct tally_route *made = count < tally->routes_max ? calloc(1, sizeof *made) : NULL;
    if (made == NULL) {
        return tally->routes[0];
    }
    copy_name(made->upstream, upstream);
    copy_name(made->route, name);
    tally->routes[count] = made;
    /* A reader that sees the count sees the entry. */
    atomic_store_explicit(&tally->route_count, count + 1, memory_order_release);
    return made;
}

static struct tally_upstream *find_upstream(struct tally *tally, struct slice name)
{
    unsigned count = count_of(&tally->upstream_count);
    for (unsigned i = 0; i < count; i++) {
        if (is_named(tally->upstreams[i]->name, name)) {
            return tally->upstreams[i];
        }
    }
    struct tally_upstream *made = count < tally->upstreams_max ? calloc(1, sizeof *made) : NULL;
    if (made == NULL) {
        return tally->upstreams[0];
    }
    copy_name(made->name, name);
    tally->upstreams[count] = made;
    atomic_store_explicit(&tally->upstream_count, count + 1, memory_order_release);
    return made;
}

static struct tally_row *make_row(struct tally *tally, _Atomic(struct tally_row *) *place)
{
    struct tally_row *row = calloc(1, sizeof *row);
    if (row != NULL) {
        tally->row_count++;
        atomic_store_explicit(place, row, memory_order_release);
    }
    return row;
}

/* The row of a route, or that of "other" when there is no room; NULL: no memory. */
static struct tally_row *find_row(struct tally *tally, struct tally_route *route, unsigned decision,
                                  unsigned author, unsigned method)
{
    _Atomic(struct tally_row *) *place = &route->rows[decision][author][method];
    struct tally_row *row = atomic_load_explicit(place, memory_order_relaxed);
    if (LIKELY(row != NULL)) {
        return row;
    }
    if (tally->row_count < tally->rows_max) {
        row = make_row(tally, place);
    }
    if (row == NULL) {
        place = &tally->routes[0]->rows[decision][author][method];
        row = atomic_load_explicit(place, memory_order_relaxed);
        row = row != NULL ? row : make_row(tally, place);
    }
    return row;
}

/* ---- life */

struct tally *tally_create(unsigned tallies)
{
    struct tally *tally = calloc(1, sizeof *tally);
    if (tally == NULL) {
        return NULL;
    }
    tally->routes_max = tallies * TALLY_ROUTES_MAX + 1;
    tally->upstreams_max = tallies * TALLY_UPSTREAMS_MAX + 1;
    tally->rows_max = tallies * TALLY_ROWS_MAX;
    tally->routes = calloc(tally->routes_max, sizeof *tally->routes);
    tally->upstreams = calloc(tally->upstreams_max, sizeof *tally->upstreams);
    if (tally->routes != NULL && tally->upstreams != NULL) {
        tally->routes[0] = calloc(1, sizeof **tally->routes);
        tally->upstreams[0] = calloc(1, sizeof **tally->upstreams);
    }
    if (tally->routes == NULL || tally->upstreams == NULL || tally->routes[0] == NULL ||
        tally->upstreams[0] == NULL) {
        tally_destroy(tally);
        return NULL;
    }
    copy_name(tally->routes[0]->upstream, SLICE("other"));
    copy_name(tally->routes[0]->route, SLICE("other"));
    copy_name(tally->upstreams[0]->name, SLICE("other"));
    atomic_init(&tally->route_count, 1);
    atomic_init(&tally->upstream_count, 1);
    return tally;
}

static void free_route(struct tally_route *route)
{
    for (unsigned decision = 0; route != NULL && decision < TALLY_DECISION_COUNT; decision++) {
        for (unsigned author = 0; author < TALLY_AUTHOR_COUNT; author++) {
            for (unsigned method = 0; method < TALLY_METHOD_COUNT; method++) {
                free(atomic_load(&route->rows[decision][author][method]));
            }
        }
    }
    free(route);
}

/* Also takes back what tally_create could not complete. */
void tally_destroy(struct tally *tally)
{
    for (unsigned i = 0; tally->routes != NULL && i < tally->routes_max; i++) {
        free_route(tally->routes[i]);
    }
    for (unsigned i = 0; tally->upstreams != NULL && i < tally->upstreams_max; i++) {
        free(tally->upstreams[i]);
    }
    free(tally->routes);
    free(tally->upstreams);
    free(tally->route_places);
    free(tally->upstream_places);
    free(tally);
}

/* One place for each route, one for each upstream without a route, one for neither. */
void tally_install(struct tally *tally, const struct policy *policy)
{
    free(tally->route_places);
    free(tally->upstream_places);
    size_t places = (size_t)policy->route_count + policy->upstream_count + 1;
    tally->policy = policy;
    tally->route_places = calloc(places, sizeof *tally->route_places);
    tally->upstream_places = calloc(policy->upstream_count, sizeof *tally->upstream_places);
}

/* ---- counting */

static struct tally_route *route_of(struct tally *tally, const struct record *record)
{
    const struct verdict *verdict = record->verdict;
    const struct policy_upstream *upstream = verdict == NULL ? NULL : verdict->upstream;
    const struct policy_route *route = verdict == NULL ? NULL : verdict->route;
    const struct policy *policy = record->policy;
    size_t place = (size_t)policy->route_count + policy->upstream_count;
    if (route != NULL) {
        place = route->index;
    } else if (upstream != NULL) {
        place = (size_t)policy->route_count + upstream->index;
    }
    bool has_place = policy == tally->policy && tally->route_places != NULL;
    if (LIKELY(has_place && tally->route_places[place] != NULL)) {
        return tally->route_places[place];
    }
    struct tally_route *found = find_route(tally, upstream == NULL ? SLICE("") : upstream->name,
                                           route == NULL ? SLICE("") : route->name);
    if (has_place) {
        tally->route_places[place] = found;
    }
    return found;
}

static struct tally_upstream *upstream_of(struct tally *tally, const struct record *record)
{
    const struct policy_upstream *upstream = record->verdict->upstream;
    bool has_place = record->policy == tally->policy && tally->upstream_places != NULL;
    if (LIKELY(has_place && tally->upstream_places[upstream->index] != NULL)) {
        return tally->upstream_places[upstream->index];
    }
    struct tally_upstream *found = find_upstream(tally, upstream->name);
    if (has_place) {
        tally->upstream_places[upstream->index] = found;
    }
    return found;
}

static void observe(struct tally_histogram *histogram, uint64_t duration_us)
{
    unsigned bucket = 0;
    while (bucket < TALLY_BOUND_COUNT && duration_us > tally_bounds_us[bucket]) {
        bucket++;
    }
    counter_increment(&histogram->buckets[bucket]);
    counter_add(&histogram->sum_us, duration_us);
}

static enum tally_decision decision_of(const struct record *record)
{
    if (record->verdict == NULL) {
        return TALLY_INVALID;
    }
    switch (record->verdict->kind) {
    case VERDICT_FORWARD:
        return record->verdict->is_reported ? TALLY_REPORT : TALLY_FORWARD;
    case VERDICT_ANSWER:
        return TALLY_ANSWER;
    case VERDICT_REFUSE:
        break;
    }
    return TALLY_REFUSE;
}

static enum tally_author author_of(const struct record *record)
{
    if (record->is_local) {
        return TALLY_BY_GATEWAY;
    }
    return record->first_byte_us > 0 ? TALLY_BY_UPSTREAM : TALLY_BY_NOBODY;
}

static unsigned method_of(const struct record *record)
{
    enum method method =
        record->verdict != NULL ? record->verdict->method : method_find(record->method);
    return method < METHOD_REGISTERED_COUNT ? method : (unsigned)METHOD_REGISTERED_COUNT;
}

void tally_count(struct tally *tally, const struct record *record)
{
    enum tally_decision decision = decision_of(record);
    struct tally_row *row =
        find_row(tally, route_of(tally, record), decision, author_of(record), method_of(record));
    if (row != NULL) {
        counter_increment(&row->by_status[tally_status_index(record->status)]);
    } else {
        counter_increment(&tally->uncounted);
    }
    counter_increment(&tally->ends[record->reason]);
    counter_add(&tally->received_bytes, record->received_bytes);
    counter_add(&tally->sent_bytes, record->sent_bytes);
    bool is_forwarded = decision == TALLY_FORWARD || decision == TALLY_REPORT;
    if (!is_forwarded || record->status == 101) {
        return;
    }
    struct tally_upstream *upstream = upstream_of(tally, record);
    observe(&upstream->duration, record->duration_us);
    if (author_of(record) == TALLY_BY_UPSTREAM) {
        observe(&upstream->first_byte, record->first_byte_us);
    }
}

/* ---- adding up */

static void add_row(struct tally_row *sum, const struct tally_row *part)
{
    for (unsigned status = 0; status < TALLY_STATUS_COUNT; status++) {
        counter_add(&sum->by_status[status], counter_read(&part->by_status[status]));
    }
}

static void add_route(struct tally *sum, struct tally_route *part)
{
    struct tally_route *route = find_route(sum, slice_of(part->upstream), slice_of(part->route));
    for (unsigned decision = 0; decision < TALLY_DECISION_COUNT; decision++) {
        for (unsigned author = 0; author < TALLY_AUTHOR_COUNT; author++) {
            for (unsigned method = 0; method < TALLY_METHOD_COUNT; method++) {
                const struct tally_row *row = atomic_load_explicit(
                    &part->rows[decision][author][method], memory_order_acquire);
                struct tally_row *into =
                    row == NULL ? NULL : find_row(sum, route, decision, author, method);
                if (into != NULL) {
                    add_row(into, row);
                }
            }
        }
    }
}

static void add_histogram(struct tally_histogram *sum, const struct tally_histogram *part)
{
    for (unsigned i = 0; i <= TALLY_BOUND_COUNT; i++) {
        counter_add(&sum->buckets[i], counter_read(&part->buckets[i]));
    }
    counter_add(&sum->sum_us, counter_read(&part->sum_us));
}

void tally_add(struct tally *sum, struct tally *part)
{
    unsigned routes = atomic_load_explicit(&part->route_count, memory_order_acquire);
    for (unsigned i = 0; i < routes; i++) {
        add_route(sum, part->routes[i]);
    }
    unsigned upstreams = atomic_load_explicit(&part->upstream_count, memory_order_acquire);
    for (unsigned i = 0; i < upstreams; i++) {
        struct tally_upstream *upstream = find_upstream(sum, slice_of(part->upstreams[i]->name));
        add_histogram(&upstream->duration, &part->upstreams[i]->duration);
        add_histogram(&upstream->first_byte, &part->upstreams[i]->first_byte);
    }
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        counter_add(&sum->ends[i], counter_read(&part->ends[i]));
    }
    counter_add(&sum->received_bytes, counter_read(&part->received_bytes));
    counter_add(&sum->sent_bytes, counter_read(&part->sent_bytes));
    counter_add(&sum->uncounted, counter_read(&part->uncounted));
}
