#include "verbgate/server/policy_file.h"

#include "file_text.h"
#include "verbgate/base/log.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What the functions of a config_environment share. */
struct reader {
    uint64_t fingerprint; /* of all that was read so far */
    bool has_main;        /* the first file is the main one */
    bool is_again;        /* the policy was loaded before */
    bool is_stream;       /* the main file cannot be read again */
    struct slice text;    /* of the main file; data NULL: it is read */
};

/* FNV-1a, over one more file; the NUL that ends a path keeps a path and a text apart. */
static void add_to_fingerprint(uint64_t *fingerprint, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        *fingerprint = (*fingerprint ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
    }
}

static const char *read_text(struct reader *reader, const char *path, struct arena *arena,
                             struct slice *text)
{
    if (reader->has_main) {
        return file_text_read(path, arena, text);
    }
    reader->has_main = true;
    return reader->is_again ? file_text_read_main_again(path, arena, text)
                            : file_text_read_main(path, arena, text, &reader->is_stream);
}

static const char *read_file(void *context, const char *path, struct arena *arena,
                             struct slice *text)
{
    struct reader *reader = context;
    add_to_fingerprint(&reader->fingerprint, slice_make(path, strlen(path) + 1));
    const char *problem = read_text(reader, path, arena, text);
    if (problem == NULL) {
        add_to_fingerprint(&reader->fingerprint, *text);
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

/* Of real files. */
static struct config_environment environment_of(struct reader *reader)
{
    reader->fingerprint = UINT64_C(0xcbf29ce484222325);
    return (struct config_environment){
        .context = reader,
        .read_file = read_file,
        .find_files = find_files,
        .get_variable = get_variable,
    };
}

static struct policy *load(const char *path, struct diagnostics *diagnostics, struct reader *reader)
{
    const struct config_environment environment = environment_of(reader);
    struct policy *policy = reader->text.data == NULL
                                ? config_load(path, &environment, diagnostics)
                                : config_load_text(path, reader->text, &environment, diagnostics);
    if (policy != NULL) {
        policy->fingerprint = reader->fingerprint;
        policy->is_read_once = reader->is_stream;
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
        log_text(writer_slice(&writer));
    }
    free(text);
    unsigned total = diagnostics->error_count + diagnostics->warning_count;
    if (total > diagnostics->count) {
        char more[64];
        struct writer writer = writer_make(more, sizeof more);
        writer_format(&writer, "... and %u more\n", total - diagnostics->count);
        log_text(writer_slice(&writer));
    }
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

/* A text is no file: the first one that is read is an include. */
static struct reader make_reader(struct slice text, bool is_again)
{
    return (struct reader){.has_main = text.data != NULL, .is_again = is_again, .text = text};
}

struct policy *policy_file_load_text(const char *name, struct slice text, unsigned *warnings,
                                     unsigned *errors)
{
    *warnings = 0;
    *errors = 1;
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return NULL;
    }
    struct reader reader = make_reader(text, false);
    struct policy *policy = load(name, diagnostics, &reader);
    *warnings = diagnostics->warning_count;
    *errors = diagnostics->error_count;
    print_and_destroy(diagnostics);
    return policy;
}

struct policy *policy_file_load(const char *path, unsigned *warnings, unsigned *errors)
{
    return policy_file_load_text(path, slice_of(NULL), warnings, errors);
}

struct policy *policy_file_read(const char *path, struct diagnostics *diagnostics)
{
    struct reader reader = {.is_again = false};
    return load(path, diagnostics, &reader);
}

static const struct diagnostic *first_error(const struct diagnostics *diagnostics)
{
    for (unsigned i = 0; i < diagnostics->count; i++) {
        if (diagnostics->items[i].severity == DIAGNOSTIC_ERROR) {
            return &diagnostics->items[i];
        }
    }
    return NULL;
}

static void describe(const char *path, const struct diagnostics *diagnostics,
                     char problem[POLICY_FILE_PROBLEM_MAX])
{
    unsigned errors = diagnostics->error_count;
    const struct diagnostic *error = first_error(diagnostics);
    int length = snprintf(problem, POLICY_FILE_PROBLEM_MAX, "%u error%s in %.150s", errors,
                          errors == 1 ? "" : "s", path);
    if (error == NULL) {
        return;
    }
    char line[16] = "";
    if (error->line > 0) { /* else it is about the whole file */
        snprintf(line, sizeof line, ":%u", error->line);
    }
    snprintf(problem + length, POLICY_FILE_PROBLEM_MAX - (size_t)length, "%s %.*s%s: %.*s",
             errors == 1 ? ":" : ", the first:", SLICE_PRINT(error->file), line,
             SLICE_PRINT(error->message));
}

struct policy *policy_file_load_for_service(const char *path, struct slice text, bool is_again,
                                            char problem[POLICY_FILE_PROBLEM_MAX])
{
    snprintf(problem, POLICY_FILE_PROBLEM_MAX, "out of memory");
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return NULL;
    }
    struct reader reader = make_reader(text, is_again);
    struct policy *policy = load(path, diagnostics, &reader);
    describe(path, diagnostics, problem);
    print_and_destroy(diagnostics);
    return policy;
}

bool policy_file_is_standard_input(const char *path)
{
    return file_text_descriptor(path) == STDIN_FILENO;
}

bool policy_file_write_effective(const char *path, const struct sink *sink)
{
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return false;
    }
    struct reader reader = {.is_again = false};
    const struct config_environment environment = environment_of(&reader);
    bool is_written = config_write_effective(path, &environment, diagnostics, sink);
    print_and_destroy(diagnostics);
    return is_written;
}

bool policy_file_find_health(const char *path, char *address, size_t size)
{
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return false;
    }
    struct reader reader = {.is_again = true};
    const struct config_environment environment = environment_of(&reader);
    struct writer writer = writer_make(address, size - 1);
    bool is_found = config_find_health(path, &environment, diagnostics, &writer);
    address[writer.length] = '\0';
    if (!is_found) {
        print(diagnostics);
    }
    diagnostics_finish(diagnostics);
    free(diagnostics);
    return is_found;
}

/* Only a load knows which files there are: includes come up as lines are read and variables filled in,
 * files with bodies as sections are built. */
uint64_t policy_file_fingerprint(const char *path)
{
    struct diagnostics *diagnostics = create_diagnostics();
    if (diagnostics == NULL) {
        return 0;
    }
    struct reader reader = {.is_again = true};
    policy_release(load(path, diagnostics, &reader));
    diagnostics_finish(diagnostics);
    free(diagnostics);
    return reader.fingerprint;
}
