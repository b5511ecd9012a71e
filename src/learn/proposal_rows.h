/* The evidence in rows, sorted, each with the path pattern that it speaks for. */
#ifndef VERBGATE_LEARN_PROPOSAL_ROWS_H
#define VERBGATE_LEARN_PROPOSAL_ROWS_H

#include "verbgate/learn/evidence.h"

struct proposal_row {
    const struct evidence *evidence;
    struct slice host;   /* empty where hosts do not matter */
    struct slice prefix; /* "/orders" of a prefix of whole segments, "" of all paths */
    bool is_exact;       /* `prefix` is the whole path */
    bool has_path;       /* false: it says nothing about a resource */
    bool is_gathered;    /* the prefix stands for many names in one folder */
};

/* Whether the method is there, as far as this evidence goes. */
bool proposal_is_success(const struct evidence *evidence);

/* A row for each entry, sorted by upstream, host, path, method and status, with folders of many names
 * gathered. For the caller to free; NULL: out of memory. */
MUST_CHECK struct proposal_row *proposal_rows_make(const struct evidence_table *table,
                                                   bool with_hosts);

/* Whether both speak for the same pattern of the same host and upstream. */
bool proposal_rows_match(const struct proposal_row *a, const struct proposal_row *b);

/* Sorts by upstream, method and status. */
void proposal_rows_sort_by_method(struct proposal_row *rows, unsigned count);

/* Whether `path` lies below `prefix`. */
bool proposal_is_below(struct slice path, struct slice prefix);

/* An order of texts in which what lies below a prefix follows it at once. */
int proposal_compare_paths(struct slice a, struct slice b);

#endif
