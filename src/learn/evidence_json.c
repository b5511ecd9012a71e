#include "verbgate/learn/evidence_json.h"

#include "json_load.h"
#include "verbgate/base/clock.h"
#include "verbgate/base/writer.h"
#include "verbgate/config/load.h"
#include "verbgate/http/token.h"
#include "verbgate/learn/observed_path.h"
#include "verbgate/policy/policy.h"

#include <stdio.h>
#include <time.h>

enum { FORMAT_VERSION = 1 };

/* It goes into an INI file as it is. */
static const char *address_problem(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < 0x21 || text.data[i] > 0x7e || strchr("\"#;$\\", text.data[i]) != NULL) {
            return "has a character that no address needs";
        }
    }
    struct address address;
    return address_parse(text, &address);
}

/* ---- writing */

static json_t *text_value(struct slice text)
{
    return json_stringn(text.data == NULL ? "" : text.data, text.length);
}

static json_t *time_value(int64_t seconds)
{
    struct clock clock;
    clock_init(&clock);
    clock_set(&clock, (time_t)seconds);
    return json_string(clock.iso_stamp);
}

static json_t *entry_value(const struct evidence *entry)
{
    json_t *value = json_object();
    int failed = json_object_set_new(value, "upstream", text_value(entry->upstream));
    failed |= json_object_set_new(value, "host", text_value(entry->host));
    failed |= json_object_set_new(value, "method", text_value(entry->method));
    failed |= json_object_set_new(value, "path", text_value(entry->path));
    failed |= json_object_set_new(value, "status", json_integer((json_int_t)entry->status));
    failed |= json_object_set_new(
        value, "by", json_string(entry->source == EVIDENCE_GATEWAY ? "gateway" : "backend"));
    failed |= json_object_set_new(value, "count", json_integer((json_int_t)entry->count));
    failed |= json_object_set_new(value, "first", time_value(entry->first));
    failed |= json_object_set_new(value, "last", time_value(entry->last));
    if (entry->allow.length > 0) {
        failed |= json_object_set_new(value, "allow", text_value(entry->allow));
    }
    if (failed != 0) {
        json_decref(value);
        return NULL;
    }
    return value;
}

static json_t *server_value(const struct evidence_server *server)
{
    json_t *value = json_object();
    int failed = json_object_set_new(value, "upstream", text_value(server->upstream));
    failed |= json_object_set_new(value, "address", text_value(server->address));
    if (failed != 0) {
        json_decref(value);
        return NULL;
    }
    return value;
}

char *evidence_json_write(const struct evidence_table *table, int64_t until)
{
    json_t *servers = json_array();
    json_t *entries = json_array();
    int failed = 0;
    for (unsigned i = 0; i < table->server_count; i++) {
        /* An entry that would not be read back must not be written: the next start would fail. */
        if (address_problem(table->servers[i].address) == NULL) {
            failed |= json_array_append_new(servers, server_value(&table->servers[i]));
        }
    }
    for (unsigned i = 0; i < table->count; i++) {
        failed |= json_array_append_new(entries, entry_value(&table->items[i]));
    }
    json_t *root = json_object();
    failed |= json_object_set_new(root, "verbgate-record", json_integer(FORMAT_VERSION));
    failed |= json_object_set_new(root, "since", time_value(table->since));
    failed |= json_object_set_new(root, "until", time_value(until));
    failed |= json_object_set_new(root, "overflow", json_integer((json_int_t)table->overflow));
    failed |= json_object_set_new(root, "servers", servers);
    failed |= json_object_set_new(root, "entries", entries);
    char *text = failed == 0 ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    return text;
}

/* ---- reading */

static const char *read_text(const json_t *object, const char *key, struct slice *text)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) {
        return "is not a string";
    }
    *text = slice_make(json_string_value(value), json_string_length(value));
    return NULL;
}

static const char *read_count(const json_t *object, const char *key, uint64_t *count)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return "is not a whole number";
    }
    *count = (uint64_t)json_integer_value(value);
    /* Sums of these must not overflow, whatever the file says. */
    return *count > UINT32_MAX * (uint64_t)1024 ? "is too large" : NULL;
}

static const char *read_time(const json_t *object, const char *key, int64_t *seconds)
{
    struct slice text;
    const char *problem = read_text(object, key, &text);
    if (problem != NULL) {
        return problem;
    }
    struct tm parts = {.tm_isdst = 0};
    const char *end = strptime(text.data, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (text.length != CLOCK_ISO_BYTES || end == NULL || *end != '\0') {
        return "is not a time such as 2026-01-31T12:00:00Z";
    }
    *seconds = (int64_t)timegm(&parts);
    return NULL;
}

static const char *read_upstream(const json_t *object, const char *key, struct slice *text)
{
    const char *problem = read_text(object, key, text);
    if (problem != NULL) {
        return problem;
    }
    for (size_t i = 0; i < text->length; i++) {
        char c = ascii_lower(text->data[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr("-_.", c) == NULL) {
            return "is not a section's name";
        }
    }
    return text->length > CONFIG_NAME_MAX ? "is too long" : NULL;
}

static const char *read_host(const json_t *object, const char *key, struct slice *text)
{
    const char *problem = read_text(object, key, text);
    if (problem != NULL) {
        return problem;
    }
    return text->length > EVIDENCE_HOST_MAX ? "is too long" : policy_host_problem(*text);
}

static const char *read_method(const json_t *object, const char *key, struct slice *text)
{
    const char *problem = read_text(object, key, text);
    if (problem != NULL || slice_equal(*text, EVIDENCE_METHOD_OTHER)) {
        return problem;
    }
    return text->length > EVIDENCE_METHOD_MAX || !token_is_valid(*text) ? "is not a method" : NULL;
}

static const char *read_path(const json_t *object, const char *key, struct slice *text)
{
    const char *problem = read_text(object, key, text);
    return problem != NULL || observed_path_is_valid(*text) ? problem : "is not an observed path";
}

/* Optional; only a list of methods. */
static const char *read_allow(const json_t *object, const char *key, struct slice *allow)
{
    if (json_object_get(object, key) == NULL) {
        return NULL;
    }
    const char *problem = read_text(object, key, allow);
    if (problem != NULL) {
        return problem;
    }
    struct slice rest = *allow;
    struct slice element;
    while (token_list_next(&rest, &element)) {
        if (!token_is_valid(element)) {
            return "is not a list of methods";
        }
    }
    return allow->length > EVIDENCE_ALLOW_MAX ? "is too long" : NULL;
}

static const char *read_source(const json_t *object, const char *key, enum evidence_source *source)
{
    struct slice text;
    const char *problem = read_text(object, key, &text);
    if (problem != NULL) {
        return problem;
    }
    *source = slice_equal(text, SLICE("gateway")) ? EVIDENCE_GATEWAY : EVIDENCE_BACKEND;
    return *source == EVIDENCE_GATEWAY || slice_equal(text, SLICE("backend"))
               ? NULL
               : "is neither \"backend\" nor \"gateway\"";
}

static const char *read_status(const json_t *object, const char *key, unsigned *status)
{
    uint64_t number = 0;
    const char *problem = read_count(object, key, &number);
    if (problem != NULL || number < 100 || number > 599) {
        return "is not a status from 100 to 599";
    }
    *status = (unsigned)number;
    return NULL;
}

/* Sets *key to the one that is wrong, when one is. */
static const char *read_entry(const json_t *object, struct evidence *entry, const char **key)
{
    const char *problem = NULL;
#define READ(name, call) ((problem = (*key = (name), (call))) != NULL)
    if (READ("upstream", read_upstream(object, *key, &entry->upstream)) ||
        READ("host", read_host(object, *key, &entry->host)) ||
        READ("method", read_method(object, *key, &entry->method)) ||
        READ("path", read_path(object, *key, &entry->path)) ||
        READ("by", read_source(object, *key, &entry->source)) ||
        READ("status", read_status(object, *key, &entry->status)) ||
        READ("count", read_count(object, *key, &entry->count)) ||
        READ("first", read_time(object, *key, &entry->first)) ||
        READ("last", read_time(object, *key, &entry->last)) ||
        READ("allow", read_allow(object, *key, &entry->allow))) {
        return problem;
    }
#undef READ
    return NULL;
}

static bool read_entries(const json_t *root, struct evidence_table *table,
                         char problem[LEARN_PROBLEM_MAX])
{
    const json_t *entries = json_object_get(root, "entries");
    if (!json_is_array(entries)) {
        snprintf(problem, LEARN_PROBLEM_MAX, "\"entries\" is not an array");
        return false;
    }
    for (size_t i = 0; i < json_array_size(entries); i++) {
        struct evidence entry = {.status = 0};
        const char *key = "";
        const char *reason = read_entry(json_array_get(entries, i), &entry, &key);
        if (reason != NULL) {
            snprintf(problem, LEARN_PROBLEM_MAX, "entries[%zu].%s %s", i, key, reason);
            return false;
        }
        evidence_add(table, &entry);
    }
    return true;
}

static bool read_servers(const json_t *root, struct evidence_table *table,
                         char problem[LEARN_PROBLEM_MAX])
{
    const json_t *servers = json_object_get(root, "servers");
    for (size_t i = 0; i < json_array_size(servers); i++) { /* 0 for anything but an array */
        const json_t *server = json_array_get(servers, i);
        struct slice upstream = SLICE("");
        struct slice text = SLICE("");
        const char *key = "upstream";
        const char *reason = read_upstream(server, key, &upstream);
        if (reason == NULL) {
            key = "address";
            reason = read_text(server, key, &text);
            reason = reason != NULL ? reason : address_problem(text);
        }
        if (reason != NULL) {
            snprintf(problem, LEARN_PROBLEM_MAX, "servers[%zu].%s: %s", i, key, reason);
            return false;
        }
        evidence_add_server(table, upstream, text);
    }
    return true;
}

static bool read_root(const json_t *root, struct evidence_table *table,
                      char problem[LEARN_PROBLEM_MAX])
{
    if (!json_is_object(root) || !json_is_integer(json_object_get(root, "verbgate-record"))) {
        snprintf(problem, LEARN_PROBLEM_MAX,
                 "not a record: there is no number \"verbgate-record\" at its top");
        return false;
    }
    if (json_integer_value(json_object_get(root, "verbgate-record")) != FORMAT_VERSION) {
        snprintf(problem, LEARN_PROBLEM_MAX, "a record of another version of verbgate");
        return false;
    }
    uint64_t overflow = 0;
    const char *key = "since";
    const char *reason = read_time(root, key, &table->since);
    if (reason == NULL) {
        key = "overflow";
        reason = read_count(root, key, &overflow);
    }
    if (reason != NULL) {
        snprintf(problem, LEARN_PROBLEM_MAX, "%s %s", key, reason);
        return false;
    }
    table->overflow += overflow;
    return read_servers(root, table, problem) && read_entries(root, table, problem);
}

bool evidence_json_read(struct slice text, struct evidence_table *table,
                        char problem[LEARN_PROBLEM_MAX])
{
    json_t *root = json_load_text(text, problem);
    if (root == NULL) {
        return false;
    }
    bool fine = read_root(root, table, problem);
    json_decref(root);
    return fine;
}
