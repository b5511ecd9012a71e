#include "verbgate/telemetry/observe.h"

#include "verbgate/base/log.h"
#include "verbgate/http/target.h"
#include "verbgate/http/token.h"
#include "verbgate/learn/observed_path.h"
#include "verbgate/telemetry/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

struct counter {
    uv_mutex_t lock; /* guards `table` */
    struct evidence_table *table;
};

struct observe {
    uv_mutex_t lock;      /* guards all below but the counters' tables */
    char *path;           /* owned; NULL: off */
    char *temporary_path; /* owned */
    struct evidence_table *sum;
    struct evidence_table *spare; /* empty: the next that is given for a worker's table */
    bool has_failed;              /* the last write; it is said once */
    unsigned worker_count;
    struct counter counters[];
};

/* ---- counting */

static struct slice write_host(struct writer *writer, struct slice value)
{
    struct slice host;
    if (target_split_host(value, true, &host) != FAULT_NONE || host.length > EVIDENCE_HOST_MAX) {
        return SLICE("");
    }
    for (size_t i = 0; i < host.length; i++) {
        writer_byte(writer, ascii_lower(host.data[i]));
    }
    return policy_host_problem(writer_slice(writer)) == NULL ? writer_slice(writer) : SLICE("");
}

/* Methods are tokens once they were judged, but of any length. */
static struct slice method_of(const struct record *record)
{
    bool is_short = record->method.length <= EVIDENCE_METHOD_MAX;
    return is_short && token_is_valid(record->method) ? record->method : EVIDENCE_METHOD_OTHER;
}

static struct slice allow_of(const struct record *record)
{
    struct slice rest = record->allow;
    struct slice element;
    while (token_list_next(&rest, &element)) {
        if (!token_is_valid(element)) {
            return SLICE("");
        }
    }
    return record->allow.length <= EVIDENCE_ALLOW_MAX ? record->allow : SLICE("");
}

/* What was not found names no resource: those who try paths and hosts at random fill no table. */
static bool names_a_resource(const struct record *record)
{
    return record->status != 404 && (!record->is_local || record->verdict->route != NULL);
}

void observe_note(struct observe *observe, unsigned worker, const struct record *record)
{
    enum { CLIENT_GONE = 499 };
    if (record->verdict == NULL || record->status == CLIENT_GONE) {
        return;
    }
    char host_text[EVIDENCE_HOST_MAX];
    char path_text[OBSERVED_PATH_MAX];
    struct writer host = writer_make(host_text, sizeof host_text);
    struct writer path = writer_make(path_text, sizeof path_text);
    const struct policy_upstream *upstream = record->verdict->upstream;
    struct evidence seen = {
        .upstream = upstream == NULL ? SLICE("") : upstream->name,
        .method = method_of(record),
        .path = SLICE("*"),
        .source = record->is_local ? EVIDENCE_GATEWAY : EVIDENCE_BACKEND,
        .status = record->status,
        .count = 1,
        .first = (int64_t)record->clock->second,
        .last = (int64_t)record->clock->second,
        .allow = allow_of(record),
    };
    struct target target;
    if (names_a_resource(record) &&
        target_parse(record->target, record->verdict->method, &target) == FAULT_NONE) {
        bool has_authority = target.authority.length > 0;
        seen.host = write_host(&host, has_authority ? target.authority : record->host);
        observed_path_write(&path, target.path);
        seen.path = writer_slice(&path);
    }
    struct counter *counter = &observe->counters[worker];
    uv_mutex_lock(&counter->lock);
    evidence_add(counter->table, &seen);
    uv_mutex_unlock(&counter->lock);
}

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

static int write_record(const struct evidence_table *table, const char *path,
                        const char *temporary_path)
{
    char *text = evidence_json_write(table, (int64_t)time(NULL));
    int error = text == NULL ? ENOMEM : replace_file(path, temporary_path, text);
    free(text);
    return error;
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

/* ---- taking over */

static void collect(struct observe *observe)
{
    for (unsigned i = 0; i < observe->worker_count; i++) {
        struct counter *counter = &observe->counters[i];
        uv_mutex_lock(&counter->lock);
        struct evidence_table *full = counter->table;
        counter->table = observe->spare;
        uv_mutex_unlock(&counter->lock);
        if (observe->sum != NULL) {
            evidence_merge(observe->sum, full);
        }
        evidence_clear(full);
        observe->spare = full;
    }
}

static uint64_t count_all(const struct evidence_table *table)
{
    uint64_t count = table->overflow;
    for (unsigned i = 0; i < table->count; i++) {
        count += table->items[i].count;
    }
    return count;
}

static void write_locked(struct observe *observe)
{
    if (observe->sum == NULL) {
        return;
    }
    uint64_t before = count_all(observe->sum);
    collect(observe);
    if (count_all(observe->sum) == before && !observe->has_failed) {
        return;
    }
    int error = write_record(observe->sum, observe->path, observe->temporary_path);
    if (error != 0 && !observe->has_failed) {
        log_error("observe %s: cannot be written: %s", observe->path, strerror(error));
    }
    observe->has_failed = error != 0;
}

void observe_write(struct observe *observe)
{
    uv_mutex_lock(&observe->lock);
    write_locked(observe);
    uv_mutex_unlock(&observe->lock);
}

/* ---- on and off */

bool observe_is_wanted(const struct policy *policy)
{
    return !slice_equal(policy->gateway.observe, SLICE("off"));
}

static void drop_locked(struct observe *observe)
{
    evidence_destroy(observe->sum);
    free(observe->path);
    free(observe->temporary_path);
    observe->sum = NULL;
    observe->path = NULL;
    observe->temporary_path = NULL;
    observe->has_failed = false;
}

static void close_locked(struct observe *observe)
{
    write_locked(observe);
    drop_locked(observe);
}

static void add_servers(struct evidence_table *table, const struct policy *policy)
{
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        const struct policy_upstream *upstream = &policy->upstreams[i];
        for (unsigned k = 0; k < upstream->server_count; k++) {
            evidence_add_server(table, upstream->name, upstream->servers[k].text);
        }
    }
}

static char *join(struct slice path, const char *end)
{
    size_t bytes = path.length + strlen(end) + 1;
    char *text = malloc(bytes);
    if (text != NULL) {
        snprintf(text, bytes, "%.*s%s", SLICE_PRINT(path), end);
    }
    return text;
}

/* Reads what is there and writes it back, so that a bad path is found now and not in ten seconds. */
static bool begin(struct evidence_table *sum, const char *path, const char *temporary_path,
                  const struct policy *policy, char problem[LEARN_PROBLEM_MAX])
{
    if (sum == NULL || path == NULL || temporary_path == NULL) {
        snprintf(problem, LEARN_PROBLEM_MAX, "out of memory");
        return false;
    }
    sum->since = (int64_t)time(NULL);
    if (!read_record(path, sum, problem)) {
        return false;
    }
    sum->server_count = 0; /* those of a former run may not be there any more */
    add_servers(sum, policy);
    int error = write_record(sum, path, temporary_path);
    if (error != 0) {
        snprintf(problem, LEARN_PROBLEM_MAX, "%s", strerror(error));
    }
    return error == 0;
}

static bool switch_locked(struct observe *observe, const struct policy *policy,
                          char problem[LEARN_PROBLEM_MAX])
{
    struct slice target = policy->gateway.observe;
    if (observe->path != NULL && slice_equal(slice_of(observe->path), target)) {
        add_servers(observe->sum, policy);
        return true;
    }
    struct evidence_table *sum = evidence_create(EVIDENCE_OBSERVED_MAX);
    char *path = join(target, "");
    char *temporary_path = join(target, ".tmp");
    if (!begin(sum, path, temporary_path, policy, problem)) {
        evidence_destroy(sum);
        free(path);
        free(temporary_path);
        return false;
    }
    close_locked(observe);
    observe->sum = sum;
    observe->path = path;
    observe->temporary_path = temporary_path;
    return true;
}

bool observe_open(struct observe *observe, const struct policy *policy,
                  char problem[LEARN_PROBLEM_MAX])
{
    bool fine = true;
    uv_mutex_lock(&observe->lock);
    if (observe_is_wanted(policy)) {
        fine = switch_locked(observe, policy, problem);
    } else {
        close_locked(observe);
    }
    uv_mutex_unlock(&observe->lock);
    return fine;
}

void observe_abandon(struct observe *observe)
{
    uv_mutex_lock(&observe->lock);
    drop_locked(observe);
    uv_mutex_unlock(&observe->lock);
}

/* ---- life */

static void finish_counters(struct observe *observe)
{
    for (unsigned i = 0; i < observe->worker_count; i++) {
        evidence_destroy(observe->counters[i].table);
        uv_mutex_destroy(&observe->counters[i].lock);
    }
}

struct observe *observe_create(unsigned workers)
{
    struct observe *observe = calloc(1, sizeof *observe + workers * sizeof(struct counter));
    if (observe == NULL) {
        return NULL;
    }
    if (uv_mutex_init(&observe->lock) != 0) {
        free(observe);
        return NULL;
    }
    bool fine = true;
    while (fine && observe->worker_count < workers) {
        struct counter *counter = &observe->counters[observe->worker_count];
        fine = uv_mutex_init(&counter->lock) == 0;
        observe->worker_count += fine;
        if (fine) {
            counter->table = evidence_create(EVIDENCE_OBSERVED_MAX);
            fine = counter->table != NULL;
        }
    }
    observe->spare = fine ? evidence_create(EVIDENCE_OBSERVED_MAX) : NULL;
    if (observe->spare == NULL) {
        finish_counters(observe);
        uv_mutex_destroy(&observe->lock);
        free(observe);
        return NULL;
    }
    return observe;
}

void observe_destroy(struct observe *observe)
{
    if (observe == NULL) {
        return;
    }
    close_locked(observe);
    finish_counters(observe);
    evidence_destroy(observe->spare);
    uv_mutex_destroy(&observe->lock);
    free(observe);
}
