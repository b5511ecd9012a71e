#include "probe.h"

#include "attempt.h"
#include "verbgate/http/reply.h"
#include "verbgate/http/target.h"
#include "verbgate/net/resolver.h"

#include <stdio.h>
#include <sys/random.h>

enum { REQUEST_MAX = 4096, INTERIM_MAX = 16, ADDRESS_TEXT_MAX = 300 };

/* ---- where to */

/* "http://host:port/path" into an address and a path; the address is written into `text`. */
static const char *split_url(struct slice url, struct writer *text, struct probe *probe)
{
    probe->path = SLICE("/");
    for (size_t i = 0; i < url.length; i++) {
        /* It goes into the policy's text too. */
        if (url.data[i] < 0x21 || url.data[i] > 0x7e || strchr("\"#;$\\", url.data[i]) != NULL) {
            return "the URL has a character that has to be percent-encoded";
        }
    }
    if (slice_starts_with(url, SLICE("unix:"))) {
        writer_put(text, url);
        return text->overflow ? "the path of the socket is too long" : NULL;
    }
    if (slice_starts_with(url, SLICE("https://"))) {
        return "https is not spoken here: probe the backend behind it with http";
    }
    struct target target;
    struct slice host;
    if (!slice_starts_with(url, SLICE("http://")) ||
        target_parse(url, METHOD_GET, &target) != FAULT_NONE ||
        target_split_host(target.authority, false, &host) != FAULT_NONE) {
        return "write http://host:port/path or unix:/path";
    }
    probe->path =
        target.needs_slash || target.path_query.length == 0 ? SLICE("/") : target.path_query;
    writer_put(text, target.authority);
    if (host.length == target.authority.length) {
        writer_literal(text, ":80");
    }
    return text->overflow ? "the host is too long" : NULL;
}

/* ---- one response */

static void note_list(struct probe_answer *answer, const struct fields *fields)
{
    struct writer list = writer_make(answer->list, sizeof answer->list);
    for (unsigned i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        if (slice_equal_ignoring_case(field->name, SLICE("allow")) ||
            slice_equal_ignoring_case(field->name, SLICE("public"))) {
            answer->has_allow = true;
            writer_string(&list, list.length > 0 ? ", " : "");
            writer_put(&list, field->value);
        }
    }
    answer->list_length = list.length;
}

/* The final response; interim ones before it are skipped. */
static const char *read_response(struct attempt *attempt, struct probe_answer *answer)
{
    size_t start = 0;
    for (unsigned i = 0; i <= INTERIM_MAX; i++) {
        struct status_line line;
        const char *problem = attempt_read_line(attempt, start, &line);
        if (problem != NULL) {
            return problem;
        }
        struct field items[FIELDS_MAX];
        struct fields fields;
        fields_init(&fields, items, FIELDS_MAX);
        size_t end = start + line.length;
        problem = attempt_read_fields(attempt, &end, &fields);
        if (problem != NULL) {
            return problem;
        }
        if (line.status >= 200 || line.status == 101) {
            answer->status = line.status;
            note_list(answer, &fields);
            return NULL;
        }
        start = end;
    }
    return "too many interim responses";
}

/* ---- all of them */

static void ask(const struct socket_address *addresses, unsigned count, struct slice request,
                struct probe_answer *answer)
{
    static struct attempt attempt; /* too large for a stack, and one at a time */
    const char *problem = "no address";
    for (unsigned i = 0; i < count; i++) {
        attempt_start(&attempt, PROBE_TIMEOUT_MS);
        problem = attempt_connect(&attempt, &addresses[i]);
        if (problem == NULL) {
            problem = attempt_send(&attempt, request);
            problem = problem != NULL ? problem : read_response(&attempt, answer);
            attempt_end(&attempt);
            break;
        }
    }
    if (problem != NULL) {
        snprintf(answer->problem, sizeof answer->problem, "%s", problem);
    }
}

static void make_control(char control[PROBE_CONTROL_BYTES])
{
    unsigned char bytes[8] = {0};
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        memset(bytes, 'Q', sizeof bytes);
    }
    struct writer writer = writer_make(control, PROBE_CONTROL_BYTES - 1);
    writer_literal(&writer, "VG");
    for (size_t i = 0; i < sizeof bytes; i++) {
        writer_byte(&writer, (char)('A' + bytes[i] % 26));
    }
    control[writer.length] = '\0';
}

static struct slice write_request(struct writer *writer, const struct probe *probe,
                                  enum probe_request request)
{
    const struct slice methods[PROBE_COUNT] = {[PROBE_CONTROL] = probe->control,
                                               [PROBE_GET] = SLICE("GET"),
                                               [PROBE_HEAD] = SLICE("HEAD"),
                                               [PROBE_OPTIONS] = SLICE("OPTIONS"),
                                               [PROBE_OPTIONS_STAR] = SLICE("OPTIONS")};
    struct slice path = request == PROBE_OPTIONS_STAR ? SLICE("*") : probe->path;
    bool is_unix = slice_starts_with(probe->server, SLICE("unix:"));
    writer_format(writer,
                  "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: verbgate-learn\r\n"
                  "Accept: */*\r\nConnection: close\r\n\r\n",
                  SLICE_PRINT(methods[request]), SLICE_PRINT(path),
                  SLICE_PRINT(is_unix ? SLICE("localhost") : probe->server));
    return writer_slice(writer);
}

const char *probe_run(const char *url, char control[PROBE_CONTROL_BYTES], struct probe *probe)
{
    static char text[ADDRESS_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    *probe = (struct probe){.server = SLICE("")};
    const char *problem = split_url(slice_of(url), &writer, probe);
    if (problem != NULL) {
        return problem;
    }
    probe->server = writer_slice(&writer);
    struct address address;
    problem = address_parse(probe->server, &address);
    struct socket_address addresses[RESOLVER_ADDRESSES_MAX];
    unsigned count = 0;
    if (problem == NULL && address.kind == ADDRESS_BUILTIN) {
        problem = "the built-in backend is not running";
    }
    problem = problem != NULL ? problem : resolver_resolve(&address, addresses, &count);
    if (problem != NULL) {
        return problem;
    }
    make_control(control);
    probe->control = slice_of(control);
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        char request_text[REQUEST_MAX];
        struct writer request = writer_make(request_text, sizeof request_text);
        struct slice bytes = write_request(&request, probe, (enum probe_request)i);
        if (request.overflow) {
            return "the URL is too long";
        }
        ask(addresses, count, bytes, &probe->answers[i]);
    }
    return NULL;
}
