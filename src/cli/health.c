/* Asks the process whether it works or is ready: for containers, whose images have no shell and no curl. */
#include "attempt.h"
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/config/schema.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

enum {
    TIMEOUT_DEFAULT_MS = 2000,
    TIMEOUT_LEAST_MS = 10,
    TIMEOUT_MOST_MS = 60000,
    ADDRESS_TEXT_MAX = 512,
    ADDRESSES_MAX = 2,
    SAID_MAX = 256, /* of an answer that is not verbgate's */
};

struct inquiry {
    char text[ADDRESS_TEXT_MAX]; /* the address as the policy has it */
    struct socket_address addresses[ADDRESSES_MAX];
    unsigned count;
    const char *path;
    unsigned timeout_ms;
};

static int fail(const struct inquiry *inquiry, const char *problem)
{
    fprintf(stderr, "verbgate: %s: %s\n", inquiry->text, problem);
    return COMMAND_FAILED;
}

/* ---- where to */

static void add_loopback(struct inquiry *inquiry, sa_family_t family, uint16_t port)
{
    struct socket_address *address = &inquiry->addresses[inquiry->count++];
    memset(address, 0, sizeof *address);
    address->any.sa_family = family;
    if (family == AF_INET) {
        address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address->v4.sin_port = htons(port);
        address->length = sizeof address->v4;
    } else {
        address->v6.sin6_addr = in6addr_loopback;
        address->v6.sin6_port = htons(port);
        address->length = sizeof address->v6;
    }
}

static bool is_wildcard(const struct socket_address *address)
{
    return address->any.sa_family == AF_INET ? address->v4.sin_addr.s_addr == htonl(INADDR_ANY)
                                             : address->any.sa_family == AF_INET6 &&
                                                   IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

static const char *add_literal(struct inquiry *inquiry, const struct address *address)
{
    struct socket_address literal;
    if (!address_to_socket(address, &literal)) {
        return "this is no address that can be asked";
    }
    if (is_wildcard(&literal)) {
        add_loopback(inquiry, literal.any.sa_family, address->port);
    } else {
        inquiry->addresses[inquiry->count++] = literal;
    }
    return NULL;
}

/* No name is looked up: an image may be without the files of a resolver, and an answer would not be bounded in time. */
static const char *find_addresses(struct inquiry *inquiry)
{
    struct address address;
    const char *problem = address_parse(slice_of(inquiry->text), &address);
    if (problem != NULL) {
        return problem;
    }
    if (address.kind != ADDRESS_UNIX && address.port == 0) {
        return "port 0 is another one at each start: give health a port";
    }
    switch (address.kind) {
    case ADDRESS_IP:
    case ADDRESS_UNIX:
        return add_literal(inquiry, &address);
    case ADDRESS_NAME:
        if (!slice_equal_ignoring_case(address.host, SLICE("localhost"))) {
            return "names are not looked up here: write an IP address or localhost";
        }
        break;
    case ADDRESS_ANY:
        break;
    case ADDRESS_BUILTIN:
    case ADDRESS_INHERITED:
        return "this is no address of health or admin";
    }
    add_loopback(inquiry, AF_INET, address.port);
    add_loopback(inquiry, AF_INET6, address.port);
    return NULL;
}

/* ---- asking */

static const char *connect_any(struct attempt *attempt, const struct inquiry *inquiry)
{
    const char *problem = NULL;
    for (unsigned i = 0; i < inquiry->count; i++) {
        problem = attempt_connect(attempt, &inquiry->addresses[i]);
        if (problem == NULL) {
            break;
        }
    }
    return problem;
}

static const char *read_answer(struct attempt *attempt, struct status_line *line, size_t *end)
{
    const char *problem = attempt_read_line(attempt, 0, line);
    if (problem != NULL) {
        return problem;
    }
    struct field items[FIELDS_MAX];
    struct fields fields;
    fields_init(&fields, items, FIELDS_MAX);
    *end = line->length;
    return attempt_read_fields(attempt, end, &fields);
}

/* The first line. The answer ends with the connection, as it was asked to. */
static struct slice read_said(struct attempt *attempt, size_t start)
{
    while (attempt->used - start < SAID_MAX && attempt_receive(attempt) == NULL) {
    }
    size_t length = attempt->used - start;
    struct slice said =
        slice_make(attempt->received + start, length < SAID_MAX ? length : SAID_MAX);
    return slice_make(said.data, slice_find(said, '\n'));
}

/* Nothing of what was said may reach a terminal as a control sequence. */
static void print_said(FILE *stream, struct slice said)
{
    for (size_t i = 0; i < said.length; i++) {
        char byte = said.data[i];
        fputc(byte < 0x20 || byte > 0x7e ? '?' : byte, stream);
    }
    fputc('\n', stream);
}

static int judge(const struct inquiry *inquiry, unsigned status, struct slice said)
{
    if (status == 200 || status == 503) {
        print_said(stdout, said);
        return status == 200 ? COMMAND_OK : COMMAND_FAILED;
    }
    fprintf(stderr, "verbgate: %s: status %u for %s: is this verbgate?\n", inquiry->text, status,
            inquiry->path);
    return COMMAND_FAILED;
}

static int ask(const struct inquiry *inquiry)
{
    static struct attempt attempt; /* too large for a stack */
    char request[128];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", inquiry->path);
    attempt_start(&attempt, inquiry->timeout_ms);
    const char *problem = connect_any(&attempt, inquiry);
    if (problem != NULL) {
        fprintf(stderr,
                "verbgate: %s: %s: no verbgate runs there, or health was changed and is not in "
                "force yet\n",
                inquiry->text, problem);
        return COMMAND_FAILED;
    }
    struct status_line line;
    size_t end = 0;
    problem = attempt_send(&attempt, slice_of(request));
    problem = problem != NULL ? problem : read_answer(&attempt, &line, &end);
    int result = problem != NULL ? fail(inquiry, problem)
                                 : judge(inquiry, line.status, read_said(&attempt, end));
    attempt_end(&attempt);
    return result;
}

/* ---- the command */

static bool read_timeout(const char *text, unsigned *timeout_ms)
{
    uint64_t value = TIMEOUT_DEFAULT_MS;
    const char *problem = text == NULL ? NULL : schema_read_time(slice_of(text), &value);
    if (problem == NULL && (value < TIMEOUT_LEAST_MS || value > TIMEOUT_MOST_MS)) {
        problem = "it is from 10ms to 1m";
    }
    if (problem != NULL) {
        fprintf(stderr, "verbgate: --timeout %s: %s\n", text, problem);
        return false;
    }
    *timeout_ms = (unsigned)value;
    return true;
}

int command_health(const struct arguments *arguments)
{
    struct inquiry inquiry = {.count = 0};
    const char *path = arguments_policy(arguments);
    if (path == NULL ||
        !read_timeout(arguments_value(arguments, OPTION_TIMEOUT), &inquiry.timeout_ms)) {
        return COMMAND_USAGE;
    }
    inquiry.path = arguments_have(arguments, OPTION_READY) ? "/readyz" : "/healthz";
    if (!policy_file_find_health(path, inquiry.text, sizeof inquiry.text)) {
        fprintf(stderr,
                "verbgate: %s names no address to ask: set health = 127.0.0.1:8081 in [gateway]\n",
                path);
        return COMMAND_FAILED;
    }
    const char *problem = find_addresses(&inquiry);
    return problem != NULL ? fail(&inquiry, problem) : ask(&inquiry);
}
