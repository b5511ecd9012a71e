#include "options.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>

static const struct schema_option *find_row(const struct config_section *section, const char *key)
{
    const struct schema_option *option = schema_find(section->kind, slice_of(key));
    assert(option != NULL);
    return option;
}

const struct config_entry *options_entry(const struct config_section *section, const char *key)
{
    return document_entry(section, find_row(section, key));
}

bool options_sets(const struct config_section *section, const char *key)
{
    const struct schema_option *option = find_row(section, key);
    return !schema_is_inherited(option, section->kind) || document_entry(section, option) != NULL;
}

const struct config_entry *options_required(struct builder *builder,
                                            const struct config_section *section, const char *key)
{
    const struct schema_option *option = find_row(section, key);
    const struct config_entry *entry = document_entry(section, option);
    if (entry == NULL && !section->has_refused_line) {
        struct diagnostic place = document_at_section(section, DIAGNOSTIC_ERROR);
        char hint[128];
        snprintf(hint, sizeof hint, "for example %s = %s", key, option->example);
        diagnostics_add(builder->diagnostics, &place, hint, "[%s %.*s] needs the key \"%s\"",
                        schema_section_name(section->kind), SLICE_PRINT(section->name), key);
    }
    return entry;
}

void options_refuse(struct builder *builder, const struct config_entry *entry, struct slice part,
                    const char *problem, const char *hint)
{
    char choices_text[128];
    struct writer choices = writer_make(choices_text, sizeof choices_text);
    schema_write_choices(&choices, entry->option);
    struct diagnostic place = document_at_part(entry, part, DIAGNOSTIC_ERROR);
    diagnostics_add(builder->diagnostics, &place, hint, "bad value for \"%s\": %s (allowed: %.*s)",
                    entry->option->key, problem, SLICE_PRINT(writer_slice(&choices)));
}

static const char *read_number(const struct schema_option *option, struct slice text,
                               uint64_t *value)
{
    uint64_t number = 0;
    unsigned mode = 0;
    const char *problem = NULL;
    bool may_be_word = option->type == SCHEMA_COUNT || option->type == SCHEMA_TIME;
    if (may_be_word && option->words != NULL && slice_equal(text, slice_of(option->words))) {
        *value = 0;
        return NULL;
    }
    switch (option->type) {
    case SCHEMA_SIZE:
        problem = schema_read_size(text, &number);
        break;
    case SCHEMA_TIME:
        problem = schema_read_time(text, &number);
        break;
    case SCHEMA_MODE:
        problem = schema_read_mode(text, &mode);
        number = mode;
        break;
    default:
        assert(option->type == SCHEMA_COUNT);
        problem = schema_read_count(text, &number);
        break;
    }
    if (problem == NULL && (number < option->least || number > option->most)) {
        return "it is out of range";
    }
    *value = number;
    return problem;
}

uint64_t options_number(struct builder *builder, const struct config_section *section,
                        const char *key)
{
    const struct schema_option *option = find_row(section, key);
    const struct config_entry *entry = document_entry(section, option);
    uint64_t value = option->least;
    if (entry != NULL) {
        const char *problem = read_number(option, entry->value, &value);
        if (problem == NULL) {
            return value;
        }
        options_refuse(builder, entry, entry->value, problem, NULL);
    }
    /* A bad value gives the default too, so that comparisons with it do not err again. */
    const char *problem = read_number(option, slice_of(option->fallback), &value);
    return problem == NULL ? value : option->least;
}

unsigned options_unsigned(struct builder *builder, const struct config_section *section,
                          const char *key)
{
    uint64_t number = options_number(builder, section, key);
    assert(number <= UINT_MAX);
    return (unsigned)number;
}

static bool find_word(const char *words, struct slice text, unsigned *index)
{
    struct slice rest = slice_of(words);
    struct slice word;
    for (unsigned i = 0; options_next_word(&rest, " ", &word); i++) {
        if (slice_equal(word, text)) {
            *index = i;
            return true;
        }
    }
    return false;
}

unsigned options_word(struct builder *builder, const struct config_section *section,
                      const char *key)
{
    const struct schema_option *option = find_row(section, key);
    const struct config_entry *entry = document_entry(section, option);
    unsigned index = 0;
    if (entry != NULL && !find_word(option->words, entry->value, &index)) {
        struct slice near = schema_nearest_word(option->words, entry->value);
        char hint[64];
        snprintf(hint, sizeof hint, "did you mean %.*s?", SLICE_PRINT(near));
        options_refuse(builder, entry, entry->value, "there is no such choice",
                       near.length > 0 ? hint : NULL);
    } else if (entry == NULL) {
        bool is_word = find_word(option->words, slice_of(option->fallback), &index);
        assert(is_word);
        (void)is_word;
    }
    return index;
}

struct slice options_text(const struct config_section *section, const char *key)
{
    const struct schema_option *option = find_row(section, key);
    const struct config_entry *entry = document_entry(section, option);
    return entry != NULL ? entry->value : slice_of(option->fallback);
}

struct slice options_copy(struct builder *builder, struct slice text)
{
    struct slice copy = arena_copy(&builder->policy->arena, text);
    builder->is_out_of_memory |= copy.data == NULL;
    return copy;
}

bool options_next_word(struct slice *rest, const char *separators, struct slice *word)
{
    size_t start = 0;
    while (start < rest->length && strchr(separators, rest->data[start]) != NULL) {
        start++;
    }
    size_t end = start;
    while (end < rest->length && strchr(separators, rest->data[end]) == NULL) {
        end++;
    }
    *word = slice_make(rest->data + start, end - start);
    *rest = slice_after(*rest, end);
    return end > start;
}

struct rule_source options_section_source(const struct config_section *section)
{
    return (struct rule_source){section->file->policy_path, section->line};
}

struct rule_source options_source(const struct config_entry *entry)
{
    if (entry == NULL) {
        return (struct rule_source){NULL, 0};
    }
    return (struct rule_source){entry->file->policy_path, entry->line};
}
