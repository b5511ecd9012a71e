#include "proposal_rows.h"

#include "verbgate/learn/observed_path.h"
#include "verbgate/learn/proposal.h"

#include <stdlib.h>

bool proposal_is_success(const struct evidence *evidence)
{
    if (evidence->source == EVIDENCE_DECLARED) {
        return true;
    }
    bool is_fine = evidence->status == 101 || (evidence->status >= 200 && evidence->status < 400);
    return evidence->source == EVIDENCE_BACKEND && is_fine;
}

/* ---- order */

static int compare_text(struct slice a, struct slice b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

int proposal_compare_paths(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.length && i < b.length; i++) {
        if (a.data[i] != b.data[i]) {
            /* The slash comes before every other byte. */
            int left = a.data[i] == '/' ? 0 : (unsigned char)a.data[i];
            int right = b.data[i] == '/' ? 0 : (unsigned char)b.data[i];
            return left - right;
        }
    }
    return (a.length > b.length) - (a.length < b.length);
}

static int compare_methods(const struct proposal_row *a, const struct proposal_row *b)
{
    int order = compare_text(a->evidence->method, b->evidence->method);
    if (order == 0) {
        order = (int)a->evidence->source - (int)b->evidence->source;
    }
    return order != 0 ? order : (int)a->evidence->status - (int)b->evidence->status;
}

static int compare_rows(const void *left, const void *right)
{
    const struct proposal_row *a = left;
    const struct proposal_row *b = right;
    int order = compare_text(a->evidence->upstream, b->evidence->upstream);
    order = order != 0 ? order : (int)a->has_path - (int)b->has_path;
    order = order != 0 ? order : compare_text(a->host, b->host);
    order = order != 0 ? order : proposal_compare_paths(a->prefix, b->prefix);
    order = order != 0 ? order : (int)b->is_exact - (int)a->is_exact;
    return order != 0 ? order : compare_methods(a, b);
}

static int compare_by_method(const void *left, const void *right)
{
    const struct proposal_row *a = left;
    const struct proposal_row *b = right;
    int order = compare_text(a->evidence->upstream, b->evidence->upstream);
    return order != 0 ? order : compare_methods(a, b);
}

void proposal_rows_sort_by_method(struct proposal_row *rows, unsigned count)
{
    qsort(rows, count, sizeof rows[0], compare_by_method);
}

static bool is_same_host(const struct proposal_row *a, const struct proposal_row *b)
{
    return a->has_path == b->has_path && slice_equal(a->host, b->host) &&
           slice_equal(a->evidence->upstream, b->evidence->upstream);
}

bool proposal_rows_match(const struct proposal_row *a, const struct proposal_row *b)
{
    return is_same_host(a, b) && a->is_exact == b->is_exact && slice_equal(a->prefix, b->prefix);
}

bool proposal_is_below(struct slice path, struct slice prefix)
{
    return path.length > prefix.length && path.data[prefix.length] == '/' &&
           slice_starts_with(path, prefix);
}

/* ---- patterns */

/* Declared evidence has patterns already. An observed path is cut before its first star. */
static void find_pattern(struct proposal_row *row)
{
    struct slice path = row->evidence->path;
    row->has_path = path.length > 0 && path.data[0] == '/';
    row->prefix = path;
    row->is_exact = row->evidence->source == EVIDENCE_DECLARED || path.length == 1;
    size_t star = slice_find(path, '*');
    if (row->has_path && star < path.length) {
        row->prefix.length = star - 1;
        row->is_exact = false;
    }
}

static unsigned depth_of(const struct proposal_row *row)
{
    unsigned depth = 0;
    for (size_t i = 0; i < row->prefix.length; i++) {
        depth += row->prefix.data[i] == '/';
    }
    return row->is_exact ? 0 : depth;
}

static struct slice parent_of(struct slice prefix)
{
    while (prefix.data[prefix.length - 1] != '/') {
        prefix.length--;
    }
    prefix.length--;
    return prefix;
}

/* The rows below the parent of rows[first] are gathered there when they have too many names at this
 * depth. Returns how many rows there are. */
static unsigned gather_folder(struct proposal_row *rows, unsigned count, unsigned depth)
{
    struct slice parent = parent_of(rows[0].prefix);
    unsigned names = 0;
    unsigned end = 0;
    struct slice last = SLICE("");
    for (; end < count && is_same_host(&rows[0], &rows[end]) &&
           proposal_is_below(rows[end].prefix, parent);
         end++) {
        if (depth_of(&rows[end]) == depth && !slice_equal(rows[end].prefix, last)) {
            last = rows[end].prefix;
            names++;
        }
    }
    for (unsigned i = 0; i < end && names > PROPOSAL_CHILDREN_MAX; i++) {
        if (depth_of(&rows[i]) == depth) {
            rows[i].prefix = parent;
            rows[i].is_gathered = true;
        }
    }
    return end;
}

static void gather(struct proposal_row *rows, unsigned count)
{
    for (unsigned depth = OBSERVED_PATH_SEGMENTS; depth > 0; depth--) {
        unsigned i = 0;
        while (i < count) {
            bool begins = rows[i].has_path && depth_of(&rows[i]) == depth &&
                          rows[i].evidence->source != EVIDENCE_DECLARED;
            i += begins ? gather_folder(rows + i, count - i, depth) : 1;
        }
        qsort(rows, count, sizeof rows[0], compare_rows);
    }
}

struct proposal_row *proposal_rows_make(const struct evidence_table *table, bool with_hosts)
{
    struct proposal_row *rows = calloc(table->count + 1, sizeof *rows);
    if (rows == NULL) {
        return NULL;
    }
    for (unsigned i = 0; i < table->count; i++) {
        rows[i].evidence = &table->items[i];
        rows[i].host = with_hosts ? table->items[i].host : SLICE("");
        find_pattern(&rows[i]);
    }
    qsort(rows, table->count, sizeof rows[0], compare_rows);
    gather(rows, table->count);
    return rows;
}
