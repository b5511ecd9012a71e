#include "proposal_routes.h"

#include "proposal_text.h"
#include "verbgate/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUTES_ARENA_MAX = 64 * 1024 * 1024, NAME_TEXT_MAX = 48 };

enum method proposal_method(struct proposal_routes *routes, struct slice name)
{
    enum method method = method_find(name);
    if (method == METHOD_CONNECT || method == METHOD_PRI || !evidence_method_is_plain(name)) {
        return METHOD_UNKNOWN;
    }
    if (method != METHOD_UNKNOWN) {
        return method;
    }
    struct slice meant = method_name(method_suggest(name));
    if (meant.length > 0 && slice_equal_ignoring_case(name, meant)) {
        return METHOD_UNKNOWN;
    }
    return method_extensions_add(&routes->extensions, &routes->arena, name);
}

bool proposal_route_stands(const struct proposal_route *route)
{
    return !method_set_is_empty(&route->methods) && !route->is_covered && !route->is_doubled;
}

/* ---- one route for the rows of one pattern */

static void fill_route(struct proposal_routes *routes, struct proposal_route *route,
                       uint64_t min_count)
{
    for (unsigned i = 0; i < route->row_count;) {
        const struct proposal_row *rows = route->rows + i;
        unsigned run = proposal_method_run(rows, route->row_count - i);
        uint64_t successes = 0;
        bool is_there = false;
        for (unsigned k = 0; k < run; k++) {
            if (proposal_is_success(rows[k].evidence)) {
                is_there = true;
                successes += rows[k].evidence->count;
            }
            route->total += rows[k].evidence->count;
        }
        bool is_enough = successes >= min_count || rows[0].evidence->source == EVIDENCE_DECLARED;
        enum method method = is_there && is_enough
                                 ? proposal_method(routes, rows[0].evidence->method)
                                 : METHOD_UNKNOWN;
        if (method != METHOD_UNKNOWN) {
            method_set_add(&route->methods, method);
        }
        i += run;
    }
    if (method_set_has(&route->methods, METHOD_GET)) {
        method_set_add(&route->methods, METHOD_HEAD);
    }
}

static void fill_routes(struct proposal_routes *routes, const struct proposal_row *rows,
                        unsigned row_count, uint64_t min_count)
{
    for (unsigned i = 0; i < row_count;) {
        unsigned end = i + 1;
        while (end < row_count && proposal_rows_match(&rows[i], &rows[end])) {
            end++;
        }
        if (rows[i].has_path) {
            struct proposal_route *route = &routes->items[routes->count++];
            *route = (struct proposal_route){.rows = rows + i, .row_count = end - i};
            fill_route(routes, route, min_count);
        }
        i = end;
    }
}

/* ---- routes that need not be there */

static bool is_equal_set(const struct method_set *a, const struct method_set *b)
{
    return a->bits[0] == b->bits[0] && a->bits[1] == b->bits[1];
}

static bool is_above(const struct proposal_route *above, const struct proposal_route *route)
{
    const struct proposal_row *row = route->rows;
    return !above->rows->is_exact && slice_equal(above->rows->host, row->host) &&
           slice_equal(above->rows->evidence->upstream, row->evidence->upstream) &&
           proposal_is_below(row->prefix, above->rows->prefix);
}

/* The routes above one stand before it, the nearest last: a stack of them is enough. */
static void cover(struct proposal_routes *routes)
{
    struct proposal_route *above[POLICY_PATH_DEPTH_MAX + 2];
    unsigned height = 0;
    for (unsigned i = 0; i < routes->count; i++) {
        struct proposal_route *route = &routes->items[i];
        while (height > 0 && !is_above(above[height - 1], route)) {
            height--;
        }
        if (!proposal_route_stands(route)) {
            continue;
        }
        bool is_observed = route->rows->evidence->source != EVIDENCE_DECLARED;
        if (height > 0 && is_observed && !route->rows->is_exact &&
            is_equal_set(&above[height - 1]->methods, &route->methods)) {
            route->is_covered = true;
            above[height - 1]->same_below++;
        } else if (height < sizeof above / sizeof above[0]) {
            above[height++] = route;
        }
    }
}

static int compare_places(const void *left, const void *right)
{
    const struct proposal_route *a = *(const struct proposal_route *const *)left;
    const struct proposal_route *b = *(const struct proposal_route *const *)right;
    int order = proposal_compare_paths(a->rows->host, b->rows->host);
    order = order != 0 ? order : proposal_compare_paths(a->rows->prefix, b->rows->prefix);
    order = order != 0 ? order : (int)a->rows->is_exact - (int)b->rows->is_exact;
    if (order == 0 && a->total != b->total) {
        order = a->total > b->total ? -1 : 1;
    }
    return order != 0 ? order : (a > b) - (a < b);
}

/* Two upstreams may have been seen for one host and path, under policies that followed each other. */
static void find_doubles(struct proposal_route **sorted, unsigned count)
{
    qsort(sorted, count, sizeof sorted[0], compare_places);
    for (unsigned i = 1; i < count; i++) {
        const struct proposal_row *one = sorted[i - 1]->rows;
        const struct proposal_row *other = sorted[i]->rows;
        sorted[i]->is_doubled = slice_equal(one->host, other->host) &&
                                slice_equal(one->prefix, other->prefix) &&
                                one->is_exact == other->is_exact;
    }
}

/* ---- names */

static bool is_name_byte(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.';
}

/* "/api/v1" is "api-v1". */
static struct slice name_of(struct proposal_routes *routes, const struct proposal_row *row)
{
    char text[NAME_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    if (row->prefix.length <= 1) {
        return row->is_exact ? SLICE("root") : SLICE("everything-else");
    }
    for (size_t i = 1; i < row->prefix.length; i++) {
        writer_byte(&writer, is_name_byte(row->prefix.data[i]) ? row->prefix.data[i] : '-');
    }
    bool is_declared = row->evidence->source == EVIDENCE_DECLARED;
    if (is_declared && !row->is_exact) {
        writer_literal(&writer, "-below");
    }
    return arena_copy(&routes->arena, writer_slice(&writer));
}

static int compare_names(const void *left, const void *right)
{
    const struct proposal_route *a = *(const struct proposal_route *const *)left;
    const struct proposal_route *b = *(const struct proposal_route *const *)right;
    int order = proposal_compare_paths(a->name, b->name);
    return order != 0 ? order : (a > b) - (a < b);
}

/* Names that are equal get a number; no name that comes from a path begins with '_'. */
static bool give_names(struct proposal_routes *routes, struct proposal_route **sorted,
                       unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sorted[i]->name = name_of(routes, sorted[i]->rows);
        if (sorted[i]->name.data == NULL) {
            return false;
        }
    }
    qsort(sorted, count, sizeof sorted[0], compare_names);
    struct slice last = SLICE("");
    for (unsigned i = 0; i < count; i++) {
        struct slice name = sorted[i]->name;
        if (slice_equal(name, last)) {
            char text[NAME_TEXT_MAX + 16];
            snprintf(text, sizeof text, "_%u_%.*s", i, SLICE_PRINT(name));
            sorted[i]->name = arena_copy(&routes->arena, slice_of(text));
        }
        last = name;
        if (sorted[i]->name.data == NULL) {
            return false;
        }
    }
    return true;
}

static unsigned list_standing(struct proposal_routes *routes, struct proposal_route **list)
{
    unsigned count = 0;
    for (unsigned i = 0; i < routes->count; i++) {
        if (proposal_route_stands(&routes->items[i])) {
            list[count++] = &routes->items[i];
        }
    }
    return count;
}

bool proposal_routes_make(struct proposal_routes *routes, const struct proposal_row *rows,
                          unsigned row_count, uint64_t min_count)
{
    *routes = (struct proposal_routes){.count = 0};
    arena_init(&routes->arena, ROUTES_ARENA_MAX);
    routes->items = calloc(row_count + 1, sizeof *routes->items);
    struct proposal_route **sorted = calloc(row_count + 1, sizeof(struct proposal_route *));
    bool fine = routes->items != NULL && sorted != NULL;
    if (fine) {
        fill_routes(routes, rows, row_count, min_count);
        find_doubles(sorted, list_standing(routes, sorted));
        cover(routes);
        fine = give_names(routes, sorted, list_standing(routes, sorted));
    }
    free(sorted);
    if (!fine) {
        proposal_routes_finish(routes);
    }
    return fine;
}

void proposal_routes_finish(struct proposal_routes *routes)
{
    free(routes->items);
    arena_finish(&routes->arena);
}
