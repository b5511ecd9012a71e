#include "schema_tables.h"
#include "verbgate/base/nearest.h"

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

unsigned schema_levels_above(enum schema_section section)
{
    switch (section) {
    case SCHEMA_GATEWAY:
        return 0;
    case SCHEMA_ROUTE:
        return SCHEMA_UPSTREAM | SCHEMA_GATEWAY;
    default:
        return SCHEMA_GATEWAY;
    }
}

bool schema_is_inherited(const struct schema_option *option, enum schema_section section)
{
    return (option->sections & schema_levels_above(section)) != 0;
}

const char *schema_fallback(const struct schema_option *option, enum schema_section section)
{
    return schema_is_inherited(option, section) ? "" : option->fallback;
}

const char *schema_example(const struct schema_option *option)
{
    return option->example != NULL ? option->example : option->fallback;
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

const char *schema_suggest(enum schema_section section, struct slice key)
{
    struct nearest nearest = nearest_start(key);
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) != 0) {
            nearest_try(&nearest, slice_of(option->key));
        }
    }
    return nearest.word.data;
}

const char *schema_section_suggest(struct slice name)
{
    struct nearest nearest = nearest_start(name);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        nearest_try(&nearest, slice_of(sections[i].name));
    }
    return nearest.word.data;
}

struct slice schema_nearest_word(const char *words, struct slice word)
{
    struct nearest nearest = nearest_start(word);
    struct slice rest = slice_of(words);
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        nearest_try(&nearest, slice_make(rest.data, end));
        rest = slice_after(rest, end < rest.length ? end + 1 : end);
    }
    return nearest.word;
}
