#include "observe_record.h"

#include "verbgate/base/log.h"
#include "verbgate/telemetry/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the file */

/* Opens the file that becomes the next record; -1: see errno. Somebody's pipe of that name is not waited for. */
static int open_temporary(const char *path)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int descriptor = open(path, flags, 0640);
    struct stat status;
    if (descriptor >= 0 && (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(descriptor);
        errno = EEXIST;
        return -1;
    }
    return descriptor;
}

/* Returns 0 or errno. The old file stays whole until the new one is. */
static int replace_file(const char *path, const char *temporary_path, const char *text)
{
    int descriptor = open_temporary(temporary_path);
    if (descriptor < 0) {
        return errno;
    }
    bool fine = write_all(descriptor, text, strlen(text)) && fsync(descriptor) == 0;
    int error = errno;
    close(descriptor);
    if (fine && rename(temporary_path, path) != 0) {
        fine = false;
        error = errno;
    }
    if (!fine) {
        unlink(temporary_path);
    }
    return fine ? 0 : error;
}

/* A record that a former run left is gone on with; anything else is somebody's file. */
static bool read_record(const char *path, struct evidence_table *table,
                        char problem[LEARN_PROBLEM_MAX])
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) {
        return true;
    }
    struct stat status;
    char *text = NULL;
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        snprintf(problem, LEARN_PROBLEM_MAX, "%s", strerror(errno));
    } else if (!S_ISREG(status.st_mode) || status.st_size > LEARN_FILE_MAX) {
        snprintf(problem, LEARN_PROBLEM_MAX, "there is something else than a record");
    } else if ((text = malloc((size_t)status.st_size + 1)) == NULL) {
        snprintf(problem, LEARN_PROBLEM_MAX, "out of memory");
    } else {
        ssize_t length = read(descriptor, text, (size_t)status.st_size);
        struct slice slice = slice_make(text, length < 0 ? 0 : (size_t)length);
        char reason[LEARN_PROBLEM_MAX];
        bool fine = evidence_json_read(slice, table, reason);
        if (!fine) {
            snprintf(problem, LEARN_PROBLEM_MAX, "the file is no record to go on with: %.400s",
                     reason);
        }
        free(text);
        close(descriptor);
        return fine;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return false;
}

/* ---- what was counted */

static uint64_t count_all(const struct evidence_table *table)
{
    uint64_t count = table->overflow;
    for (unsigned i = 0; i < table->count; i++) {
        count += table->items[i].count;
    }
    return count;
}

bool observe_record_is_new(const struct observe_record *record)
{
    return record->has_failed || count_all(record->sum) != record->written;
}

char *observe_record_text(struct observe_record *record)
{
    record->written = count_all(record->sum);
    return evidence_json_write(record->sum, (int64_t)time(NULL));
}

/* Returns 0 or errno. */
static int save(const struct observe_record *record, char *text)
{
    int error = text == NULL ? ENOMEM : replace_file(record->path, record->temporary_path, text);
    free(text);
    return error;
}

void observe_record_save(struct observe_record *record, char *text)
{
    int error = save(record, text);
    if (error != 0 && !record->has_failed) {
        log_error("observe %s: cannot be written: %s", record->path, strerror(error));
    }
    record->has_failed = error != 0;
}

void observe_record_add_servers(struct observe_record *record, const struct policy *policy)
{
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        const struct policy_upstream *upstream = &policy->upstreams[i];
        for (unsigned k = 0; k < upstream->server_count; k++) {
            evidence_add_server(record->sum, upstream->name, upstream->servers[k].text);
        }
    }
}

/* ---- life */

static char *join(struct slice path, const char *end)
{
    size_t bytes = path.length + strlen(end) + 1;
    char *text = malloc(bytes);
    if (text != NULL) {
        snprintf(text, bytes, "%.*s%s", SLICE_PRINT(path), end);
    }
    return text;
}

void observe_record_destroy(struct observe_record *record)
{
    if (record != NULL) {
        evidence_destroy(record->sum);
        free(record->path);
        free(record->temporary_path);
        free(record);
    }
}

static struct observe_record *create(struct slice path)
{
    struct observe_record *record = calloc(1, sizeof *record);
    if (record == NULL) {
        return NULL;
    }
    record->sum = evidence_create(EVIDENCE_OBSERVED_MAX);
    record->path = join(path, "");
    record->temporary_path = join(path, ".tmp");
    if (record->sum == NULL || record->path == NULL || record->temporary_path == NULL) {
        observe_record_destroy(record);
        return NULL;
    }
    return record;
}

static bool begin(struct observe_record *record, const struct policy *policy,
                  char problem[LEARN_PROBLEM_MAX])
{
    record->sum->since = (int64_t)time(NULL);
    if (!read_record(record->path, record->sum, problem)) {
        return false;
    }
    record->sum->server_count = 0; /* those of a former run may not be there any more */
    observe_record_add_servers(record, policy);
    int error = save(record, observe_record_text(record));
    if (error != 0) {
        snprintf(problem, LEARN_PROBLEM_MAX, "%s", strerror(error));
    }
    return error == 0;
}

struct observe_record *observe_record_open(const struct policy *policy,
                                           char problem[LEARN_PROBLEM_MAX])
{
    struct observe_record *record = create(policy->process.observe);
    if (record == NULL) {
        snprintf(problem, LEARN_PROBLEM_MAX, "out of memory");
        return NULL;
    }
    if (!begin(record, policy, problem)) {
        observe_record_destroy(record);
        return NULL;
    }
    return record;
}
