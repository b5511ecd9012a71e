/*
 * A fuzz target without libFuzzer: runs it over the files given as arguments, and over the files
 * in the folders given. Any compiler builds it, so the seeds are tested in every build.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static unsigned file_count;

static void fail(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

static void run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size);
    if (file == NULL || (data == NULL && size > 0) || fread(data, 1, size, file) != size) {
        fail(path);
    }
    fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    file_count++;
}

static void run_folder(const char *path);

static void run_path(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        fail(path);
    }
    if (S_ISDIR(status.st_mode)) {
        run_folder(path);
    } else {
        run_file(path, (size_t)status.st_size);
    }
}

static void run_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        fail(path);
    }
    for (int i = 0; i < count; i++) {
        char name[4096];
        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
            run_path(name);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argument_count, char **arguments)
{
    for (int i = 1; i < argument_count; i++) {
        run_path(arguments[i]);
    }
    printf("%u inputs\n", file_count);
    /* An empty corpus is a mistake in the build, not a success. */
    return file_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
