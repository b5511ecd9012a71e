/* Reads files into a document: sections and keys are looked up in the schema, includes are
 * followed, variables filled in. What values mean is left to build.c. */
#include "verbgate/config/load.h"

#include "build.h"
#include "document.h"
#include "effective.h"
#include "include.h"
#include "load_document.h"
#include "variables.h"
#include "verbgate/config/ini.h"

#include <limits.h>
#include <stdio.h>

enum { HINT_BYTES = 256, KEYS_BYTES = 4096 };

/* One file on its way into the document. */
struct reading {
    struct include_context *context;
    struct config_file *file;
    struct config_section *section; /* NULL: before the first section */
    bool is_skipping;               /* a section that was refused: its keys are passed over */
};

static struct diagnostic place_at(const struct reading *reading, const struct ini_item *item,
                                  unsigned column, size_t width)
{
    struct diagnostic place = document_at_file(reading->file, DIAGNOSTIC_ERROR);
    place.line = item->line;
    place.line_text = item->line_text;
    place.column = column;
    place.width = width == 0 ? 1 : (unsigned)width;
    return place;
}

static void refuse_kind(struct reading *reading, const struct ini_item *item)
{
    struct diagnostic place = place_at(reading, item, item->section_column, item->section.length);
    char hint[HINT_BYTES];
    const char *near = schema_section_suggest(item->section);
    if (near != NULL) {
        snprintf(hint, sizeof hint, "did you mean [%s]?", near);
    } else {
        snprintf(hint, sizeof hint,
                 "there are [gateway], [listener NAME], [upstream NAME] and [route NAME]");
    }
    diagnostics_add(reading->context->diagnostics, &place, hint, "unknown section [%.*s]",
                    SLICE_PRINT(item->section));
}

static const char *name_problem(enum schema_section kind, struct slice name)
{
    if (kind == SCHEMA_GATEWAY) {
        return name.length == 0 ? NULL : "[gateway] has no name: it occurs once";
    }
    if (name.length == 0) {
        return "the section needs a name";
    }
    if (name.length > CONFIG_NAME_MAX) {
        return "the section's name is longer than 64 bytes";
    }
    for (size_t i = 0; i < name.length; i++) {
        char c = ascii_lower(name.data[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.')) {
            return "a section's name has letters, digits, '-', '_' and '.' only";
        }
    }
    return NULL;
}

static bool check_name(struct reading *reading, const struct ini_item *item,
                       enum schema_section kind)
{
    const char *problem = name_problem(kind, item->name);
    if (problem == NULL) {
        return true;
    }
    struct diagnostic place = place_at(reading, item, item->name_column, item->name.length);
    char hint[HINT_BYTES] = "write [gateway]";
    if (kind != SCHEMA_GATEWAY) {
        snprintf(hint, sizeof hint, "for example [%s main]", schema_section_name(kind));
    }
    diagnostics_add(reading->context->diagnostics, &place, hint, "%s", problem);
    return false;
}

static unsigned section_limit(enum schema_section kind)
{
    switch (kind) {
    case SCHEMA_LISTENER:
        return POLICY_LISTENERS_MAX;
    case SCHEMA_UPSTREAM:
        return POLICY_UPSTREAMS_MAX;
    case SCHEMA_ROUTE:
        return POLICY_ROUTES_MAX;
    case SCHEMA_GATEWAY:
        break;
    }
    return UINT_MAX; /* a second one is refused by its name, the empty one */
}

/* Of the sections above a limit the first is reported and all are passed over. */
static bool check_limit(struct reading *reading, const struct ini_item *item,
                        enum schema_section kind)
{
    unsigned *count = &reading->context->section_counts[kind];
    unsigned limit = section_limit(kind);
    if (*count < limit) {
        (*count)++;
        return true;
    }
    if (*count == limit) {
        (*count)++;
        struct diagnostic place =
            place_at(reading, item, item->section_column, item->section.length);
        diagnostics_add(reading->context->diagnostics, &place, NULL,
                        "a configuration has at most %u sections [%s]", limit,
                        schema_section_name(kind));
    }
    return false;
}

static void read_section(struct reading *reading, const struct ini_item *item)
{
    enum schema_section kind;
    reading->section = NULL;
    reading->is_skipping = true;
    if (!schema_section_find(item->section, &kind)) {
        refuse_kind(reading, item);
        reading->context->document->has_refused_section = true;
        return;
    }
    if (!check_name(reading, item, kind) || !check_limit(reading, item, kind)) {
        reading->context->document->has_refused_section = true;
        return;
    }
    struct config_section section = {.kind = kind,
                                     .name = item->name,
                                     .file = reading->file,
                                     .line = item->line,
                                     .column = item->section_column,
                                     .index = reading->context->section_counts[kind] - 1,
                                     .line_text = item->line_text};
    reading->section = document_add_section(reading->context->document, &section);
    reading->is_skipping = reading->section == NULL;
    reading->context->is_out_of_memory |= reading->section == NULL;
}

static void refuse_outside(struct reading *reading, const struct ini_item *item)
{
    struct diagnostic place = place_at(reading, item, item->name_column, item->name.length);
    bool is_gateway = schema_find(SCHEMA_GATEWAY, item->name) != NULL;
    diagnostics_add(reading->context->diagnostics, &place,
                    is_gateway ? "write [gateway] on a line above it"
                               : "keys follow the line of their [section]",
                    "the key \"%.*s\" stands outside a section", SLICE_PRINT(item->name));
}

/* The section, if any, in which `key` would have been right. */
static enum schema_section section_of_key(struct slice key)
{
    for (unsigned kind = SCHEMA_GATEWAY; kind <= SCHEMA_ROUTE; kind *= 2) {
        if (schema_find((enum schema_section)kind, key) != NULL) {
            return (enum schema_section)kind;
        }
    }
    return (enum schema_section)0;
}

/* A slip in a key that belongs elsewhere: "implement" in a route. */
static bool hint_at_other_section(struct slice key, char *hint, size_t size)
{
    for (unsigned kind = SCHEMA_GATEWAY; kind <= SCHEMA_ROUTE; kind *= 2) {
        const char *near = schema_suggest((enum schema_section)kind, key);
        if (near != NULL) {
            snprintf(hint, size, "did you mean \"%s\"? It belongs in [%s]", near,
                     schema_section_name((enum schema_section)kind));
            return true;
        }
    }
    return false;
}

/* Nothing like the key exists: these do. */
static void list_keys(enum schema_section section, char *hint, size_t size)
{
    struct writer writer = writer_make(hint, size - 1);
    writer_format(&writer, "[%s] has", schema_section_name(section));
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if ((option->sections & section) != 0) {
            writer_byte(&writer, ' ');
            writer_string(&writer, option->key);
        }
    }
    hint[writer.length] = '\0';
}

static void refuse_key(struct reading *reading, const struct ini_item *item)
{
    struct diagnostic place = place_at(reading, item, item->name_column, item->name.length);
    enum schema_section kind = reading->section->kind;
    char hint[KEYS_BYTES] = "";
    const char *near = schema_suggest(kind, item->name);
    enum schema_section other = section_of_key(item->name);
    if (near != NULL && slice_equal_ignoring_case(slice_of(near), item->name)) {
        snprintf(hint, sizeof hint, "keys are lower case: write \"%s\"", near);
    } else if (other != 0) {
        snprintf(hint, sizeof hint, "it belongs in [%s]", schema_section_name(other));
    } else if (near != NULL) {
        snprintf(hint, sizeof hint, "did you mean \"%s\"?", near);
    } else if (!hint_at_other_section(item->name, hint, sizeof hint)) {
        list_keys(kind, hint, sizeof hint);
    }
    diagnostics_add(reading->context->diagnostics, &place, hint, "unknown key \"%.*s\" in [%s]",
                    SLICE_PRINT(item->name), schema_section_name(kind));
}

static bool check_first(struct reading *reading, const struct ini_item *item,
                        const struct schema_option *option)
{
    const struct config_entry *first = document_entry(reading->section, option);
    if (option->repeats || first == NULL) {
        return true;
    }
    struct diagnostic place = place_at(reading, item, item->name_column, item->name.length);
    char hint[HINT_BYTES];
    snprintf(hint, sizeof hint, "the first is in line %u; keep one of them", first->line);
    diagnostics_add(reading->context->diagnostics, &place, hint,
                    "\"%s\" is given twice in this section", option->key);
    return false;
}

/* Takes the backslashes out of a quoted value. */
static void unescape(struct slice value, struct writer *writer)
{
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == '\\' && i + 1 < value.length) {
            i++;
        }
        writer_byte(writer, value.data[i]);
    }
}

static void refuse_variable(struct reading *reading, const struct config_entry *entry,
                            const struct variables_problem *problem)
{
    struct diagnostic place = document_at_part(entry, problem->part, DIAGNOSTIC_ERROR);
    struct slice name = problem->name;
    if (name.length == 0) {
        diagnostics_add(reading->context->diagnostics, &place,
                        "a \"${\" that is meant as text is written \"$${\"", "%s",
                        problem->sentence);
        return;
    }
    char hint[HINT_BYTES] = "";
    if (problem->is_unset) {
        snprintf(hint, sizeof hint, "set it, or write a default: ${%.*s:-...}", SLICE_PRINT(name));
    }
    diagnostics_add(reading->context->diagnostics, &place, hint,
                    "the environment variable \"%.*s\" %s", SLICE_PRINT(name), problem->sentence);
}

/* Fills in entry->value: a view of the line, or a copy when escapes or variables are in it. */
static bool read_value(struct reading *reading, const struct ini_item *item,
                       struct config_entry *entry)
{
    char plain_text[INI_LINE_MAX];
    char full_text[INI_LINE_MAX];
    struct writer plain = writer_make(plain_text, sizeof plain_text);
    struct writer full = writer_make(full_text, sizeof full_text);
    entry->value = item->value;
    if (item->has_escapes) {
        unescape(item->value, &plain);
        entry->value = writer_slice(&plain);
    }
    if (variables_occur(entry->value)) {
        struct variables_problem problem;
        if (!variables_expand(entry->value, reading->context->environment, &full, &problem)) {
            refuse_variable(reading, entry, &problem);
            entry->value = item->value; /* not a view of what ends here */
            return false;
        }
        entry->value = writer_slice(&full);
        entry->value = item->is_quoted ? entry->value : slice_trim(entry->value);
    } else if (!item->has_escapes) {
        return true;
    }
    entry->value = arena_copy(&reading->context->document->arena, entry->value);
    reading->context->is_out_of_memory |= entry->value.data == NULL;
    return entry->value.data != NULL;
}

static void read_pair(struct reading *reading, const struct ini_item *item)
{
    struct config_entry entry = {.file = reading->file,
                                 .line = item->line,
                                 .line_text = item->line_text,
                                 .key = item->name,
                                 .value_column = item->value_column,
                                 .value_width = item->value_width};
    if (slice_equal(item->name, SLICE("include"))) {
        if (read_value(reading, item, &entry)) {
            include_follow(reading->context, &entry);
        }
        return;
    }
    if (reading->is_skipping) {
        return;
    }
    if (reading->section == NULL) {
        refuse_outside(reading, item);
        return;
    }
    entry.option = schema_find(reading->section->kind, item->name);
    if (entry.option == NULL) {
        refuse_key(reading, item);
        return;
    }
    if (check_first(reading, item, entry.option) && read_value(reading, item, &entry) &&
        !document_add_entry(reading->context->document, reading->section, &entry)) {
        reading->context->is_out_of_memory = true;
    }
}

/* Reads a pair, and lets its section know when it was refused. */
static void read_pair_of_section(struct reading *reading, const struct ini_item *item)
{
    unsigned errors = reading->context->diagnostics->error_count;
    struct config_section *section = reading->section;
    read_pair(reading, item);
    if (section != NULL && reading->context->diagnostics->error_count > errors) {
        section->has_refused_line = true;
    }
}

static void refuse_line(struct reading *reading, const struct ini_item *item)
{
    struct diagnostic place = place_at(reading, item, item->error_column, 1);
    diagnostics_add(reading->context->diagnostics, &place, NULL, "%s", item->error);
    /* A broken section line ends the section before it, as a good one would have. */
    if (slice_starts_with(slice_trim(item->line_text), SLICE("["))) {
        reading->section = NULL;
        reading->is_skipping = true;
        reading->context->document->has_refused_section = true;
    } else if (reading->section != NULL) {
        reading->section->has_refused_line = true;
    }
}

/* After as many errors as are kept nobody learns from more, so reading ends there. */
static void read_items(struct include_context *context, struct config_file *file)
{
    struct reading reading = {.context = context, .file = file};
    struct ini_reader reader;
    struct ini_item item;
    ini_start(&reader, file->text);
    while (!context->is_out_of_memory && !diagnostics_is_full(context->diagnostics)) {
        ini_next(&reader, &item);
        switch (item.kind) {
        case INI_SECTION:
            read_section(&reading, &item);
            break;
        case INI_PAIR:
            read_pair_of_section(&reading, &item);
            break;
        case INI_ERROR:
            refuse_line(&reading, &item);
            break;
        case INI_END:
            return;
        }
    }
}

bool load_document(struct config_document *document, const char *path, const struct slice *text,
                   const struct config_environment *environment, struct diagnostics *diagnostics)
{
    struct include_context context = {.document = document,
                                      .environment = environment,
                                      .diagnostics = diagnostics,
                                      .read_items = read_items};
    include_main(&context, path, text);
    if (context.is_out_of_memory || !document_index(document)) {
        build_report_memory(document, diagnostics);
        return false;
    }
    return !context.is_unreadable && !diagnostics_is_full(diagnostics);
}

/* `text` NULL: the environment reads it. `effective` NULL: nobody wants to see it; *is_written tells
 * whether it took all. */
static struct policy *load(const char *path, const struct slice *text,
                           const struct config_environment *environment,
                           struct diagnostics *diagnostics, const struct sink *effective,
                           bool *is_written)
{
    struct config_document document;
    document_init(&document);
    struct policy *policy = NULL;
    if (load_document(&document, path, text, environment, diagnostics)) {
        policy = build_policy(&document, environment, diagnostics);
    }
    if (policy != NULL && effective != NULL) {
        *is_written = effective_write(&document, effective);
    }
    diagnostics_sort(diagnostics);
    document_finish(&document);
    return policy;
}

struct policy *config_load(const char *path, const struct config_environment *environment,
                           struct diagnostics *diagnostics)
{
    return load(path, NULL, environment, diagnostics, NULL, NULL);
}

struct policy *config_load_text(const char *path, struct slice text,
                                const struct config_environment *environment,
                                struct diagnostics *diagnostics)
{
    return load(path, &text, environment, diagnostics, NULL, NULL);
}

bool config_write_effective(const char *path, const struct config_environment *environment,
                            struct diagnostics *diagnostics, const struct sink *sink)
{
    bool is_written = false;
    struct policy *policy = load(path, NULL, environment, diagnostics, sink, &is_written);
    policy_release(policy);
    return is_written;
}
