/*
 * Evidence of what a backend can do: who answered which method, on which path, with which status, how
 * often and when. A table of bounded size: what finds no room is counted, not kept. The same table
 * holds what was observed, what an OpenAPI file declares, and what a probe found.
 */
#ifndef VERBGATE_LEARN_EVIDENCE_H
#define VERBGATE_LEARN_EVIDENCE_H

#include "verbgate/base/arena.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

/* Stands for a method that is longer or odder than a policy could name; no token has a '('. */
#define EVIDENCE_METHOD_OTHER SLICE("(other)")

enum {
    EVIDENCE_OBSERVED_MAX = 4096, /* entries that a gateway keeps */
    EVIDENCE_READ_MAX = 65536,    /* entries that are read from a file */
    EVIDENCE_SERVERS_MAX = 256,   /* addresses of backends */
    EVIDENCE_HOST_MAX = 128,
    EVIDENCE_METHOD_MAX = 32,
    EVIDENCE_ALLOW_MAX = 256,
    EVIDENCE_FROM_STATUS = 100,
    EVIDENCE_TO_STATUS = 599,
};

enum evidence_source {
    EVIDENCE_BACKEND,  /* its status */
    EVIDENCE_GATEWAY,  /* the gateway's own answer */
    EVIDENCE_DECLARED, /* no status: a description says that the method is there */
};

struct evidence {
    struct slice upstream; /* the section's name */
    struct slice host;     /* lower case, without a port; empty: any, or not worth keeping */
    struct slice method;
    struct slice path; /* observed_path.h; in declared evidence, a path pattern of a policy */
    enum evidence_source source;
    unsigned status; /* 0 when declared */
    uint64_t count;
    int64_t first, last; /* seconds since 1970 */
    struct slice allow;  /* the backend's Allow with a 405, if it was short; else empty */
};

struct evidence_server {
    struct slice upstream;
    struct slice address;
};

struct evidence_table {
    struct arena arena;
    struct evidence *items; /* in the order seen; owned */
    uint32_t *slots;        /* hash table of index + 1; owned */
    unsigned count, capacity;
    size_t slot_mask;
    uint64_t overflow; /* observations that found no room */
    int64_t since;     /* when it was begun */
    struct evidence_server servers[EVIDENCE_SERVERS_MAX];
    unsigned server_count;
};

/* Whether a policy can name a method as it is: letters, digits, '-', '_' and '.', a letter or digit
 * first. Of other tokens "*" would allow everything, "-GET" take something away, and "#X" end the line. */
bool evidence_method_is_plain(struct slice name);

/* A table for at most `capacity` entries, or NULL: out of memory. */
MUST_CHECK struct evidence_table *evidence_create(unsigned capacity);
void evidence_destroy(struct evidence_table *table); /* NULL is allowed */

/* Empties a table but for `since`. */
void evidence_clear(struct evidence_table *table);

/* Adds `seen->count` observations; texts are copied. Without room they are added to the overflow. */
void evidence_add(struct evidence_table *table, const struct evidence *seen);

/* Adds all that `other` has. */
void evidence_merge(struct evidence_table *table, const struct evidence_table *other);

/* Notes an address of an upstream, once; beyond EVIDENCE_SERVERS_MAX it is left out. */
void evidence_add_server(struct evidence_table *table, struct slice upstream, struct slice address);

/* The first address of an upstream; empty when none is known. */
struct slice evidence_server_of(const struct evidence_table *table, struct slice upstream);

#endif
