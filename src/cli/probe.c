#include "probe.h"

#include "verbgate/http/message.h"
#include "verbgate/http/reply.h"
#include "verbgate/http/status_line.h"
#include "verbgate/http/target.h"
#include "verbgate/net/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_MAX = 64 * 1024, REQUEST_MAX = 4096, INTERIM_MAX = 16, ADDRESS_TEXT_MAX = 300 };

/* One request on a connection of its own. */
struct attempt {
    int descriptor;
    int64_t deadline_ms;
    char head[HEAD_MAX];
    size_t used;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

/* ---- one connection */

static bool wait_for(const struct attempt *attempt, short events)
{
    for (;;) {
        int64_t left = attempt->deadline_ms - now_ms();
        if (left <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        struct pollfd wanted = {.fd = attempt->descriptor, .events = events};
        int count = poll(&wanted, 1, (int)left);
        if (count > 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            return false;
        }
    }
}

static bool connect_to(struct attempt *attempt, const struct socket_address *address)
{
    attempt->descriptor =
        socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (attempt->descriptor < 0) {
        return false;
    }
    int error = 0;
    socklen_t length = sizeof error;
    if (connect(attempt->descriptor, &address->any, address->length) != 0 &&
        (errno != EINPROGRESS || !wait_for(attempt, POLLOUT) ||
         getsockopt(attempt->descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0 ||
         error != 0)) {
        error = error != 0 ? error : errno;
        close(attempt->descriptor);
        attempt->descriptor = -1;
        errno = error;
        return false;
    }
    return true;
}

static bool send_all(struct attempt *attempt, struct slice request)
{
    while (request.length > 0) {
        ssize_t count = send(attempt->descriptor, request.data, request.length, MSG_NOSIGNAL);
        if (count >= 0) {
            request = slice_after(request, (size_t)count);
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(attempt, POLLOUT)) {
            return false;
        }
    }
    return true;
}

/* More of the response's head; false with a reason. */
static const char *receive(struct attempt *attempt)
{
    if (attempt->used == sizeof attempt->head) {
        return "the head of the response is larger than 64 KiB";
    }
    for (;;) {
        ssize_t count = recv(attempt->descriptor, attempt->head + attempt->used,
                             sizeof attempt->head - attempt->used, 0);
        if (count > 0) {
            attempt->used += (size_t)count;
            return NULL;
        }
        if (count == 0) {
            return "the connection ended before a whole response";
        }
        if ((errno != EAGAIN && errno != EINTR) || !wait_for(attempt, POLLIN)) {
            return errno == ETIMEDOUT ? "no response in 5 seconds" : strerror(errno);
        }
    }
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

static const char *read_line(struct attempt *attempt, size_t start, struct status_line *line)
{
    for (;;) {
        enum http_fault fault = FAULT_NONE;
        switch (status_line_scan(attempt->head + start, attempt->used - start, line, &fault)) {
        case SCAN_DONE:
            return NULL;
        case SCAN_BAD:
            return fault_sentence(fault);
        case SCAN_MORE:
            break;
        }
        const char *problem = receive(attempt);
        if (problem != NULL) {
            return problem;
        }
    }
}

/* Reads the fields from *end on, and moves it behind them. */
static const char *read_fields(struct attempt *attempt, size_t *end, struct fields *fields)
{
    struct message message;
    message_start(&message, MESSAGE_RESPONSE, fields, NULL);
    for (;;) {
        size_t used = 0;
        enum message_status status =
            message_read_fields(&message, attempt->head + *end, attempt->used - *end, &used);
        *end += used;
        if (status == MESSAGE_DONE) {
            return NULL;
        }
        const char *problem =
            status == MESSAGE_BAD ? fault_sentence(message_fault(&message)) : receive(attempt);
        if (problem != NULL) {
            return problem;
        }
    }
}

/* The final response; interim ones before it are skipped. */
static const char *read_response(struct attempt *attempt, struct probe_answer *answer)
{
    size_t start = 0;
    for (unsigned i = 0; i <= INTERIM_MAX; i++) {
        struct status_line line;
        const char *problem = read_line(attempt, start, &line);
        if (problem != NULL) {
            return problem;
        }
        struct field items[FIELDS_MAX];
        struct fields fields;
        fields_init(&fields, items, FIELDS_MAX);
        size_t end = start + line.length;
        problem = read_fields(attempt, &end, &fields);
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
        attempt = (struct attempt){.deadline_ms = now_ms() + PROBE_TIMEOUT_MS};
        if (!connect_to(&attempt, &addresses[i])) {
            problem = strerror(errno);
            continue;
        }
        problem = send_all(&attempt, request) ? read_response(&attempt, answer) : strerror(errno);
        close(attempt.descriptor);
        break;
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
