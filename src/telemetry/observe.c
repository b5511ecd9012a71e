#include "verbgate/telemetry/observe.h"

#include "observe_record.h"
#include "verbgate/http/target.h"
#include "verbgate/http/token.h"
#include "verbgate/learn/observed_path.h"

#include <stdlib.h>
#include <uv.h>

struct counter {
    uv_mutex_t lock; /* guards `table` */
    struct evidence_table *table;
};

struct observe {
    uv_mutex_t writing; /* held while a file is written; taken before `lock` */
    uv_mutex_t
        lock; /* guards all below but the counters' tables; never held while the disk is waited for */
    struct observe_record *record; /* NULL: nothing is observed */
    struct observe_record
        *retired; /* a list: replaced by reloads, and not written for the last time yet. The open of
                                     * another one writes them first, so there are two at most. */
    struct evidence_table *spare; /* empty: the next that is given for a worker's table */
    struct {
        struct observe_record
            *record; /* NULL: `keeps` the record at hand, or nothing is observed */
        bool keeps;
    } prepared; /* between observe_prepare and what follows it */
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

/* A path that was not found names no resource: those who try paths and hosts at random fill no table. */
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

/* ---- taking over */

/* Requests that are counted while nothing is observed belong to no record. */
static void collect(struct observe *observe)
{
    for (unsigned i = 0; i < observe->worker_count; i++) {
        struct counter *counter = &observe->counters[i];
        uv_mutex_lock(&counter->lock);
        struct evidence_table *full = counter->table;
        counter->table = observe->spare;
        uv_mutex_unlock(&counter->lock);
        if (observe->record != NULL) {
            evidence_merge(observe->record->sum, full);
        }
        evidence_clear(full);
        observe->spare = full;
    }
}

static struct observe_record *take_retired(struct observe *observe)
{
    uv_mutex_lock(&observe->lock);
    struct observe_record *record = observe->retired;
    if (record != NULL) {
        observe->retired = record->next;
    }
    uv_mutex_unlock(&observe->lock);
    return record;
}

/* With `writing`. */
static void write_retired(struct observe *observe)
{
    struct observe_record *record;
    while ((record = take_retired(observe)) != NULL) {
        if (observe_record_is_new(record)) {
            observe_record_save(record, observe_record_text(record));
        }
        observe_record_destroy(record);
    }
}

/* With `writing`, so the record stays while it is saved: only write_retired frees one that was in force. */
static void write_record(struct observe *observe)
{
    uv_mutex_lock(&observe->lock);
    struct observe_record *record = observe->record;
    collect(observe);
    bool is_new = record != NULL && observe_record_is_new(record);
    char *text = is_new ? observe_record_text(record) : NULL;
    uv_mutex_unlock(&observe->lock);
    if (is_new) {
        observe_record_save(record, text);
    }
}

void observe_write(struct observe *observe)
{
    uv_mutex_lock(&observe->writing);
    write_retired(observe);
    write_record(observe);
    uv_mutex_unlock(&observe->writing);
}

/* ---- on and off */

bool observe_is_wanted(const struct policy *policy)
{
    return !slice_equal(policy->process.observe, SLICE("off"));
}

static bool is_kept(struct observe *observe, struct slice path)
{
    uv_mutex_lock(&observe->lock);
    bool is_same = observe->record != NULL && slice_equal(slice_of(observe->record->path), path);
    uv_mutex_unlock(&observe->lock);
    return is_same;
}

bool observe_prepare(struct observe *observe, const struct policy *policy,
                     char problem[LEARN_PROBLEM_MAX])
{
    observe->prepared.record = NULL;
    observe->prepared.keeps = is_kept(observe, policy->process.observe);
    if (observe->prepared.keeps || !observe_is_wanted(policy)) {
        return true;
    }
    /* It may be the record that is wanted again. */
    uv_mutex_lock(&observe->writing);
    write_retired(observe);
    uv_mutex_unlock(&observe->writing);
    observe->prepared.record = observe_record_open(policy, problem);
    return observe->prepared.record != NULL;
}

void observe_roll_back(struct observe *observe)
{
    observe_record_destroy(observe->prepared.record);
    observe->prepared.record = NULL;
}

/* With `lock`. */
static void retire(struct observe *observe)
{
    if (observe->record != NULL) {
        observe->record->next = observe->retired;
        observe->retired = observe->record;
        observe->record = NULL;
    }
}

static void drop_records(struct observe *observe)
{
    struct observe_record *record;
    retire(observe);
    while ((record = observe->retired) != NULL) {
        observe->retired = record->next;
        observe_record_destroy(record);
    }
}

bool observe_commit(struct observe *observe, const struct policy *policy)
{
    uv_mutex_lock(&observe->lock);
    if (observe->prepared.keeps) {
        observe_record_add_servers(observe->record, policy);
    } else {
        collect(observe);
        retire(observe);
        observe->record = observe->prepared.record;
        observe->prepared.record = NULL;
    }
    bool must_write = observe->retired != NULL;
    uv_mutex_unlock(&observe->lock);
    return must_write;
}

void observe_abandon(struct observe *observe)
{
    uv_mutex_lock(&observe->writing);
    uv_mutex_lock(&observe->lock);
    drop_records(observe);
    uv_mutex_unlock(&observe->lock);
    uv_mutex_unlock(&observe->writing);
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
    if (uv_mutex_init(&observe->writing) != 0) {
        uv_mutex_destroy(&observe->lock);
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
        uv_mutex_destroy(&observe->writing);
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
    observe_roll_back(observe);
    drop_records(observe);
    finish_counters(observe);
    evidence_destroy(observe->spare);
    uv_mutex_destroy(&observe->writing);
    uv_mutex_destroy(&observe->lock);
    free(observe);
}
