/* An outside that lives in memory: files and variables of one test. */
#ifndef VERBGATE_TEST_MEMORY_ENVIRONMENT_H
#define VERBGATE_TEST_MEMORY_ENVIRONMENT_H

#include "verbgate/config/load.h"

#include <fnmatch.h>

struct memory_file {
    const char *path;
    const char *text;
};

struct memory_variable {
    const char *name;
    const char *value;
};

/* Both tables end with an entry of NULL; files are sorted by path. */
struct memory_environment {
    const struct memory_file *files;
    const struct memory_variable *variables;
};

static inline const char *memory_read_file(void *context, const char *path, struct arena *arena,
                                           struct slice *text)
{
    const struct memory_environment *memory = context;
    for (const struct memory_file *file = memory->files; file->path != NULL; file++) {
        if (strcmp(file->path, path) == 0) {
            /* A copy of exactly the text's size, so that a read past its end is seen. */
            char *copy = arena_take(arena, strlen(file->text));
            memcpy(copy, file->text, strlen(file->text));
            *text = slice_make(copy, strlen(file->text));
            return NULL;
        }
    }
    return "no such file or directory";
}

static inline const char *memory_find_files(void *context, const char *pattern,
                                            void (*each)(void *each_context, const char *path),
                                            void *each_context)
{
    const struct memory_environment *memory = context;
    if (strstr(pattern, "forbidden") != NULL) {
        return "permission denied";
    }
    for (const struct memory_file *file = memory->files; file->path != NULL; file++) {
        if (fnmatch(pattern, file->path, FNM_PATHNAME) == 0) {
            each(each_context, file->path);
        }
    }
    return NULL;
}

static inline const char *memory_get_variable(void *context, const char *name)
{
    const struct memory_environment *memory = context;
    for (const struct memory_variable *variable = memory->variables; variable->name != NULL;
         variable++) {
        if (strcmp(variable->name, name) == 0) {
            return variable->value;
        }
    }
    return NULL;
}

static const struct memory_file no_files[] = {{NULL, NULL}};
static const struct memory_variable no_variables[] = {{NULL, NULL}};
static struct memory_environment empty_memory = {no_files, no_variables};

static inline struct config_environment memory_environment_of(struct memory_environment *memory)
{
    return (struct config_environment){memory, memory_read_file, memory_find_files,
                                       memory_get_variable};
}

/* Loads a text that needs nothing of the outside. */
static inline struct policy *memory_load(const char *text, struct diagnostics *diagnostics)
{
    struct config_environment environment = memory_environment_of(&empty_memory);
    diagnostics_init(diagnostics);
    return config_load_text("gateway.ini", slice_of(text), &environment, diagnostics);
}

/* All that was reported, as a NUL-terminated text in a static buffer. */
static inline const char *memory_report(const struct diagnostics *diagnostics)
{
    static char text[2 * 1024 * 1024];
    struct writer writer = writer_make(text, sizeof text - 1);
    for (unsigned i = 0; i < diagnostics->count; i++) {
        diagnostics_write(diagnostics, i, &writer);
    }
    text[writer.length] = '\0';
    return text;
}

#endif
