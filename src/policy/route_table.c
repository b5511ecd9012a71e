#include "verbgate/policy/route_table.h"

#include "verbgate/policy/host_name.h"

#include <assert.h>

/*
 * Two open-addressing indexes of one kind, one over hosts and one over the paths of all hosts. They
 * are at most half full, so a probe ends after a step or two whatever a request asks for; the keys
 * come from the operator's file, never from a peer.
 *
 * Hashes are FNV-1a, which can be looked at after each byte: one pass over a path gives the hash of
 * every prefix. Hosts are hashed from the end, so that one pass gives every suffix.
 */
struct slot {
    uint32_t tag;   /* upper half of the hash */
    uint32_t entry; /* index + 1; 0: the slot is free */
};

struct index {
    struct slot *slots;
    uint32_t mask; /* capacity - 1; the capacity is a power of two */
};

static const uint64_t hash_start = 0xcbf29ce484222325;

static inline uint64_t hash_byte(uint64_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 0x100000001b3;
}

/* Spreads a hash over all its bits, together with the number of the key's owner. */
static inline uint64_t hash_finish(uint64_t hash, uint32_t owner)
{
    hash ^= owner * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93;
    return hash ^ hash >> 32;
}

/* A walk over the slots that may hold the key of a hash. */
struct probe {
    const struct index *index;
    uint32_t position;
    uint32_t tag;
};

static inline struct probe probe_start(const struct index *index, uint64_t hash)
{
    return (struct probe){index, (uint32_t)hash & index->mask, (uint32_t)(hash >> 32)};
}

/* The next entry whose tag is right, or false at a free slot, on which the probe then stands. */
static inline bool probe_next(struct probe *probe, uint32_t *entry)
{
    for (;;) {
        const struct slot *slot = &probe->index->slots[probe->position];
        if (slot->entry == 0) {
            return false;
        }
        probe->position = (probe->position + 1) & probe->index->mask;
        if (slot->tag == probe->tag) {
            *entry = slot->entry - 1;
            return true;
        }
    }
}

/* Puts an entry on the free slot where its probe ended. */
static void index_put(struct index *index, const struct probe *probe, uint32_t entry)
{
    index->slots[probe->position] = (struct slot){.tag = probe->tag, .entry = entry + 1};
}

static bool index_make(struct index *index, struct arena *arena, uint32_t count)
{
    uint32_t capacity = 2;
    while (capacity < count * 2) {
        capacity *= 2;
    }
    index->slots = arena_take_array(arena, capacity, sizeof *index->slots);
    index->mask = capacity - 1;
    return index->slots != NULL;
}

/* The path of a pattern. `text` is "/exact", or "/a/b" for the prefix "/a/b/" + "*". */
struct path {
    struct slice text;
    struct route_match match;
    uint32_t owner; /* which host, and whether it is a prefix: see path_owner */
};

/* A host that patterns name. `name` is "api.example.com", ".example.com" for a wildcard (no exact
 * host starts with a dot), or empty for host 0, which stands for any host. */
struct host {
    struct slice name;
    uint64_t depths; /* of its prefixes: bit d stands for a prefix of d segments */
    bool has_exact;
    struct path *any_path; /* the pattern without a path, or NULL */
};

struct route_table {
    struct index host_index;
    struct index path_index;
    struct host *hosts;
    uint32_t host_count;    /* >= 1 */
    struct path *paths;     /* as many and in the same order as the patterns */
    size_t path_bytes;      /* the longest of their texts */
    unsigned depth_count;   /* 1 + the segments of the deepest prefix; 0: no prefixes */
    unsigned wildcard_dots; /* of the longest wildcard's name; 0: no wildcards */
};

/* A prefix of d segments is bit d of host.depths. */
_Static_assert(POLICY_PATH_DEPTH_MAX <= 64, "a prefix's depth must be a bit of 64");

static inline uint32_t path_owner(uint32_t host, bool is_prefix)
{
    return host * 2 + is_prefix;
}

static inline uint64_t hash_backwards(struct slice name)
{
    uint64_t hash = hash_start;
    for (size_t i = name.length; i-- > 0;) {
        hash = hash_byte(hash, name.data[i]);
    }
    return hash;
}

/* The number of the host with this name, or host_count; *probe then stands where it would be. */
static uint32_t find_host(const struct route_table *table, struct slice name, uint64_t hash,
                          struct probe *probe)
{
    uint32_t number;
    *probe = probe_start(&table->host_index, hash_finish(hash, 0));
    while (probe_next(probe, &number)) {
        if (slice_equal(table->hosts[number].name, name)) {
            return number;
        }
    }
    return table->host_count;
}

static struct path *find_path(const struct route_table *table, uint32_t owner, struct slice text,
                              uint64_t hash, struct probe *probe)
{
    uint32_t number;
    *probe = probe_start(&table->path_index, hash_finish(hash, owner));
    while (probe_next(probe, &number)) {
        struct path *path = &table->paths[number];
        if (path->owner == owner && slice_equal(path->text, text)) {
            return path;
        }
    }
    return NULL;
}

static struct route_table *make_table(struct arena *arena, const struct route_pattern *patterns,
                                      uint32_t count)
{
    struct route_table *table = arena_take(arena, sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    uint32_t hosts_max = 1;
    for (uint32_t i = 0; i < count; i++) {
        hosts_max += patterns[i].host.length > 0;
    }
    table->hosts = arena_take_array(arena, hosts_max, sizeof *table->hosts);
    table->paths = arena_take_array(arena, count, sizeof *table->paths);
    table->host_count = 1;
    bool made = table->hosts != NULL && table->paths != NULL &&
                index_make(&table->host_index, arena, hosts_max) &&
                index_make(&table->path_index, arena, count);
    return made ? table : NULL;
}

/* Finds or adds the host of a pattern. False: no memory. */
static bool add_host(struct route_table *table, struct arena *arena, struct slice host,
                     uint32_t *number)
{
    *number = 0;
    if (host.length == 0) {
        return true;
    }
    char canonical[HOST_NAME_CANONICAL_MAX];
    bool is_wildcard = host.data[0] == '*';
    struct slice name = is_wildcard ? slice_after(host, 1) : host_name_canonical(host, canonical);
    struct probe probe;
    *number = find_host(table, name, hash_backwards(name), &probe);
    if (*number < table->host_count) {
        return true;
    }
    struct slice copy = arena_copy(arena, name);
    if (copy.data == NULL) {
        return false;
    }
    table->hosts[*number].name = copy;
    index_put(&table->host_index, &probe, *number);
    table->host_count++;
    unsigned dots = 0;
    for (size_t i = 0; is_wildcard && i < name.length; i++) {
        dots += name.data[i] == '.';
    }
    table->wildcard_dots = dots > table->wildcard_dots ? dots : table->wildcard_dots;
    return true;
}

static void note_prefix(struct route_table *table, struct host *host, struct slice text)
{
    unsigned depth = 0;
    for (size_t i = 0; i < text.length; i++) {
        depth += text.data[i] == '/';
    }
    assert(depth < POLICY_PATH_DEPTH_MAX); /* policy_path_problem has seen to it */
    host->depths |= (uint64_t)1 << depth;
    table->depth_count = depth + 1 > table->depth_count ? depth + 1 : table->depth_count;
}

/* Enters the path of a pattern under its host. Returns the equal one that is there already, or
 * NULL. */
static struct path *add_path(struct route_table *table, uint32_t host_number, struct path *path)
{
    struct host *host = &table->hosts[host_number];
    if (path->text.length == 0) {
        struct path *before = host->any_path;
        host->any_path = before == NULL ? path : before;
        return before;
    }
    bool is_prefix = path->text.data[path->text.length - 1] == '*';
    path->text.length -= is_prefix ? 2 : 0;
    path->owner = path_owner(host_number, is_prefix);

    uint64_t hash = hash_start;
    for (size_t i = 0; i < path->text.length; i++) {
        hash = hash_byte(hash, path->text.data[i]);
    }
    struct probe probe;
    struct path *before = find_path(table, path->owner, path->text, hash, &probe);
    if (before != NULL) {
        return before;
    }
    index_put(&table->path_index, &probe, (uint32_t)(path - table->paths));
    if (path->text.length > table->path_bytes) {
        table->path_bytes = path->text.length;
    }
    if (is_prefix) {
        note_prefix(table, host, path->text);
    } else {
        host->has_exact = true;
    }
    return NULL;
}

/* Enters a pattern. Returns false when memory is short; *before is an equal one, or NULL. */
static bool add_pattern(struct route_table *table, struct arena *arena,
                        const struct route_pattern *pattern, uint32_t number, struct path **before)
{
    uint32_t host;
    struct path *path = &table->paths[number];
    path->match = (struct route_match){.route = pattern->route, .number = number};
    path->text = arena_copy(arena, pattern->path);
    if (path->text.data == NULL || !add_host(table, arena, pattern->host, &host)) {
        return false;
    }
    *before = add_path(table, host, path);
    return true;
}

enum { PATTERNS_MAX = 1 << 24 }; /* far above any file, far below overflow */

/* A table of all patterns, where equal ones are each other's twins; the first two of these are told, else 0 and 0. NULL:
 * there is no memory. */
static struct route_table *build(struct arena *arena, const struct route_pattern *patterns,
                                 unsigned count, unsigned *first, unsigned *second)
{
    *first = *second = 0;
    struct route_table *table = count <= PATTERNS_MAX ? make_table(arena, patterns, count) : NULL;
    for (uint32_t i = 0; table != NULL && i < count; i++) {
        struct path *before;
        if (!add_pattern(table, arena, &patterns[i], i, &before)) {
            return NULL;
        }
        if (before != NULL) {
            table->paths[i].match.twin = before->match.twin;
            before->match.twin = &table->paths[i].match;
            if (*second == 0) {
                *first = (unsigned)(before - table->paths);
                *second = i;
            }
        }
    }
    return table;
}

struct route_table *route_table_build(struct arena *arena, const struct route_pattern *patterns,
                                      unsigned count, unsigned *first, unsigned *second)
{
    struct route_table *table = build(arena, patterns, count, first, second);
    return *second == 0 ? table : NULL;
}

struct route_table *route_table_build_folded(struct arena *arena,
                                             const struct route_pattern *patterns, unsigned count)
{
    unsigned first;
    unsigned second;
    return build(arena, patterns, count, &first, &second);
}

/* The segment boundaries of a path, as deep as the table has prefixes. */
struct boundaries {
    unsigned count;
    size_t ends[POLICY_PATH_DEPTH_MAX]; /* boundary d ends the prefix of d segments */
    uint64_t hashes[POLICY_PATH_DEPTH_MAX];
    bool is_whole; /* `hash` is of the whole path; else it is longer than any pattern */
    uint64_t hash;
};

static inline void find_boundaries(const struct route_table *table, struct slice path,
                                   struct boundaries *boundaries)
{
    uint64_t hash = hash_start;
    unsigned count = 0;
    size_t i = 0;
    for (;; i++) {
        bool is_end = i == path.length;
        if (count < table->depth_count && (is_end || path.data[i] == '/')) {
            boundaries->ends[count] = i;
            boundaries->hashes[count] = hash;
            count++;
        }
        if (is_end || i == table->path_bytes) {
            break;
        }
        hash = hash_byte(hash, path.data[i]);
    }
    boundaries->count = count;
    boundaries->is_whole = i == path.length;
    boundaries->hash = hash;
}

static const struct route_match *find_in_host(const struct route_table *table, uint32_t host_number,
                                              struct slice path,
                                              const struct boundaries *boundaries)
{
    const struct host *host = &table->hosts[host_number];
    const struct path *found = NULL;
    struct probe probe;
    if (host->has_exact && boundaries->is_whole) {
        found = find_path(table, path_owner(host_number, false), path, boundaries->hash, &probe);
    }
    uint64_t depths = host->depths;
    if (boundaries->count < 64) {
        depths &= ((uint64_t)1 << boundaries->count) - 1;
    }
    while (found == NULL && depths != 0) {
        unsigned depth = 63 - (unsigned)__builtin_clzll(depths);
        found = find_path(table, path_owner(host_number, true),
                          slice_make(path.data, boundaries->ends[depth]), boundaries->hashes[depth],
                          &probe);
        depths &= ~((uint64_t)1 << depth);
    }
    found = found == NULL ? host->any_path : found;
    return found == NULL ? NULL : &found->match;
}

/* A host of a request, in lower case, without a trailing dot: "example.com." is the same name. */
enum { HOST_BYTES_MAX = 255 };

/* The hosts of patterns that a name is one of, the shortest wildcard first, the exact one last. Returns how many. */
static unsigned find_hosts(const struct route_table *table, struct slice host,
                           uint32_t candidates[HOST_BYTES_MAX + 1])
{
    char name[HOST_BYTES_MAX];
    unsigned count = 0;
    unsigned dots = 0;
    uint64_t hash = hash_start;
    struct probe probe;
    for (size_t i = host.length; i-- > 0;) {
        name[i] = ascii_lower(host.data[i]);
        hash = hash_byte(hash, name[i]);
        bool is_exact = i == 0;
        bool is_wildcard = name[i] == '.' && dots++ < table->wildcard_dots;
        if (is_exact || is_wildcard) {
            struct slice tail = slice_make(name + i, host.length - i);
            candidates[count] = find_host(table, tail, hash, &probe);
            count += candidates[count] < table->host_count;
        }
    }
    return count;
}

/* Tries the exact host, then its wildcards, the longest first. */
static const struct route_match *find_by_name(const struct route_table *table, struct slice host,
                                              struct slice path,
                                              const struct boundaries *boundaries)
{
    uint32_t candidates[HOST_BYTES_MAX + 1];
    unsigned count = find_hosts(table, host, candidates);
    while (count-- > 0) {
        const struct route_match *match = find_in_host(table, candidates[count], path, boundaries);
        if (match != NULL) {
            return match;
        }
    }
    return NULL;
}

/* A name that starts with a dot is no name, and must not be taken for a wildcard's. */
static bool may_be_named(const struct route_table *table, struct slice host)
{
    bool is_name = host.length > 0 && host.length <= HOST_BYTES_MAX && host.data[0] != '.';
    return is_name && table->host_count > 1;
}

bool route_table_names_host(const struct route_table *table, struct slice host)
{
    char canonical[HOST_NAME_CANONICAL_MAX];
    uint32_t candidates[HOST_BYTES_MAX + 1];
    host = host_name_canonical(host, canonical);
    return may_be_named(table, host) && find_hosts(table, host, candidates) > 0;
}

const struct route_match *route_table_match(const struct route_table *table, struct slice host,
                                            struct slice path)
{
    struct boundaries boundaries;
    find_boundaries(table, path, &boundaries);
    char canonical[HOST_NAME_CANONICAL_MAX];
    host = host_name_canonical(host, canonical);
    if (may_be_named(table, host)) {
        const struct route_match *match = find_by_name(table, host, path, &boundaries);
        if (match != NULL) {
            return match;
        }
    }
    return find_in_host(table, 0, path, &boundaries);
}

const struct policy_route *route_table_find(const struct route_table *table, struct slice host,
                                            struct slice path)
{
    const struct route_match *match = route_table_match(table, host, path);
    return match == NULL ? NULL : match->route;
}
