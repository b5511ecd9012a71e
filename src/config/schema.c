#include "schema_tables.h"

#include <assert.h>

/* In the order of the reference, within each section. */
static const struct schema_table *const tables[] = {
    &schema_gateway,  &schema_observation, &schema_observe,     &schema_admin,
    &schema_listener, &schema_upstream,    &schema_route,       &schema_limits,
    &schema_methods,  &schema_answers,     &schema_translation,
};

enum { TABLE_COUNT = sizeof tables / sizeof tables[0] };

static const struct {
    enum schema_section section;
    const char *name;
} sections[] = {
    {SCHEMA_GATEWAY, "gateway"},
    {SCHEMA_LISTENER, "listener"},
    {SCHEMA_UPSTREAM, "upstream"},
    {SCHEMA_ROUTE, "route"},
};

enum { SECTION_COUNT = sizeof sections / sizeof sections[0] };

const struct schema_option *schema_option_at(size_t index)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (index < tables[i]->count) {
            return &tables[i]->rows[index];
        }
        index -= tables[i]->count;
    }
    return NULL;
}

const char *schema_fallback(const struct schema_option *option, enum schema_section section)
{
    bool is_inherited = section != SCHEMA_GATEWAY && (option->sections & SCHEMA_GATEWAY) != 0;
    return is_inherited ? "" : option->fallback;
}

/* Looked up many times for each section, and there may be 65,536: the first byte decides mostly. */
static bool is_row(const struct schema_option *option, enum schema_section section,
                   struct slice key)
{
    return option->key[0] == key.data[0] && (option->sections & section) != 0 &&
           slice_equal(slice_of(option->key), key);
}

const struct schema_option *schema_find(enum schema_section section, struct slice key)
{
    for (size_t i = 0; key.length > 0 && i < TABLE_COUNT; i++) {
        for (size_t row = 0; row < tables[i]->count; row++) {
            if (is_row(&tables[i]->rows[row], section, key)) {
                return &tables[i]->rows[row];
            }
        }
    }
    return NULL;
}

const char *schema_section_name(enum schema_section section)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (sections[i].section == section) {
            return sections[i].name;
        }
    }
    assert(false); /* all of them stand in the table */
    return "";
}

bool schema_section_find(struct slice name, enum schema_section *section)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (slice_equal(slice_of(sections[i].name), name)) {
            *section = sections[i].section;
            return true;
        }
    }
    return false;
}

/* How far `candidate` is from what was written: 0 when only the case differs, above `limit` when
 * nobody would mix them up. One error in a word of up to four letters, two in a longer one. */
static unsigned distance_of(struct slice candidate, struct slice written, unsigned limit)
{
    if (slice_equal_ignoring_case(candidate, written)) {
        return 0;
    }
    if (candidate.length >= 4 && slice_starts_with(written, candidate)) {
        return 2; /* "warning" for "warn" */
    }
    unsigned tolerance = candidate.length <= 4 ? 1 : 2;
    tolerance = tolerance < limit ? tolerance : limit;
    unsigned distance = slice_distance(candidate, written, tolerance);
    return distance > tolerance ? limit + 1 : distance;
}

enum { FAR = 3 };

const char *schema_suggest(enum schema_section section, struct slice key)
{
    const char *nearest = NULL;
    unsigned best = FAR;
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) == 0) {
            continue;
        }
        unsigned distance = distance_of(slice_of(option->key), key, FAR - 1);
        if (distance < best) {
            best = distance;
            nearest = option->key;
        }
    }
    return nearest;
}

const char *schema_section_suggest(struct slice name)
{
    const char *nearest = NULL;
    unsigned best = FAR;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        unsigned distance = distance_of(slice_of(sections[i].name), name, FAR - 1);
        if (distance < best) {
            best = distance;
            nearest = sections[i].name;
        }
    }
    return nearest;
}

struct slice schema_nearest_word(const char *words, struct slice word)
{
    struct slice nearest = SLICE("");
    unsigned best = FAR;
    struct slice rest = slice_of(words);
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        struct slice candidate = slice_make(rest.data, end);
        rest = slice_after(rest, end < rest.length ? end + 1 : end);
        unsigned distance = distance_of(candidate, word, FAR - 1);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}
