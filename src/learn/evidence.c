#include "verbgate/learn/evidence.h"

#include <stdlib.h>

enum {
    ENTRY_TEXT_BYTES = 768, /* more than the texts of an entry need, with padding */
    SERVER_TEXT_BYTES = 512,
    /* How far a search looks: clients choose paths, and must not make it long. */
    SEARCH_MAX = 32,
};

static const uint64_t hash_start = 0xcbf29ce484222325; /* FNV-1a */

static uint64_t hash_text(uint64_t hash, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3;
    }
    return (hash ^ 0xff) * 0x100000001b3; /* no text has this byte: an end for each */
}

static uint64_t hash_entry(const struct evidence *entry)
{
    uint64_t hash = hash_text(hash_start, entry->upstream);
    hash = hash_text(hash, entry->host);
    hash = hash_text(hash, entry->method);
    hash = hash_text(hash, entry->path);
    hash ^= (uint64_t)entry->status << 8 | (uint64_t)entry->source;
    hash *= 0x9e3779b97f4a7c15;
    return hash ^ hash >> 32;
}

static bool is_same(const struct evidence *a, const struct evidence *b)
{
    return a->status == b->status && a->source == b->source && slice_equal(a->path, b->path) &&
           slice_equal(a->method, b->method) && slice_equal(a->host, b->host) &&
           slice_equal(a->upstream, b->upstream);
}

bool evidence_method_is_plain(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = ascii_lower(name.data[i]);
        bool is_letter_or_digit = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_letter_or_digit && (i == 0 || c == '\0' || strchr("-_.", c) == NULL)) {
            return false;
        }
    }
    return name.length > 0;
}

struct evidence_table *evidence_create(unsigned capacity)
{
    struct evidence_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        return NULL;
    }
    size_t slots = 64;
    while (slots < (size_t)capacity * 2) {
        slots *= 2;
    }
    arena_init(&table->arena, (size_t)capacity * ENTRY_TEXT_BYTES +
                                  (size_t)EVIDENCE_SERVERS_MAX * SERVER_TEXT_BYTES);
    table->items = calloc(capacity, sizeof *table->items);
    table->slots = calloc(slots, sizeof *table->slots);
    table->capacity = capacity;
    table->slot_mask = slots - 1;
    if (table->items == NULL || table->slots == NULL) {
        evidence_destroy(table);
        return NULL;
    }
    return table;
}

void evidence_destroy(struct evidence_table *table)
{
    if (table == NULL) {
        return;
    }
    arena_finish(&table->arena);
    free(table->items);
    free(table->slots);
    free(table);
}

void evidence_clear(struct evidence_table *table)
{
    if (table->count > 0) {
        memset(table->slots, 0, (table->slot_mask + 1) * sizeof *table->slots);
    }
    arena_finish(&table->arena);
    table->count = 0;
    table->server_count = 0;
    table->overflow = 0;
}

/* The slot of an entry, or the free one where it would stand; NULL: it is too crowded there. */
static uint32_t *find_slot(const struct evidence_table *table, const struct evidence *entry)
{
    size_t slot = (size_t)hash_entry(entry);
    for (unsigned i = 0; i < SEARCH_MAX; i++, slot++) {
        uint32_t *found = &table->slots[slot & table->slot_mask];
        if (*found == 0 || is_same(&table->items[*found - 1], entry)) {
            return found;
        }
    }
    return NULL;
}

static bool copy(struct evidence_table *table, struct slice *text)
{
    *text = arena_copy(&table->arena, *text);
    return text->data != NULL;
}

static bool insert(struct evidence_table *table, uint32_t *slot, const struct evidence *seen)
{
    if (table->count == table->capacity) {
        return false;
    }
    struct evidence entry = *seen;
    if (!copy(table, &entry.upstream) || !copy(table, &entry.host) || !copy(table, &entry.method) ||
        !copy(table, &entry.path) || !copy(table, &entry.allow)) {
        return false;
    }
    table->items[table->count++] = entry;
    *slot = table->count;
    return true;
}

static void add_to(struct evidence_table *table, struct evidence *entry,
                   const struct evidence *seen)
{
    entry->count += seen->count;
    entry->first = seen->first < entry->first ? seen->first : entry->first;
    entry->last = seen->last > entry->last ? seen->last : entry->last;
    if (entry->allow.length == 0 && seen->allow.length > 0) {
        struct slice allow = arena_copy(&table->arena, seen->allow);
        entry->allow = allow.data != NULL ? allow : entry->allow;
    }
}

void evidence_add(struct evidence_table *table, const struct evidence *seen)
{
    uint32_t *slot = find_slot(table, seen);
    if (slot != NULL && *slot != 0) {
        add_to(table, &table->items[*slot - 1], seen);
    } else if (slot == NULL || !insert(table, slot, seen)) {
        table->overflow += seen->count;
    }
}

void evidence_merge(struct evidence_table *table, const struct evidence_table *other)
{
    for (unsigned i = 0; i < other->count; i++) {
        evidence_add(table, &other->items[i]);
    }
    table->overflow += other->overflow;
}

void evidence_add_server(struct evidence_table *table, struct slice upstream, struct slice address)
{
    for (unsigned i = 0; i < table->server_count; i++) {
        if (slice_equal(table->servers[i].upstream, upstream) &&
            slice_equal(table->servers[i].address, address)) {
            return;
        }
    }
    if (table->server_count == EVIDENCE_SERVERS_MAX || upstream.length > SERVER_TEXT_BYTES / 4 ||
        address.length > SERVER_TEXT_BYTES / 2 || !copy(table, &upstream) ||
        !copy(table, &address)) {
        return;
    }
    table->servers[table->server_count++] = (struct evidence_server){upstream, address};
}

struct slice evidence_server_of(const struct evidence_table *table, struct slice upstream)
{
    for (unsigned i = 0; i < table->server_count; i++) {
        if (slice_equal(table->servers[i].upstream, upstream)) {
            return table->servers[i].address;
        }
    }
    return SLICE("");
}
