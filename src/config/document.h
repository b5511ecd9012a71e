/*
 * A configuration as it was read: files, sections and keys, includes followed and variables
 * filled in, before anything is known of what the values mean. load.c makes it, build.c turns it
 * into a policy. It owns all its texts, but the main file's, in one arena.
 */
#ifndef VERBGATE_CONFIG_DOCUMENT_H
#define VERBGATE_CONFIG_DOCUMENT_H

#include "verbgate/base/arena.h"
#include "verbgate/config/diagnostics.h"
#include "verbgate/config/schema.h"

struct config_file {
    const char *path; /* NUL-terminated */
    struct slice text;
    unsigned order;                     /* 0: the main file */
    unsigned depth;                     /* of includes; 0: the main file */
    const struct config_file *includer; /* NULL: the main file */
    unsigned included_at;               /* line of the include in `includer` */
    const char *policy_path;            /* copy in the policy's arena; set by build.c */
    struct config_file *next;           /* in the order they were opened */
};

/* A key with its value. */
struct config_entry {
    const struct schema_option *option;
    const struct config_file *file;
    unsigned line;
    unsigned value_column;
    unsigned value_width;
    struct slice line_text;
    struct slice key;   /* in line_text */
    struct slice value; /* in line_text, or a copy without escapes and with variables filled in */
    struct config_entry *next;
};

struct config_section {
    enum schema_section kind;
    struct slice name; /* empty for [gateway] */
    const struct config_file *file;
    unsigned line; /* 0: a [gateway] that nobody wrote */
    unsigned column;
    unsigned order; /* of all sections, in the order they were read */
    unsigned index; /* of its kind, in the same order */
    struct slice line_text;
    bool has_refused_line; /* so a key that seems to be missing may only be misspelt */
    struct config_entry *first_entry;
    struct config_entry *last_entry;
    struct config_section *next;
};

struct config_document {
    struct arena arena;
    struct config_file *first_file;
    struct config_file *last_file;
    unsigned file_count;
    struct config_section *first_section;
    struct config_section *last_section;
    unsigned section_count;
    struct config_section implicit_gateway;
    /* A section was refused, or is there twice: what seems to be missing or too much may be only
     * that, so nothing is said of it. */
    bool has_refused_section;
    /* Made by document_index: all sections by kind, name and order. */
    const struct config_section **by_name;
};

void document_init(struct config_document *document);
void document_finish(struct config_document *document);

/* Appends a copy; NULL when memory is short. */
MUST_CHECK struct config_file *document_add_file(struct config_document *document,
                                                 const struct config_file *file);
MUST_CHECK struct config_section *document_add_section(struct config_document *document,
                                                       const struct config_section *section);
MUST_CHECK bool document_add_entry(struct config_document *document, struct config_section *section,
                                   const struct config_entry *entry);

/* Makes `by_name`; false when memory is short. */
MUST_CHECK bool document_index(struct config_document *document);

/* The first section of a kind and name, or NULL. Needs the index. */
const struct config_section *document_find(const struct config_document *document,
                                           enum schema_section kind, struct slice name);

/* The [gateway] section, or an empty one. */
const struct config_section *document_gateway(const struct config_document *document);

/* The first entry of an option in a section, or NULL; then the next one, or NULL. */
const struct config_entry *document_entry(const struct config_section *section,
                                          const struct schema_option *option);
const struct config_entry *document_next_entry(const struct config_entry *entry);

/* Places for diagnostics_add. `part` is a piece of the entry's value; when the value is a copy,
 * the whole value is underlined. */
struct diagnostic document_at_file(const struct config_file *file,
                                   enum diagnostic_severity severity);
struct diagnostic document_at_section(const struct config_section *section,
                                      enum diagnostic_severity severity);
struct diagnostic document_at_key(const struct config_entry *entry,
                                  enum diagnostic_severity severity);
struct diagnostic document_at_value(const struct config_entry *entry,
                                    enum diagnostic_severity severity);
struct diagnostic document_at_part(const struct config_entry *entry, struct slice part,
                                   enum diagnostic_severity severity);

#endif
