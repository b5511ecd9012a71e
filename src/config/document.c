#include "document.h"

#include "verbgate/config/load.h"

#include <stdlib.h>

void document_init(struct config_document *document)
{
    *document = (struct config_document){.implicit_gateway = {.kind = SCHEMA_GATEWAY}};
    arena_init(&document->arena, CONFIG_ARENA_MAX);
}

void document_finish(struct config_document *document)
{
    arena_finish(&document->arena);
}

struct config_file *document_add_file(struct config_document *document,
                                      const struct config_file *file)
{
    struct config_file *copy = arena_take(&document->arena, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *file;
    copy->order = document->file_count++;
    if (document->last_file == NULL) {
        document->first_file = copy;
    } else {
        document->last_file->next = copy;
    }
    document->last_file = copy;
    return copy;
}

struct config_section *document_add_section(struct config_document *document,
                                            const struct config_section *section)
{
    struct config_section *copy = arena_take(&document->arena, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *section;
    copy->order = document->section_count++;
    if (document->last_section == NULL) {
        document->first_section = copy;
    } else {
        document->last_section->next = copy;
    }
    document->last_section = copy;
    return copy;
}

bool document_add_entry(struct config_document *document, struct config_section *section,
                        const struct config_entry *entry)
{
    struct config_entry *copy = arena_take(&document->arena, sizeof *copy);
    if (copy == NULL) {
        return false;
    }
    *copy = *entry;
    if (section->last_entry == NULL) {
        section->first_entry = copy;
    } else {
        section->last_entry->next = copy;
    }
    section->last_entry = copy;
    return true;
}

static int compare_names(enum schema_section kind, struct slice name,
                         const struct config_section *section)
{
    if (kind != section->kind) {
        return kind < section->kind ? -1 : 1;
    }
    if (name.length != section->name.length) {
        return name.length < section->name.length ? -1 : 1;
    }
    return name.length == 0 ? 0 : memcmp(name.data, section->name.data, name.length);
}

static int compare_sections(const void *left, const void *right)
{
    const struct config_section *a = *(const struct config_section *const *)left;
    const struct config_section *b = *(const struct config_section *const *)right;
    int order = compare_names(a->kind, a->name, b);
    if (order != 0) {
        return order;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

bool document_index(struct config_document *document)
{
    const struct config_section **all =
        arena_take_array(&document->arena, document->section_count, sizeof(void *));
    if (all == NULL) {
        return false;
    }
    unsigned count = 0;
    for (const struct config_section *section = document->first_section; section != NULL;
         section = section->next) {
        all[count++] = section;
    }
    qsort(all, count, sizeof(void *), compare_sections);
    document->by_name = all;
    return true;
}

const struct config_section *document_find(const struct config_document *document,
                                           enum schema_section kind, struct slice name)
{
    /* The first of equals: the lowest position whose section is not before (kind, name). */
    unsigned low = 0;
    unsigned high = document->section_count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (compare_names(kind, name, document->by_name[middle]) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == document->section_count || compare_names(kind, name, document->by_name[low]) != 0) {
        return NULL;
    }
    return document->by_name[low];
}

const struct config_section *document_gateway(const struct config_document *document)
{
    const struct config_section *written =
        document_find(document, SCHEMA_GATEWAY, slice_make(NULL, 0));
    return written != NULL ? written : &document->implicit_gateway;
}

static const struct config_entry *find_from(const struct config_entry *entry,
                                            const struct schema_option *option)
{
    while (entry != NULL && entry->option != option) {
        entry = entry->next;
    }
    return entry;
}

const struct config_entry *document_entry(const struct config_section *section,
                                          const struct schema_option *option)
{
    return find_from(section->first_entry, option);
}

const struct config_entry *document_next_entry(const struct config_entry *entry)
{
    return find_from(entry->next, entry->option);
}

struct diagnostic document_at_file(const struct config_file *file,
                                   enum diagnostic_severity severity)
{
    return (struct diagnostic){
        .severity = severity, .file = slice_of(file->path), .file_order = file->order};
}

struct diagnostic document_at_section(const struct config_section *section,
                                      enum diagnostic_severity severity)
{
    struct diagnostic place = document_at_file(section->file, severity);
    place.line = section->line;
    place.line_text = section->line_text;
    place.column = section->column;
    size_t length = strlen(schema_section_name(section->kind));
    if (section->name.length > 0) {
        /* Both words, and the space that stands between them in the file. */
        length = (size_t)(section->name.data + section->name.length - section->line_text.data) + 1 -
                 section->column;
    }
    place.width = (unsigned)length;
    return place;
}

static struct diagnostic at_line(const struct config_entry *entry,
                                 enum diagnostic_severity severity)
{
    struct diagnostic place = document_at_file(entry->file, severity);
    place.line = entry->line;
    place.line_text = entry->line_text;
    return place;
}

struct diagnostic document_at_key(const struct config_entry *entry,
                                  enum diagnostic_severity severity)
{
    struct diagnostic place = at_line(entry, severity);
    place.column = (unsigned)(entry->key.data - entry->line_text.data) + 1;
    place.width = (unsigned)entry->key.length;
    return place;
}

struct diagnostic document_at_value(const struct config_entry *entry,
                                    enum diagnostic_severity severity)
{
    if (entry->value_width == 0) {
        return document_at_key(entry, severity); /* there is nothing to underline */
    }
    struct diagnostic place = at_line(entry, severity);
    place.column = entry->value_column;
    place.width = entry->value_width;
    return place;
}

struct diagnostic document_at_part(const struct config_entry *entry, struct slice part,
                                   enum diagnostic_severity severity)
{
    uintptr_t line = (uintptr_t)entry->line_text.data;
    uintptr_t from = (uintptr_t)part.data;
    bool is_in_line = from >= line && from + part.length <= line + entry->line_text.length;
    if (!is_in_line || part.length == 0) {
        return document_at_value(entry, severity);
    }
    struct diagnostic place = at_line(entry, severity);
    place.column = (unsigned)(from - line) + 1;
    place.width = (unsigned)part.length;
    return place;
}
