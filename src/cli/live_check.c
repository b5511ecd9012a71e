#include "verbgate/cli/live_check.h"

#include "live_finding.h"
#include "live_jobs.h"
#include "live_paths.h"
#include "verbgate/net/listener.h"
#include "verbgate/net/resolver.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- servers, on a thread */

static void find(struct live_job *job, enum diagnostic_severity severity, const char *hint,
                 const char *sentence, const char *reason)
{
    job->severity = severity;
    job->hint = hint;
    snprintf(job->message, sizeof job->message, "the server %.*s of upstream %.*s %s%s",
             SLICE_PRINT(job->text), SLICE_PRINT(job->owner), sentence, reason);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the connection stands or has failed. 0, or errno. */
static int finish_connecting(int descriptor, int64_t deadline_ms)
{
    struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};
    int count;
    do {
        int64_t left = deadline_ms - now_ms();
        count = poll(&wanted, 1, left > 0 ? (int)left : 0);
    } while (count < 0 && errno == EINTR);
    int error = count == 0 ? ETIMEDOUT : errno;
    socklen_t length = sizeof error;
    if (count > 0 && getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        error = errno;
    }
    return error;
}

/* 0, or errno. */
static int try_connection(const struct socket_address *address, int64_t deadline_ms)
{
    int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    int descriptor = socket(address->any.sa_family, type, 0);
    if (descriptor < 0) {
        return errno;
    }
    int error = connect(descriptor, &address->any, address->length) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        error = finish_connecting(descriptor, deadline_ms);
    }
    close(descriptor);
    return error;
}

static void run_server(struct live_job *job)
{
    struct socket_address addresses[RESOLVER_ADDRESSES_MAX];
    unsigned count = 0;
    const char *problem = resolver_resolve(job->address, addresses, &count);
    if (problem != NULL) {
        find(job, DIAGNOSTIC_ERROR, "correct the name, or write an address",
             "cannot be resolved: ", problem);
        return;
    }
    int error = 0;
    int64_t deadline_ms = now_ms() + LIVE_CONNECT_MS;
    for (unsigned i = 0; i < count; i++) {
        error = try_connection(&addresses[i], deadline_ms);
        if (error == 0) {
            find(job, DIAGNOSTIC_NOTE, NULL, "takes connections", "");
            return;
        }
    }
    find(job, DIAGNOSTIC_WARNING,
         "start it, or correct the address; until then requests get 502 or 504",
         "takes no connection: ", strerror(error));
}

/* ---- listeners, on a thread */

static void run_listener(struct live_job *job)
{
    struct socket_address addresses[RESOLVER_ADDRESSES_MAX] = {{.length = 0}};
    unsigned count = 0;
    char reason[LISTENER_PROBLEM_MAX];
    const char *problem = job->address->kind == ADDRESS_ANY
                              ? NULL
                              : resolver_resolve(job->address, addresses, &count);
    job->severity = DIAGNOSTIC_ERROR;
    if (problem != NULL) {
        snprintf(job->message, sizeof job->message, "cannot listen on %.*s: %s",
                 SLICE_PRINT(job->text), problem);
        return;
    }
    switch (listener_try(job->address, &addresses[0], reason)) {
    case LISTENER_FREE:
        job->severity = DIAGNOSTIC_NOTE;
        snprintf(job->message, sizeof job->message, "%.*s can be bound", SLICE_PRINT(job->text));
        break;
    case LISTENER_TAKEN:
        job->severity = DIAGNOSTIC_NOTE;
        snprintf(job->message, sizeof job->message,
                 "%.*s is in use: by the gateway that runs already, or else a start fails",
                 SLICE_PRINT(job->text));
        break;
    case LISTENER_IMPOSSIBLE:
        snprintf(job->message, sizeof job->message, "%s", reason);
        break;
    }
}

/* The socket comes with the start: nothing can be tried. */
static void run_inherited(struct live_job *job)
{
    job->severity = DIAGNOSTIC_NOTE;
    snprintf(job->message, sizeof job->message, "%.*s comes from the service manager at the start",
             SLICE_PRINT(job->text));
}

/* ---- all of them */

static void add_listener(struct live_job *job, const struct address *bind, struct slice text,
                         struct rule_source source)
{
    bool is_inherited = bind->kind == ADDRESS_INHERITED;
    *job = (struct live_job){.run = is_inherited ? run_inherited : run_listener,
                             .address = bind,
                             .text = text,
                             .source = source};
}

static unsigned add_admin(struct live_job *job, const struct policy_admin *admin)
{
    if (!admin->is_on) {
        return 0;
    }
    struct rule_source source = {admin->file, admin->line};
    add_listener(job, &admin->bind, admin->bind_text, source);
    return 1;
}

static unsigned add_servers(struct live_job *jobs, const struct policy_upstream *upstream)
{
    unsigned count = 0;
    for (unsigned i = 0; i < upstream->server_count; i++) {
        const struct policy_server *server = &upstream->servers[i];
        if (server->address.kind != ADDRESS_BUILTIN) {
            jobs[count++] = (struct live_job){.run = run_server,
                                              .address = &server->address,
                                              .text = server->text,
                                              .owner = upstream->name,
                                              .source = server->source};
        }
    }
    return count;
}

static unsigned add_jobs(struct live_job *jobs, const struct policy *policy)
{
    unsigned count = 0;
    for (unsigned i = 0; i < policy->listener_count; i++) {
        const struct policy_listener *listener = &policy->listeners[i];
        add_listener(&jobs[count++], &listener->bind, listener->bind_text, listener->source);
    }
    count += add_admin(&jobs[count], &policy->process.admin);
    count += add_admin(&jobs[count], &policy->process.health);
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        count += add_servers(&jobs[count], &policy->upstreams[i]);
    }
    return count;
}

static unsigned count_places(const struct policy *policy)
{
    unsigned count = policy->listener_count + 2; /* admin and health */
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        count += policy->upstreams[i].server_count;
    }
    return count;
}

static void check_addresses(const struct policy *policy, struct diagnostics *diagnostics)
{
    struct live_job *places = calloc(count_places(policy), sizeof *places);
    unsigned count = places == NULL ? 0 : add_jobs(places, policy);
    if (places == NULL) {
        live_finding_add(diagnostics, (struct rule_source){NULL, 0}, DIAGNOSTIC_ERROR, NULL,
                         "out of memory: names and addresses were not tried");
        return;
    }
    const struct live_job *jobs = live_jobs_run(places, count, policy);
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].is_done) {
            live_finding_add(diagnostics, jobs[i].source, jobs[i].severity, jobs[i].hint,
                             jobs[i].message);
            continue;
        }
        char message[256];
        snprintf(message, sizeof message, "%.*s: no result within %d s", SLICE_PRINT(jobs[i].text),
                 LIVE_MOST_MS / 1000);
        live_finding_add(diagnostics, jobs[i].source, DIAGNOSTIC_ERROR,
                         "look whether its name can be looked up on this machine", message);
    }
}

void live_check(const struct policy *policy, struct diagnostics *diagnostics)
{
    check_addresses(policy, diagnostics);
    live_paths_check(policy, diagnostics);
}
