/* What is changed about requests for legacy backends. */
#include "build.h"

#include "methods.h"
#include "options.h"
#include "verbgate/http/token.h"

#include <assert.h>

/* A method whose content is sent to be processed can be sent as POST. The safe methods cannot,
 * since nobody may cache or repeat a POST, and a HEAD's answer would get content. */
static const enum method never_as_post[] = {METHOD_GET, METHOD_HEAD, METHOD_OPTIONS, METHOD_TRACE,
                                            METHOD_POST};

static void refuse_post(struct builder *builder, const struct config_entry *entry,
                        struct slice method)
{
    char hint[128] = "name methods that change something, such as PATCH PUT DELETE";
    char problem[64];
    struct writer writer = writer_make(problem, sizeof problem - 1);
    writer_put(&writer, method);
    writer_literal(&writer, " cannot be sent as POST");
    problem[writer.length] = '\0';
    options_refuse(builder, entry, entry->value, problem, hint);
}

/* Every member is known by its name, which the override field repeats. */
static void read_send_as_post(struct builder *builder, const struct config_section *section,
                              struct policy_translation *translation)
{
    const struct config_entry *entry = options_entry(section, "send-as-post");
    struct methods_list list;
    if (entry == NULL || !methods_read(builder, entry, &list)) {
        return;
    }
    if (list.set.any) {
        refuse_post(builder, entry, SLICE("\"*\""));
        return;
    }
    for (size_t i = 0; i < sizeof never_as_post / sizeof never_as_post[0]; i++) {
        if (method_set_has(&list.set, never_as_post[i])) {
            refuse_post(builder, entry, method_name(never_as_post[i]));
            return;
        }
    }
    translation->send_as_post = list.set;
}

void build_warn_post(struct builder *builder, const struct config_section *section,
                     const struct policy_upstream *upstream)
{
    const struct config_entry *entry = options_entry(section, "send-as-post");
    if (entry == NULL || method_set_has(&upstream->implements, METHOD_POST)) {
        return;
    }
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_WARNING);
    diagnostics_add(builder->diagnostics, &place, NULL,
                    "these are sent as POST, which [upstream %.*s] does not implement",
                    SLICE_PRINT(upstream->name));
}

static const char *spelling_problem(const struct field_spellings *spellings, struct slice name)
{
    if (!token_is_valid(name)) {
        return "it has a character that no field name has";
    }
    for (unsigned i = 0; i < spellings->count; i++) {
        if (slice_equal_ignoring_case(spellings->names[i], name)) {
            return "the same name stands here before";
        }
    }
    return spellings->count < TRANSLATION_SPELLINGS_MAX ? NULL : "there are more than 32 names";
}

static void read_spellings(struct builder *builder, const struct config_section *section,
                           struct policy_translation *translation)
{
    const struct config_entry *entry = options_entry(section, "field-names");
    if (entry == NULL) {
        return;
    }
    struct arena *arena = &builder->policy->arena;
    struct field_spellings *spellings = arena_take_array(arena, 1, sizeof *spellings);
    struct slice *names = arena_take_array(arena, TRANSLATION_SPELLINGS_MAX, sizeof names[0]);
    if (spellings == NULL || names == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    *spellings = (struct field_spellings){.names = names};
    struct slice rest = entry->value;
    struct slice word;
    while (options_next_word(&rest, " \t,", &word)) {
        const char *problem = spelling_problem(spellings, word);
        if (problem != NULL) {
            options_refuse(builder, entry, word, problem, NULL);
            return;
        }
        names[spellings->count++] = options_copy(builder, word);
    }
    translation->spellings = spellings->count > 0 ? spellings : NULL;
}

void build_translation(struct builder *builder, const struct config_section *section,
                       struct policy_translation *translation)
{
    /* The words of the table stand in the order of these enums. */
    if (options_sets(section, "override-fields")) {
        translation->override_fields =
            (enum override_fields)options_word(builder, section, "override-fields");
    }
    if (options_sets(section, "odd-names")) {
        translation->odd_names = (enum odd_names)options_word(builder, section, "odd-names");
    }
    if (section->kind != SCHEMA_ROUTE && options_sets(section, "trailers")) {
        translation->passes_trailers = options_word(builder, section, "trailers") == 1;
    }
    if (options_sets(section, "buffer-request")) {
        translation->buffer_request =
            (enum buffer_request)options_word(builder, section, "buffer-request");
    }
    if (options_sets(section, "buffer-memory")) {
        translation->buffer_memory = options_number(builder, section, "buffer-memory");
    }
    if (options_sets(section, "buffer-max")) {
        translation->buffer_max = options_number(builder, section, "buffer-max");
        translation->buffer_max_source = options_source(options_entry(section, "buffer-max"));
    }
    if (section->kind != SCHEMA_GATEWAY) {
        read_send_as_post(builder, section, translation);
        read_spellings(builder, section, translation);
    }
}
