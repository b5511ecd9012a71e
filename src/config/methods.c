#include "methods.h"

#include "options.h"
#include "verbgate/http/token.h"

#include <assert.h>
#include <stdio.h>

enum { HINT_BYTES = 256 };

bool methods_next_word(struct slice *rest, struct slice *word, bool *is_taken_away)
{
    if (!options_next_word(rest, " \t,", word)) {
        return false;
    }
    *is_taken_away = word->data[0] == '-';
    if (*is_taken_away) {
        *word = slice_after(*word, 1);
    }
    return true;
}

static void complain(struct builder *builder, const struct config_entry *entry, struct slice word,
                     const char *hint, const char *problem)
{
    struct diagnostic place = document_at_part(entry, word, DIAGNOSTIC_ERROR);
    diagnostics_add(builder->diagnostics, &place, hint, "\"%.*s\": %s", SLICE_PRINT(word), problem);
}

static void check_preset(struct builder *builder, const struct config_entry *entry,
                         struct slice word)
{
    struct method_set set;
    if (method_set_preset(word, &set)) {
        return;
    }
    char names_text[HINT_BYTES / 2];
    struct writer names = writer_make(names_text, sizeof names_text - 1);
    for (const char *const *name = method_set_preset_names(); *name != NULL; name++) {
        writer_string(&names, names.length == 0 ? "" : " ");
        writer_string(&names, *name);
    }
    names_text[names.length] = '\0';
    char hint[HINT_BYTES];
    struct slice near = schema_nearest_word(names_text, word);
    if (near.length > 0) {
        snprintf(hint, sizeof hint, "did you mean %.*s?", SLICE_PRINT(near));
    } else {
        snprintf(hint, sizeof hint, "there are %s", names_text);
    }
    complain(builder, entry, word, hint, "there is no such preset");
}

/* A method outside the registry is fine, but it is more often a typing error than not. */
static void warn_unregistered(struct builder *builder, const struct config_entry *entry,
                              struct slice word)
{
    char hint[HINT_BYTES] = "";
    enum method near = method_suggest(word);
    if (near != METHOD_UNKNOWN) {
        snprintf(hint, sizeof hint, "did you mean %.*s?", SLICE_PRINT(method_name(near)));
    }
    struct diagnostic place = document_at_part(entry, word, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place, hint, "\"%.*s\" is not a registered method",
                    SLICE_PRINT(word));
}

static void check_extension(struct builder *builder, const struct config_entry *entry,
                            struct slice word)
{
    char hint[HINT_BYTES];
    enum method near = method_suggest(word);
    struct slice name = method_name(near);
    if (near != METHOD_UNKNOWN && slice_equal_ignoring_case(name, word)) {
        snprintf(hint, sizeof hint, "write %.*s", SLICE_PRINT(name));
        complain(builder, entry, word, hint, "methods are case-sensitive");
        return;
    }
    struct method_extensions *extensions = &builder->policy->extensions;
    if (method_extensions_find(extensions, word) != METHOD_UNKNOWN) {
        return;
    }
    if (word.length > METHOD_TOKEN_MAX) {
        complain(builder, entry, word, NULL, "the method is longer than 64 bytes");
    } else if (extensions->count == METHOD_EXTENSION_MAX) {
        complain(builder, entry, word, "\"*\" takes any number of them",
                 "a configuration names at most 64 unregistered methods");
    } else if (method_extensions_add(extensions, &builder->policy->arena, word) == METHOD_UNKNOWN) {
        builder->is_out_of_memory = true;
    } else {
        warn_unregistered(builder, entry, word);
    }
}

static void check_word(struct builder *builder, const struct config_entry *entry, struct slice word,
                       bool is_taken_away)
{
    if (word.length == 0) {
        complain(builder, entry, slice_make(word.data - 1, 1), "for example * -TRACE",
                 "a '-' is written right before what it takes away");
    } else if (slice_equal(word, SLICE("*"))) {
        if (is_taken_away) {
            complain(builder, entry, word, NULL, "taking away everything leaves no method");
        }
    } else if (word.data[0] == '@') {
        check_preset(builder, entry, word);
    } else if (!token_is_valid(word)) {
        complain(builder, entry, word, "methods are separated by spaces or commas",
                 "it has a character that no method has");
    } else if (method_find(word) == METHOD_UNKNOWN) {
        check_extension(builder, entry, word);
    } else if (!is_taken_away && slice_equal(word, SLICE("CONNECT"))) {
        complain(builder, entry, word, "it asks for a tunnel, and is always answered 501",
                 "the method cannot be configured");
    } else if (!is_taken_away && slice_equal(word, SLICE("PRI"))) {
        complain(builder, entry, word, "it is the preface of HTTP/2, not a request",
                 "the method cannot be configured");
    }
}

void methods_check_all(struct builder *builder)
{
    for (const struct config_section *section = builder->document->first_section; section != NULL;
         section = section->next) {
        for (const struct config_entry *entry = section->first_entry; entry != NULL;
             entry = entry->next) {
            struct slice rest = entry->value;
            struct slice word;
            bool is_taken_away;
            while (entry->option->type == SCHEMA_METHODS &&
                   !diagnostics_is_full(builder->diagnostics) &&
                   methods_next_word(&rest, &word, &is_taken_away)) {
                check_word(builder, entry, word, is_taken_away);
            }
        }
    }
}

struct method_set methods_any(const struct builder *builder)
{
    struct method_set set = {.any = false};
    bool is_preset = method_set_preset(SLICE("@all"), &set);
    assert(is_preset);
    (void)is_preset;
    for (unsigned i = 0; i < builder->policy->extensions.count; i++) {
        method_set_add(&set, (enum method)(METHOD_EXTENSION_FIRST + i));
    }
    set.any = true;
    method_set_remove(&set, METHOD_TRACE); /* it shows what the fields of a request were */
    return set;
}

/* What one word stands for; false when methods_check_all refused it. */
static bool resolve_word(const struct builder *builder, struct slice word, bool is_taken_away,
                         struct method_set *set, bool *is_named)
{
    *is_named = false;
    if (slice_equal(word, SLICE("*"))) {
        *set = methods_any(builder);
        return !is_taken_away;
    }
    if (word.length > 0 && word.data[0] == '@') {
        return method_set_preset(word, set);
    }
    enum method method = method_extensions_find(&builder->policy->extensions, word);
    if (method == METHOD_UNKNOWN ||
        (!is_taken_away && (method == METHOD_CONNECT || method == METHOD_PRI))) {
        return false;
    }
    *is_named = true;
    *set = (struct method_set){.any = false};
    method_set_add(set, method);
    return true;
}

/* A method that is taken away is away in every case: an unregistered method may be named in several. */
static void take_away_twins(const struct builder *builder, struct method_set *removed)
{
    const struct method_extensions *extensions = &builder->policy->extensions;
    for (unsigned i = 0; i < extensions->count; i++) {
        struct method_set twins = method_extensions_twins(extensions, extensions->names[i]);
        method_set_intersect(&twins, removed);
        if (!method_set_is_empty(&twins)) {
            method_set_add(removed, (enum method)(METHOD_EXTENSION_FIRST + i));
        }
    }
}

bool methods_read(struct builder *builder, const struct config_entry *entry,
                  struct methods_list *list)
{
    struct method_set added = {.any = false};
    struct method_set named = {.any = false};
    struct method_set removed = {.any = false};
    struct slice rest = entry->value;
    struct slice word;
    bool is_taken_away;
    while (methods_next_word(&rest, &word, &is_taken_away)) {
        struct method_set set;
        bool is_named;
        if (!resolve_word(builder, word, is_taken_away, &set, &is_named)) {
            return false;
        }
        method_set_unite(is_taken_away ? &removed : &added, &set);
        if (is_named && !is_taken_away) {
            method_set_unite(&named, &set);
        }
    }
    take_away_twins(builder, &removed);
    list->set = method_set_without(&added, &removed);
    list->named = method_set_without(&named, &removed);
    if (method_set_is_empty(&list->set)) {
        options_refuse(builder, entry, entry->value, "it comes to no method at all",
                       entry->value.length == 0 ? NULL
                                                : "to take away from everything, write * -METHOD");
        return false;
    }
    return true;
}
