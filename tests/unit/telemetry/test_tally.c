#include <criterion/criterion.h>

#include "verbgate/telemetry/tally.h"

#include <pthread.h>
#include <stdio.h>

/* A policy with two upstreams and two routes: enough for the tally, which only reads names. */
static struct policy_upstream upstreams[] = {{.index = 0, .name = SLICE("app")},
                                             {.index = 1, .name = SLICE("files")}};
static struct policy_route routes[] = {
    {.index = 0, .name = SLICE("orders"), .upstream = &upstreams[0]},
    {.index = 1, .name = SLICE("reports"), .upstream = &upstreams[1]}};
static struct policy policy = {
    .upstreams = upstreams, .upstream_count = 2, .routes = routes, .route_count = 2};

static struct verdict forward = {
    .kind = VERDICT_FORWARD, .method = METHOD_GET, .upstream = &upstreams[0], .route = &routes[0]};

/* A GET that the upstream answered; the cases change it. */
static struct record make_record(void)
{
    return (struct record){.policy = &policy,
                           .method = SLICE("GET"),
                           .status = 200,
                           .verdict = &forward,
                           .reason = REASON_COMPLETE,
                           .received_bytes = 3,
                           .sent_bytes = 42,
                           .duration_us = 1500,
                           .first_byte_us = 1200};
}

static struct tally *make_tally(void)
{
    struct tally *tally = tally_create(1);
    cr_assert_not_null(tally);
    tally_install(tally, &policy);
    return tally;
}

static const struct tally_route *find(const struct tally *tally, const char *upstream,
                                      const char *route)
{
    for (unsigned i = 0; i < atomic_load(&tally->route_count); i++) {
        if (strcmp(tally->routes[i]->upstream, upstream) == 0 &&
            strcmp(tally->routes[i]->route, route) == 0) {
            return tally->routes[i];
        }
    }
    return NULL;
}

static uint64_t count_of(const struct tally *tally, const char *upstream, const char *route,
                         enum tally_decision decision, enum tally_author author, unsigned method,
                         unsigned status)
{
    const struct tally_route *found = find(tally, upstream, route);
    const struct tally_row *row =
        found == NULL ? NULL : atomic_load(&found->rows[decision][author][method]);
    return row == NULL ? 0 : counter_read(&row->by_status[tally_status_index(status)]);
}

Test(tally, tells_who_answered_and_what_was_decided)
{
    static const struct {
        enum verdict_kind kind;
        bool is_judged, is_local;
        unsigned status;
        uint64_t first_byte_us;
        enum tally_decision decision;
        enum tally_author author;
    } cases[] = {
        {VERDICT_FORWARD, true, false, 200, 9, TALLY_FORWARD, TALLY_BY_UPSTREAM},
        {VERDICT_FORWARD, true, false, 405, 9, TALLY_FORWARD, TALLY_BY_UPSTREAM},
        {VERDICT_FORWARD, true, true, 502, 9, TALLY_FORWARD, TALLY_BY_GATEWAY},
        {VERDICT_FORWARD, true, false, 499, 0, TALLY_FORWARD, TALLY_BY_NOBODY},
        {VERDICT_REFUSE, true, true, 405, 9, TALLY_REFUSE, TALLY_BY_GATEWAY},
        {VERDICT_ANSWER, true, true, 200, 9, TALLY_ANSWER, TALLY_BY_GATEWAY},
        {VERDICT_REFUSE, false, true, 400, 9, TALLY_INVALID, TALLY_BY_GATEWAY},
    };
    struct tally *tally = make_tally();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict = forward;
        struct record record = make_record();
        verdict.kind = cases[i].kind;
        record.verdict = cases[i].is_judged ? &verdict : NULL;
        record.is_local = cases[i].is_local;
        record.status = cases[i].status;
        record.first_byte_us = cases[i].first_byte_us;
        tally_count(tally, &record);
        const char *upstream = cases[i].is_judged ? "app" : "";
        const char *route = cases[i].is_judged ? "orders" : "";
        cr_assert_eq(count_of(tally, upstream, route, cases[i].decision, cases[i].author,
                              METHOD_GET, cases[i].status),
                     1, "case %zu", i);
    }
    tally_destroy(tally);
}

/* A token of a client's own making is never a label. */
Test(tally, knows_registered_methods_and_counts_the_rest_as_other)
{
    static const struct {
        enum method method;
        unsigned index;
        const char *label;
    } cases[] = {
        {METHOD_GET, METHOD_GET, "GET"},
        {METHOD_VERSION_CONTROL, METHOD_VERSION_CONTROL, "VERSION-CONTROL"},
        {METHOD_EXTENSION_FIRST, METHOD_REGISTERED_COUNT, "other"},
        {METHOD_UNKNOWN, METHOD_REGISTERED_COUNT, "other"},
    };
    struct tally *tally = make_tally();
    uint64_t others = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict = forward;
        struct record record = make_record();
        verdict.method = cases[i].method;
        record.verdict = &verdict;
        tally_count(tally, &record);
        others += cases[i].index == METHOD_REGISTERED_COUNT;
        cr_assert_eq(
            count_of(tally, "app", "orders", TALLY_FORWARD, TALLY_BY_UPSTREAM, cases[i].index, 200),
            cases[i].index == METHOD_REGISTERED_COUNT ? others : 1);
        cr_assert(slice_equal(tally_method_label(cases[i].index), slice_of(cases[i].label)));
    }
    struct record record = make_record();
    record.verdict = NULL;
    record.method = SLICE("BREW");
    tally_count(tally, &record);
    cr_assert_eq(
        count_of(tally, "", "", TALLY_INVALID, TALLY_BY_UPSTREAM, METHOD_REGISTERED_COUNT, 200), 1);
    tally_destroy(tally);
}

Test(tally, has_a_label_for_every_status)
{
    struct tally *tally = make_tally();
    for (unsigned status = 100; status < 600; status++) {
        struct record record = make_record();
        record.status = status;
        tally_count(tally, &record);
    }
    uint64_t sum = 0;
    for (unsigned index = 0; index < TALLY_STATUS_COUNT; index++) {
        char text[8];
        struct writer label = writer_make(text, sizeof text);
        tally_write_status(&label, index);
        cr_assert_eq(label.length, 3u);
        const struct tally_route *route = find(tally, "app", "orders");
        const struct tally_row *row =
            atomic_load(&route->rows[TALLY_FORWARD][TALLY_BY_UPSTREAM][METHOD_GET]);
        uint64_t count = counter_read(&row->by_status[index]);
        bool is_class = text[1] == 'x';
        cr_assert(is_class ? count > 1 : count == 1, "%.3s: %u", text, (unsigned)count);
        sum += count;
    }
    cr_assert_eq(sum, 500u);
    tally_destroy(tally);
}

Test(tally, puts_a_duration_into_the_bucket_that_holds_it)
{
    static const struct {
        uint64_t duration_us;
        unsigned bucket;
    } cases[] = {{0, 0},         {100, 0},       {101, 1},        {1000, 3},
                 {60000000, 17}, {60000001, 18}, {UINT64_MAX, 18}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tally *tally = make_tally();
        struct record record = make_record();
        record.duration_us = cases[i].duration_us;
        tally_count(tally, &record);
        cr_assert_eq(atomic_load(&tally->upstream_count), 2u);
        const struct tally_histogram *duration = &tally->upstreams[1]->duration;
        cr_assert_eq(counter_read(&duration->buckets[cases[i].bucket]), 1, "case %zu", i);
        cr_assert_eq(counter_read(&duration->sum_us), cases[i].duration_us);
        tally_destroy(tally);
    }
}

Test(tally, measures_what_was_forwarded_and_no_tunnels)
{
    struct tally *tally = make_tally();
    struct verdict refusal = forward;
    refusal.kind = VERDICT_REFUSE;
    struct record record = make_record();
    record.verdict = &refusal;
    record.is_local = true;
    record.status = 405;
    tally_count(tally, &record);
    record = make_record();
    record.status = 101;
    tally_count(tally, &record);
    cr_assert_eq(atomic_load(&tally->upstream_count), 1u);
    cr_assert_eq(counter_read(&tally->ends[REASON_COMPLETE]), 2);
    cr_assert_eq(counter_read(&tally->received_bytes), 6);
    cr_assert_eq(counter_read(&tally->sent_bytes), 84);
    tally_destroy(tally);
}

/* What a route has counted goes on under its name, wherever it stands in the next policy. */
Test(tally, survives_another_policy)
{
    struct tally *tally = make_tally();
    struct record record = make_record();
    tally_count(tally, &record);
    struct policy_route moved[] = {
        {.index = 0, .name = SLICE("new"), .upstream = &upstreams[0]},
        {.index = 1, .name = SLICE("orders"), .upstream = &upstreams[0]}};
    struct policy next = policy;
    next.routes = moved;
    tally_install(tally, &next);
    struct verdict verdict = forward;
    verdict.route = &moved[1];
    record.policy = &next;
    record.verdict = &verdict;
    tally_count(tally, &record);
    /* One that began under the old policy ends now. */
    record = make_record();
    tally_count(tally, &record);
    cr_assert_eq(
        count_of(tally, "app", "orders", TALLY_FORWARD, TALLY_BY_UPSTREAM, METHOD_GET, 200), 3);
    cr_assert_null(find(tally, "app", "new"));
    tally_destroy(tally);
}

static struct record record_of_route(struct policy_route *route, struct verdict *verdict,
                                     char name[16], unsigned number)
{
    snprintf(name, 16, "route-%u", number);
    *route = (struct policy_route){.name = slice_of(name), .upstream = &upstreams[0]};
    *verdict = forward;
    verdict->route = route;
    struct record record = make_record();
    record.verdict = verdict;
    return record;
}

Test(tally, counts_routes_beyond_the_limit_as_other)
{
    enum { MORE = 7 };
    struct tally *tally = make_tally();
    struct policy other = policy; /* not the one that is installed: each is looked up by name */
    for (unsigned i = 0; i < TALLY_ROUTES_MAX + MORE; i++) {
        char name[16];
        struct policy_route route;
        struct verdict verdict;
        struct record record = record_of_route(&route, &verdict, name, i);
        record.policy = &other;
        tally_count(tally, &record);
    }
    cr_assert_eq(atomic_load(&tally->route_count), TALLY_ROUTES_MAX + 1u);
    cr_assert_eq(
        count_of(tally, "other", "other", TALLY_FORWARD, TALLY_BY_UPSTREAM, METHOD_GET, 200), MORE);
    cr_assert_eq(
        count_of(tally, "app", "route-1023", TALLY_FORWARD, TALLY_BY_UPSTREAM, METHOD_GET, 200), 1);
    tally_destroy(tally);
}

/* A client that sends every method to every route does not make the memory grow without end. */
Test(tally, bounds_its_rows)
{
    struct tally *tally = make_tally();
    struct policy other = policy; /* not the one that is installed: each is looked up by name */
    uint64_t requests = 0;
    for (unsigned i = 0; i < 500; i++) {
        char name[16];
        struct policy_route route;
        struct verdict verdict;
        struct record record = record_of_route(&route, &verdict, name, i);
        record.policy = &other;
        for (unsigned method = 0; method < METHOD_REGISTERED_COUNT; method++) {
            verdict.method = (enum method)method;
            tally_count(tally, &record);
            requests++;
        }
    }
    cr_assert_leq(tally->row_count, TALLY_ROWS_MAX + METHOD_REGISTERED_COUNT);
    uint64_t sum = 0;
    for (unsigned i = 0; i < atomic_load(&tally->route_count); i++) {
        for (unsigned method = 0; method < TALLY_METHOD_COUNT; method++) {
            sum += count_of(tally, tally->routes[i]->upstream, tally->routes[i]->route,
                            TALLY_FORWARD, TALLY_BY_UPSTREAM, method, 200);
        }
    }
    cr_assert_eq(sum, requests);
    tally_destroy(tally);
}

Test(tally, adds_up_what_several_workers_counted)
{
    struct tally *first = make_tally();
    struct tally *second = make_tally();
    struct record record = make_record();
    tally_count(first, &record);
    tally_count(second, &record);
    struct verdict verdict = forward;
    verdict.upstream = &upstreams[1];
    verdict.route = &routes[1];
    record.verdict = &verdict;
    tally_count(second, &record);
    struct tally *sum = tally_create(2);
    cr_assert_not_null(sum);
    tally_add(sum, first);
    tally_add(sum, second);
    cr_assert_eq(count_of(sum, "app", "orders", TALLY_FORWARD, TALLY_BY_UPSTREAM, METHOD_GET, 200),
                 2);
    cr_assert_eq(
        count_of(sum, "files", "reports", TALLY_FORWARD, TALLY_BY_UPSTREAM, METHOD_GET, 200), 1);
    cr_assert_eq(counter_read(&sum->ends[REASON_COMPLETE]), 3);
    cr_assert_eq(counter_read(&sum->sent_bytes), 126);
    cr_assert_eq(counter_read(&sum->upstreams[1]->first_byte.sum_us), 2400);
    tally_destroy(sum);
    tally_destroy(first);
    tally_destroy(second);
}

enum { THREAD_REQUESTS = 20000 };

static void *count_many(void *argument)
{
    struct record record = make_record();
    for (unsigned i = 0; i < THREAD_REQUESTS; i++) {
        record.status = 100 + i % 500;
        tally_count(argument, &record);
    }
    return NULL;
}

Test(tally, is_read_while_it_is_written)
{
    struct tally *tally = make_tally();
    pthread_t thread;
    uint64_t before = 0;
    cr_assert_eq(pthread_create(&thread, NULL, count_many, tally), 0);
    for (unsigned i = 0; i < 50; i++) {
        struct tally *sum = tally_create(1);
        cr_assert_not_null(sum);
        tally_add(sum, tally);
        uint64_t now = counter_read(&sum->ends[REASON_COMPLETE]);
        cr_assert(now >= before && now <= THREAD_REQUESTS);
        before = now;
        tally_destroy(sum);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(counter_read(&tally->ends[REASON_COMPLETE]), THREAD_REQUESTS);
    tally_destroy(tally);
}
