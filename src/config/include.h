/* Opens the files of a configuration: the main one, and those that an include names. */
#ifndef VERBGATE_CONFIG_INCLUDE_H
#define VERBGATE_CONFIG_INCLUDE_H

#include "document.h"
#include "verbgate/config/load.h"

/* What all files of one load share. */
struct include_context {
    struct config_document *document;
    const struct config_environment *environment;
    struct diagnostics *diagnostics;
    unsigned section_counts[SCHEMA_ROUTE + 1]; /* by enum schema_section */
    bool is_out_of_memory;
    bool is_unreadable; /* the main file was not read */
    /* Reads the lines of an opened file into the document; may come back to include_follow. */
    void (*read_items)(struct include_context *context, struct config_file *file);
};

/* Opens and reads the main file; `text` may be NULL: then the environment reads it. */
void include_main(struct include_context *context, const char *path, const struct slice *text);

/* The value of `entry` as seen from the directory of its file: NUL-terminated, in `arena`, or NULL when
 * memory is short. */
MUST_CHECK const char *include_path(struct arena *arena, const struct config_entry *entry);

/* Opens and reads every file that the value of `entry` names. */
void include_follow(struct include_context *context, const struct config_entry *entry);

#endif
