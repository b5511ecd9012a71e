/* The readings under which paths are judged: `path-readings`. */
#include "build.h"

#include "methods.h"
#include "options.h"

#include <stdio.h>

static const struct {
    const char *word;
    unsigned readings;
} words[] = {
    {"all", PATH_READING_ALL},       {"written", 0},
    {"normal", PATH_READING_NORMAL}, {"lenient", PATH_READING_LENIENT},
    {"case", PATH_READING_CASE},     {"slash", PATH_READING_SLASH},
};

static bool find_word(struct slice word, unsigned *readings)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_equal(slice_of(words[i].word), word)) {
            *readings = words[i].readings;
            return true;
        }
    }
    return false;
}

static void refuse_word(struct builder *builder, const struct config_entry *entry,
                        struct slice word)
{
    char hint[64];
    struct slice near = schema_nearest_word("all written normal lenient case slash", word);
    snprintf(hint, sizeof hint, "did you mean %.*s?", SLICE_PRINT(near));
    options_refuse(builder, entry, word,
                   "it is none of all, written, normal, lenient, case and slash",
                   near.length > 0 ? hint : NULL);
}

unsigned build_path_readings(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "path-readings");
    struct slice rest = options_text(section, "path-readings");
    struct slice word;
    unsigned added = 0;
    unsigned removed = 0;
    bool adds = false;
    bool is_taken_away;
    while (methods_next_word(&rest, &word, &is_taken_away)) {
        unsigned readings;
        if (!find_word(word, &readings)) {
            refuse_word(builder, entry, word);
            return PATH_READING_ALL;
        }
        if (is_taken_away && (readings == 0 || readings == PATH_READING_ALL)) {
            options_refuse(builder, entry, word, "a path is always judged as it is written", NULL);
            return PATH_READING_ALL;
        }
        adds |= !is_taken_away;
        *(is_taken_away ? &removed : &added) |= readings;
    }
    if (!adds) {
        options_refuse(builder, entry, entry->value, "it names no reading",
                       "to leave one out, write all -case");
    }
    return added & ~removed;
}
