#include "verbgate/server/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file into the arena; files that tell no size (pipes) are not policies. */
static const char *read_open_file(int descriptor, struct arena *arena, struct slice *text)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return "not a regular file";
    }
    if (status.st_size > CONFIG_FILE_MAX) {
        return "larger than a policy file may be (4 MiB)";
    }
    size_t size = (size_t)status.st_size;
    char *bytes = arena_take(arena, size + 1);
    if (bytes == NULL) {
        return "out of memory";
    }
    size_t length = 0;
    while (length < size) {
        ssize_t count = read(descriptor, bytes + length, size - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return strerror(errno);
        }
        if (count == 0) {
            break; /* it shrank while it was read */
        }
        length += (size_t)count;
    }
    *text = slice_make(bytes, length);
    return NULL;
}

/* FNV-1a, over one more file; the NUL that ends a path keeps a path and a text apart. */
static void add_to_fingerprint(uint64_t *fingerprint, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        *fingerprint = (*fingerprint ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
    }
}

/* `context` is the fingerprint so far. */
static const char *read_file(void *context, const char *path, struct arena *arena,
                             struct slice *text)
{
    add_to_fingerprint(context, slice_make(path, strlen(path) + 1));
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return strerror(errno);
    }
    const char *problem = read_open_file(descriptor, arena, text);
    close(descriptor);
    if (problem == NULL) {
        add_to_fingerprint(context, *text);
    }
    return problem;
}

/* A folder that is not there has no files, like an empty one; any other trouble ends the search. */
static int judge_folder(const char *path, int error)
{
    (void)path;
    return error != ENOENT && error != ENOTDIR;
}

static const char *find_files(void *context, const char *pattern,
                              void (*each)(void *each_context, const char *path),
                              void *each_context)
{
    (void)context;
    glob_t found;
    int result = glob(pattern, 0, judge_folder, &found);
    if (result == GLOB_NOMATCH) {
        return NULL;
    }
    if (result != 0) {
        return result == GLOB_NOSPACE ? "out of memory" : "a folder cannot be read";
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        each(each_context, found.gl_pathv[i]);
    }
    globfree(&found);
    return NULL;
}

static const char *get_variable(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* Of real files; *fingerprint comes to stand for all that is read. */
static struct config_environment environment_of(uint64_t *fingerprint)
{
    *fingerprint = UINT64_C(0xcbf29ce484222325);
    return (struct config_environment){
        .context = fingerprint,
        .read_file = read_file,
        .find_files = find_files,
        .get_variable = get_variable,
    };
}

static struct policy *load(const char *path, struct diagnostics *diagnostics, uint64_t *fingerprint)
{
    const struct config_environment environment = environment_of(fingerprint);
    struct policy *policy = config_load(path, &environment, diagnostics);
    if (policy != NULL) {
        policy->fingerprint = *fingerprint;
    }
    return policy;
}

static void print(const struct diagnostics *diagnostics)
{
    enum { TEXT_MAX = 16 * 1024 };
    char *text = malloc(TEXT_MAX);
    for (unsigned i = 0; text != NULL && i < diagnostics->count; i++) {
        struct writer writer = writer_make(text, TEXT_MAX);
        diagnostics_write(diagnostics, i, &writer);
        fwrite(text, 1, writer.length, stderr);
    }
    free(text);
    unsigned total = diagnostics->error_count + diagnostics->warning_count;
    if (total > diagnostics->count) {
        fprintf(stderr, "... and %u more\n", total - diagnostics->count);
    }
    fflush(stderr);
}

static struct diagnostics *create_diagnostics(void)
{
    struct diagnostics *diagnostics = malloc(sizeof *diagnostics);
    if (diagnostics != NULL) {
        diagnostics_init(diagnostics);
    }
    return diagnostics;
}

static void print_and_destroy(struct diagnostics *diagnostics)
{
    print(diagnostics);
    diagnostics_finish(diagnostics);
    free(diagnostics);
}

struct policy *policy_file_load(const char *path, unsigned *warnings, unsigned *errors)
{
    *warnings = 0;
    *errors = 1;
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return NULL;
    }
    uint64_t fingerprint;
    struct policy *policy = load(path, diagnostics, &fingerprint);
    *warnings = diagnostics->warning_count;
    *errors = diagnostics->error_count;
    print_and_destroy(diagnostics);
    return policy;
}

bool policy_file_write_effective(const char *path, const struct sink *sink)
{
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return false;
    }
    uint64_t fingerprint;
    const struct config_environment environment = environment_of(&fingerprint);
    bool is_written = config_write_effective(path, &environment, diagnostics, sink);
    print_and_destroy(diagnostics);
    return is_written;
}

/* Only a load knows which files there are: includes come up as lines are read and variables filled in,
 * files with bodies as sections are built. */
uint64_t policy_file_fingerprint(const char *path)
{
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return 0;
    }
    uint64_t fingerprint;
    policy_release(load(path, diagnostics, &fingerprint));
    diagnostics_finish(diagnostics);
    free(diagnostics);
    return fingerprint;
}
