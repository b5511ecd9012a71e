/* A folder of one test's own. */
#ifndef VERBGATE_TEST_TEMPORARY_H
#define VERBGATE_TEST_TEMPORARY_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char temporary_folder[] = "/tmp/verbgate-test-XXXXXX";

static inline void temporary_make(void)
{
    cr_assert(mkdtemp(temporary_folder) != NULL);
}

/* The path of `name` in the folder, in one of a few buffers taken in turn. */
static inline const char *temporary_path(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", temporary_folder, name);
    return path;
}

static inline void temporary_write(const char *name, const char *text)
{
    FILE *file = fopen(temporary_path(name), "w");
    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* The whole file, NUL-terminated; an empty text when there is none. */
static inline const char *temporary_read(const char *name)
{
    static char text[512 * 1024];
    FILE *file = fopen(temporary_path(name), "r");
    size_t length = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static inline void temporary_remove(const char *name)
{
    unlink(temporary_path(name));
}

/* All files must have been removed before. */
static inline void temporary_finish(void)
{
    cr_assert_eq(rmdir(temporary_folder), 0, "something is left in %s", temporary_folder);
}

#endif
