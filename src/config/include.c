#include "include.h"

#include <stdio.h>

enum { HINT_BYTES = 512 };

static void refuse(struct include_context *context, const struct config_entry *entry,
                   const char *hint, const char *sentence, const char *path)
{
    struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
    diagnostics_add(context->diagnostics, &place, hint, "%s: %s", sentence, path);
}

static const char *read_text(struct include_context *context, struct config_file *file)
{
    const char *problem = context->environment->read_file(context->environment->context, file->path,
                                                          &context->document->arena, &file->text);
    if (problem == NULL && file->text.length > CONFIG_FILE_MAX) {
        return "the file is larger than 4 MiB";
    }
    return problem;
}

void include_main(struct include_context *context, const char *path, const struct slice *text)
{
    struct config_file *file =
        document_add_file(context->document, &(struct config_file){.path = path});
    if (file == NULL) {
        context->is_out_of_memory = true;
        return;
    }
    const char *problem = NULL;
    if (text == NULL) {
        problem = read_text(context, file);
    } else if (text->length > CONFIG_FILE_MAX) {
        problem = "the file is larger than 4 MiB";
    } else {
        file->text = *text;
    }
    if (problem != NULL) {
        struct diagnostic place = document_at_file(file, DIAGNOSTIC_ERROR);
        diagnostics_add(context->diagnostics, &place, NULL, "cannot read the file: %s", problem);
        context->is_unreadable = true;
        return;
    }
    context->read_items(context, file);
}

/* A file must not be read while it is being read. Names are compared as written; a file that
 * reaches itself by another name is stopped by the depth. */
static bool check_cycle(struct include_context *context, const struct config_entry *entry,
                        const char *path)
{
    for (const struct config_file *open = entry->file; open != NULL; open = open->includer) {
        if (strcmp(open->path, path) != 0) {
            continue;
        }
        char hint[HINT_BYTES] = "it is the main file";
        if (open->includer != NULL) {
            snprintf(hint, sizeof hint, "it is being read since %s:%u", open->includer->path,
                     open->included_at);
        }
        refuse(context, entry, hint, "the file includes itself", path);
        return false;
    }
    return true;
}

static bool check_limits(struct include_context *context, const struct config_entry *entry,
                         const char *path)
{
    if (entry->file->depth == CONFIG_DEPTH_MAX) {
        refuse(context, entry, NULL, "includes go deeper than 8 files", path);
        return false;
    }
    if (context->document->file_count == CONFIG_FILES_MAX) {
        refuse(context, entry, NULL, "the configuration has more than 1024 files", path);
        return false;
    }
    return true;
}

static void open_file(struct include_context *context, const struct config_entry *entry,
                      const char *path)
{
    if (!check_cycle(context, entry, path) || !check_limits(context, entry, path)) {
        return;
    }
    struct slice kept_path = arena_copy(&context->document->arena, slice_of(path));
    struct config_file *file =
        document_add_file(context->document, &(struct config_file){.path = kept_path.data,
                                                                   .depth = entry->file->depth + 1,
                                                                   .includer = entry->file,
                                                                   .included_at = entry->line});
    if (file == NULL || kept_path.data == NULL) {
        context->is_out_of_memory = true;
        return;
    }
    const char *problem = read_text(context, file);
    if (problem != NULL) {
        struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
        diagnostics_add(context->diagnostics, &place, NULL, "cannot read \"%s\": %s", path,
                        problem);
        return;
    }
    context->read_items(context, file);
}

const char *include_path(struct arena *arena, const struct config_entry *entry)
{
    struct slice pattern = entry->value;
    struct slice directory = slice_of(entry->file->path);
    while (directory.length > 0 && directory.data[directory.length - 1] != '/') {
        directory.length--;
    }
    if (slice_starts_with(pattern, SLICE("/"))) {
        directory.length = 0;
    }
    while (slice_starts_with(pattern, SLICE("./"))) {
        pattern = slice_after(pattern, 2);
    }
    size_t length = directory.length + pattern.length;
    char *text = arena_take(arena, length + 1);
    if (text == NULL) {
        return NULL;
    }
    struct writer writer = writer_make(text, length);
    writer_put(&writer, directory);
    writer_put(&writer, pattern);
    return text;
}

struct matches {
    struct include_context *context;
    const struct config_entry *entry;
};

static void on_match(void *context, const char *path)
{
    struct matches *matches = context;
    if (!matches->context->is_out_of_memory &&
        !diagnostics_is_full(matches->context->diagnostics)) {
        open_file(matches->context, matches->entry, path);
    }
}

static bool has_glob(struct slice pattern)
{
    for (size_t i = 0; i < pattern.length; i++) {
        if (strchr("*?[", pattern.data[i]) != NULL) {
            return true;
        }
    }
    return false;
}

void include_follow(struct include_context *context, const struct config_entry *entry)
{
    if (entry->value.length == 0) {
        struct diagnostic place = document_at_key(entry, DIAGNOSTIC_ERROR);
        diagnostics_add(context->diagnostics, &place, "for example include = conf.d/*.ini",
                        "the include names no file");
        return;
    }
    const char *path = include_path(&context->document->arena, entry);
    if (path == NULL) {
        context->is_out_of_memory = true;
        return;
    }
    if (!has_glob(entry->value)) {
        open_file(context, entry, path);
        return;
    }
    struct matches matches = {context, entry};
    const char *problem =
        context->environment->find_files(context->environment->context, path, on_match, &matches);
    if (problem != NULL) {
        struct diagnostic place = document_at_value(entry, DIAGNOSTIC_ERROR);
        diagnostics_add(context->diagnostics, &place, NULL, "cannot look for \"%s\": %s", path,
                        problem);
    }
}
