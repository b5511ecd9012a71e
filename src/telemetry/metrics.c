#include "verbgate/telemetry/metrics.h"

#include "verbgate/base/log.h"
#include "verbgate/telemetry/exposition.h"
#include "verbgate/telemetry/versions.h"

#include <uv.h>

/* ---- numbers of the proxies */

/* X(member of struct counters, name, type, help) */
#define PROXY_METRICS(X)                                                                 \
    X(connections_accepted, "verbgate_client_connections_accepted_total", "counter",     \
      "Client connections that were accepted.")                                          \
    X(connections_open, "verbgate_client_connections_open", "gauge",                     \
      "Client connections that are open now.")                                           \
    X(connections_displaced, "verbgate_client_connections_displaced_total", "counter",   \
      "Idle client connections closed for new ones, at max-connections.")                \
    X(upstream_connects, "verbgate_upstream_connections_opened_total", "counter",        \
      "Connections to servers that were begun, failed ones included.")                   \
    X(upstream_reuses, "verbgate_upstream_connections_reused_total", "counter",          \
      "Requests that were sent on a kept connection.")                                   \
    X(upstream_waits, "verbgate_upstream_waits_total", "counter",                        \
      "Requests that waited in line for a connection to their server.")                  \
    X(upstream_open, "verbgate_upstream_connections_open", "gauge",                      \
      "Connections to servers that are open now, idle ones included.")                   \
    X(upstream_idle, "verbgate_upstream_connections_idle", "gauge",                      \
      "Connections to servers that wait in a pool now.")                                 \
    X(upstream_resting, "verbgate_upstream_connections_resting", "gauge",                \
      "Connections to servers that have to be silent for reuse-delay first.")            \
    X(upstream_private, "verbgate_upstream_connections_private", "gauge",                \
      "Connections to servers that belong to one client now, since a login does.")       \
    X(spliced_bytes, "verbgate_spliced_content_bytes_total", "counter",                  \
      "Content that went from socket to socket without being copied.")                   \
    X(upgrades_refused, "verbgate_upgrades_refused_total", "counter",                    \
      "Requests that asked for a protocol that is not allowed, and went on without it.") \
    X(retries, "verbgate_upstream_retries_total", "counter",                             \
      "Requests that were sent again since a kept connection was dead.")                 \
    X(reported, "verbgate_requests_reported_total", "counter",                           \
      "Requests that report-only kept from being refused.")                              \
    X(suppressed_log_lines, "verbgate_log_lines_suppressed_total", "counter",            \
      "Lines of the error log that were left out since there were too many.")

static void put_plain(struct writer *writer, const char *name, const char *type, const char *help,
                      uint64_t value)
{
    exposition_family(writer, name, type, help);
    exposition_sample(writer, name, NULL, 0, value);
}

static void put_proxies(struct writer *writer, const struct gateway_status *status)
{
#define X(member, name, type, help)                                    \
    {                                                                  \
        uint64_t sum = 0;                                              \
        for (unsigned i = 0; i < status->worker_count; i++) {          \
            sum += counter_read(&status->workers[i].counters->member); \
        }                                                              \
        put_plain(writer, (name), (type), (help), sum);                \
    }
    PROXY_METRICS(X)
#undef X
}

static void put_dropped_fields(struct writer *writer, const struct gateway_status *status)
{
    static const char name[] = "verbgate_request_fields_dropped_total";
    exposition_family(writer, name, "counter",
                      "Fields of forwarded requests that went no further, by why.");
    for (unsigned fate = FIELD_PASSED_FATE + 1; fate < FIELD_FATE_COUNT; fate++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < status->worker_count; i++) {
            sum += counter_read(&status->workers[i].counters->fields_dropped[fate]);
        }
        struct exposition_label label = {"reason",
                                         slice_of(field_fate_label((enum field_fate)fate))};
        exposition_sample(writer, name, &label, 1, sum);
    }
}

/* ---- the tally */

static void put_row(struct writer *writer, const struct tally_row *row,
                    struct exposition_label labels[6])
{
    static const char name[] = "verbgate_requests_total";
    for (unsigned i = 0; i < TALLY_STATUS_COUNT; i++) {
        uint64_t count = counter_read(&row->by_status[i]);
        if (count == 0) {
            continue;
        }
        char text[8];
        struct writer status = writer_make(text, sizeof text);
        tally_write_status(&status, i);
        labels[5].value = writer_slice(&status);
        exposition_sample(writer, name, labels, 6, count);
    }
}

static void put_route(struct writer *writer, const struct tally_route *route)
{
    struct exposition_label labels[6] = {
        {"upstream", slice_of(route->upstream)},
        {"route", slice_of(route->route)},
        {.name = "decision"},
        {.name = "answered_by"},
        {.name = "method"},
        {.name = "status"},
    };
    for (unsigned decision = 0; decision < TALLY_DECISION_COUNT; decision++) {
        labels[2].value = slice_of(tally_decision_label((enum tally_decision)decision));
        for (unsigned author = 0; author < TALLY_AUTHOR_COUNT; author++) {
            labels[3].value = slice_of(tally_author_label((enum tally_author)author));
            for (unsigned method = 0; method < TALLY_METHOD_COUNT; method++) {
                const struct tally_row *row = atomic_load(&route->rows[decision][author][method]);
                if (row != NULL) {
                    labels[4].value = tally_method_label(method);
                    put_row(writer, row, labels);
                }
            }
        }
    }
}

static void put_requests(struct writer *writer, const struct tally *sum)
{
    exposition_family(writer, "verbgate_requests_total", "counter",
                      "Requests that ended, by what was decided and what the client got.");
    for (unsigned i = 0; i < atomic_load(&sum->route_count); i++) {
        put_route(writer, sum->routes[i]);
    }
    put_plain(writer, "verbgate_requests_uncounted_total", "counter",
              "Requests that there was no memory to count by labels for.",
              counter_read(&sum->uncounted));
}

static void put_histogram(struct writer *writer, const char *name, const char *upstream,
                          const struct tally_histogram *histogram)
{
    uint64_t counts[TALLY_BOUND_COUNT + 1];
    uint64_t total = 0;
    for (unsigned i = 0; i <= TALLY_BOUND_COUNT; i++) {
        counts[i] = counter_read(&histogram->buckets[i]);
        total += counts[i];
    }
    if (total == 0) {
        return;
    }
    struct exposition_histogram shown = {.bounds_us = tally_bounds_us,
                                         .bound_count = TALLY_BOUND_COUNT,
                                         .counts = counts,
                                         .sum_us = counter_read(&histogram->sum_us)};
    struct exposition_label label = {"upstream", slice_of(upstream)};
    exposition_histogram(writer, name, label, &shown);
}

static void put_latencies(struct writer *writer, const struct tally *sum)
{
    unsigned count = atomic_load(&sum->upstream_count);
    exposition_family(writer, "verbgate_request_duration_seconds", "histogram",
                      "Forwarded requests, from their first byte to their end.");
    for (unsigned i = 0; i < count; i++) {
        put_histogram(writer, "verbgate_request_duration_seconds", sum->upstreams[i]->name,
                      &sum->upstreams[i]->duration);
    }
    exposition_family(writer, "verbgate_time_to_first_byte_seconds", "histogram",
                      "Forwarded requests, from their first byte to the head of the response.");
    for (unsigned i = 0; i < count; i++) {
        put_histogram(writer, "verbgate_time_to_first_byte_seconds", sum->upstreams[i]->name,
                      &sum->upstreams[i]->first_byte);
    }
}

static void put_ends(struct writer *writer, const struct tally *sum)
{
    exposition_family(writer, "verbgate_ends_total", "counter", "Requests by why they ended.");
    for (unsigned i = REASON_COMPLETE; i < REASON_COUNT; i++) {
        char text[64];
        struct writer lower = writer_make(text, sizeof text);
        for (const char *c = reason_name((enum close_reason)i); *c != '\0'; c++) {
            writer_byte(&lower, ascii_lower(*c));
        }
        struct exposition_label label = {"reason", writer_slice(&lower)};
        exposition_sample(writer, "verbgate_ends_total", &label, 1, counter_read(&sum->ends[i]));
    }
}

/* ---- the process */

static void put_reloads(struct writer *writer, const struct gateway_status *status)
{
    static const char name[] = "verbgate_reloads_total";
    struct exposition_label succeeded = {"result", SLICE("ok")};
    struct exposition_label failed = {"result", SLICE("failed")};
    exposition_family(writer, name, "counter", "Reloads by their result.");
    exposition_sample(writer, name, &succeeded, 1, status->reloads.succeeded);
    exposition_sample(writer, name, &failed, 1, status->reloads.failed);
    put_plain(writer, "verbgate_last_reload_successful", "gauge",
              "Whether the last reload succeeded; 1 before the first.",
              status->reloads.last_succeeded);
    put_plain(writer, "verbgate_last_load_success_timestamp_seconds", "gauge",
              "When the policy in force was loaded.", (uint64_t)status->loaded_at);
    put_plain(writer, "verbgate_policy_generation", "gauge",
              "The number of the policy in force, counted from the start.",
              status->policy->generation);
}

static void put_process(struct writer *writer, const struct gateway_status *status)
{
    struct exposition_label versions[] = {
        {"version", SLICE(VERBGATE_VERSION)},
        {"libuv", slice_of(versions_libuv())},
        {"llhttp", slice_of(versions_llhttp())},
    };
    exposition_family(writer, "verbgate_build_info", "gauge", "Versions, as labels of a 1.");
    exposition_sample(writer, "verbgate_build_info", versions, 3, 1);
    put_plain(writer, "verbgate_workers", "gauge", "Worker threads.", status->worker_count);
    put_plain(writer, "verbgate_ready", "gauge", "What /readyz says: 0 while draining.",
              status->is_ready && !status->is_draining);
    put_plain(writer, "process_start_time_seconds", "gauge", "When the process was started.",
              (uint64_t)status->started_at);
    size_t resident = 0;
    if (uv_resident_set_memory(&resident) == 0) {
        put_plain(writer, "process_resident_memory_bytes", "gauge", "Resident memory.", resident);
    }
}

bool metrics_write(struct writer *writer, const struct gateway_status *status)
{
    struct tally *sum = tally_create(status->worker_count);
    if (sum == NULL) {
        return false;
    }
    for (unsigned i = 0; i < status->worker_count; i++) {
        tally_add(sum, status->workers[i].tally);
    }
    put_requests(writer, sum);
    put_latencies(writer, sum);
    put_ends(writer, sum);
    put_plain(writer, "verbgate_request_content_bytes_total", "counter",
              "Content of requests that came.", counter_read(&sum->received_bytes));
    put_plain(writer, "verbgate_response_content_bytes_total", "counter",
              "Content of responses that was sent.", counter_read(&sum->sent_bytes));
    tally_destroy(sum);
    put_proxies(writer, status);
    put_dropped_fields(writer, status);
    put_plain(writer, "verbgate_access_log_lines_dropped_total", "counter",
              "Lines of the access log that were dropped since it was too slow.",
              access_log_dropped(status->access_log));
    put_plain(writer, "verbgate_error_log_lines_dropped_total", "counter",
              "Lines of the error log that were dropped since nobody took them in time.",
              log_dropped());
    put_reloads(writer, status);
    put_process(writer, status);
    return true;
}
