#include <criterion/criterion.h>

#include "verbgate/learn/evidence.h"

#include <stdio.h>

static struct evidence get(const char *path, unsigned status, uint64_t count)
{
    return (struct evidence){.upstream = SLICE("app"),
                             .host = SLICE("a.test"),
                             .method = SLICE("GET"),
                             .path = slice_of(path),
                             .status = status,
                             .count = count,
                             .first = 100,
                             .last = 100};
}

Test(evidence, adds_up_what_is_equal_and_keeps_apart_what_is_not)
{
    struct evidence_table *table = evidence_create(16);
    struct evidence one = get("/a", 200, 3);
    struct evidence later = get("/a", 200, 4);
    later.first = later.last = 200;
    struct evidence other = get("/a", 404, 1);
    struct evidence own = get("/a", 200, 1);
    own.source = EVIDENCE_GATEWAY;
    evidence_add(table, &one);
    evidence_add(table, &later);
    evidence_add(table, &other);
    evidence_add(table, &own);
    cr_assert_eq(table->count, 3);
    cr_assert_eq(table->items[0].count, 7);
    cr_assert_eq(table->items[0].first, 100);
    cr_assert_eq(table->items[0].last, 200);
    evidence_destroy(table);
}

Test(evidence, copies_its_texts_and_keeps_the_first_allow)
{
    struct evidence_table *table = evidence_create(4);
    char path[] = "/a";
    struct evidence seen = get(path, 405, 1);
    evidence_add(table, &seen);
    path[1] = 'x';
    seen = get("/a", 405, 1);
    seen.allow = SLICE("GET, PUT");
    evidence_add(table, &seen);
    seen.allow = SLICE("POST");
    evidence_add(table, &seen);
    cr_assert_eq(table->count, 1);
    cr_assert(slice_equal(table->items[0].path, SLICE("/a")));
    cr_assert(slice_equal(table->items[0].allow, SLICE("GET, PUT")));
    evidence_destroy(table);
}

Test(evidence, counts_what_finds_no_room)
{
    struct evidence_table *table = evidence_create(8);
    for (unsigned i = 0; i < 100; i++) {
        char path[16];
        snprintf(path, sizeof path, "/p%u", i);
        struct evidence seen = get(path, 200, 2);
        evidence_add(table, &seen);
    }
    uint64_t kept = 0;
    for (unsigned i = 0; i < table->count; i++) {
        kept += table->items[i].count;
    }
    cr_assert_leq(table->count, 8);
    cr_assert_eq(kept + table->overflow, 200);
    evidence_clear(table);
    cr_assert_eq(table->count + table->overflow, 0);
    struct evidence seen = get("/again", 200, 1);
    evidence_add(table, &seen);
    cr_assert_eq(table->count, 1);
    evidence_destroy(table);
}

Test(evidence, merges_two_tables)
{
    struct evidence_table *a = evidence_create(8);
    struct evidence_table *b = evidence_create(8);
    struct evidence one = get("/a", 200, 1);
    struct evidence two = get("/b", 200, 1);
    evidence_add(a, &one);
    evidence_add(b, &one);
    evidence_add(b, &two);
    b->overflow = 5;
    evidence_merge(a, b);
    cr_assert_eq(a->count, 2);
    cr_assert_eq(a->items[0].count, 2);
    cr_assert_eq(a->overflow, 5);
    evidence_destroy(a);
    evidence_destroy(b);
}
