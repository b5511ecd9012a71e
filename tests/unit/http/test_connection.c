#include <criterion/criterion.h>

#include "verbgate/http/connection.h"

enum { FIELDS_IN_A_CASE = 6 };

struct connection_case {
    /* Field lines without CRLF, "Name: value", up to the first NULL. */
    const char *lines[FIELDS_IN_A_CASE];
    unsigned minor;
    bool is_persistent, wants_upgrade, takes_trailers;
    /* One character a line: '-' for hop-by-hop, '+' for forwarded. */
    const char *marks;
};

static const struct connection_case cases[] = {
    {{"Host: a"}, 1, true, false, false, "+"},
    {{"Host: a"}, 0, false, false, false, "+"},
    {{"Host: a"}, 9, true, false, false, "+"},
    {{"Connection: close"}, 1, false, false, false, "-"},
    {{"connection: CLOSE"}, 1, false, false, false, "-"},
    {{"Connection: closed"}, 1, true, false, false, "-"},
    {{"Connection: keep-alive"}, 1, true, false, false, "-"},
    {{"Connection: keep-alive"}, 0, true, false, false, "-"},
    {{"Connection: Keep-Alive", "Keep-Alive: timeout=5"}, 0, true, false, false, "--"},
    {{"Keep-Alive: 5", "Connection: KEEP-ALIVE", "Keep-alive: 6"}, 1, true, false, false, "---"},
    {{"Connection: keep-alive, close"}, 0, false, false, false, "-"},
    {{"Connection: close", "Connection: keep-alive"}, 1, false, false, false, "--"},
    {{"Connection: keep-alive", "Connection: close"}, 1, false, false, false, "--"},
    {{"Connection:"}, 1, true, false, false, "-"},
    {{"Connection: , ,"}, 1, true, false, false, "-"},
    {{"Proxy-Connection: close"}, 1, true, false, false, "-"},
    {{"Proxy-Connection: keep-alive"}, 0, false, false, false, "-"},

    {{"Connection: upgrade", "Upgrade: websocket"}, 1, true, true, false, "--"},
    {{"Connection: keep-alive, Upgrade", "Upgrade: h2c"}, 1, true, true, false, "--"},
    {{"Connection: upgrade", "Upgrade: websocket"}, 0, false, false, false, "--"},
    {{"Connection: upgrade"}, 1, true, false, false, "-"},
    {{"Connection: upgrade", "Upgrade:"}, 1, true, false, false, "--"},
    {{"Upgrade: websocket"}, 1, true, false, false, "-"},

    {{"Connection: TE", "TE: trailers"}, 1, true, false, true, "--"},
    {{"Connection: te", "TE: gzip;q=0.5, Trailers"}, 1, true, false, true, "--"},
    {{"Connection: TE", "TE: gzip", "TE: trailers"}, 1, true, false, true, "---"},
    {{"Connection: TE", "TE: gzip"}, 1, true, false, false, "--"},
    {{"Connection: TE", "TE: trailersx"}, 1, true, false, false, "--"},
    {{"TE: trailers"}, 1, true, false, false, "-"},
    {{"Connection: TE", "TE: trailers"}, 0, false, false, false, "--"},

    /* Nominated fields end here, in any case and however often they occur. */
    {{"Connection: X-A", "X-B: 1", "x-a: 2", "X-A: 3", "X-AA: 4"}, 1, true, false, false, "-+--+"},
    {{"X-A: 1", "Connection: close, x-a"}, 1, false, false, false, "--"},
    {{"Connection: Accept, referer", "Accept: a", "Referer: b"}, 1, true, false, false, "---"},
    {{"Connection: trailer", "Trailer: a"}, 1, true, false, false, "--"},
    {{"Connection: close", "Close: 1"}, 1, false, false, false, "--"},
    {{"Connection: x-not-there", "X-A: 1"}, 1, true, false, false, "-+"},

    /* The fields of the table that are hop-by-hop need no nomination. */
    {{"Transfer-Encoding: chunked", "HTTP2-Settings: x", "Keep-Alive: 1", "TE: a", "Trailer: b"},
     1,
     true,
     false,
     false,
     "----+"},

    /* Protected ones are not taken away: auth, routing and meaning would change. */
    {{"Connection: host, content-length", "Host: a", "Content-Length: 5"},
     1,
     true,
     false,
     false,
     "-++"},
    {{"Connection: authorization, cookie, via", "Authorization: a", "Cookie: b", "Via: c"},
     1,
     true,
     false,
     false,
     "-+++"},
    {{"Connection: X-Forwarded-For, x-forwarded-host", "X-Forwarded-For: 1", "X-Forwarded-Host: h"},
     1,
     true,
     false,
     false,
     "-++"},
    {{"Connection: content-type, expect", "Content-Type: a", "Expect: 100-continue"},
     1,
     true,
     false,
     false,
     "-++"},
    {{"Connection: transfer-encoding", "Transfer-Encoding: chunked"}, 1, true, false, false, "--"},
    {{"Connection: x-forwarded-port, x-forwarded, client-cert-chain", "X-Forwarded-Port: 1",
      "X-Forwarded: a", "Client-Cert-Chain: c"},
     1,
     true,
     false,
     false,
     "-+++"},
    {{"Connection: x-real-ip, x-request-id", "X-Real-IP: a", "X-Request-ID: c"},
     1,
     true,
     false,
     false,
     "-++"},
    /* A nomination takes away what has that name, not what may be taken for it, nor others of its family. */
    {{"Connection: x_forwarded_for", "X-Forwarded-For: 1", "X_Forwarded_For: 2"},
     1,
     true,
     false,
     false,
     "-+-"},
    {{"Connection: access-control-request-headers", "Access-Control-Request-Headers: a",
      "Access-Control-Request-Method: b"},
     1,
     true,
     false,
     false,
     "--+"},
    /* What may be taken for a framing field goes no further; in a request it is a fault. */
    {{"Content_Length: 5", "transfer.encoding: x", "X_Own: 1"}, 1, true, false, false, "--+"},
};

static void add_lines(struct fields *fields, const char *const *lines)
{
    for (unsigned i = 0; i < FIELDS_IN_A_CASE && lines[i] != NULL; i++) {
        struct slice line = slice_of(lines[i]);
        size_t colon = slice_find(line, ':');
        enum http_fault fault = fields_add(fields, slice_make(line.data, colon),
                                           slice_trim(slice_after(line, colon + 1)));
        cr_assert_eq(fault, FAULT_NONE);
    }
}

Test(connection, reads_options_and_marks_fields)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct connection_case *c = &cases[i];
        struct field items[FIELDS_IN_A_CASE];
        struct fields fields;
        fields_init(&fields, items, FIELDS_IN_A_CASE);
        add_lines(&fields, c->lines);
        struct connection_info info;
        cr_assert_eq(connection_read(&fields, c->minor, &info), FAULT_NONE, "case %zu", i);
        cr_assert_eq(info.is_persistent, c->is_persistent, "case %zu (%s)", i, c->lines[0]);
        cr_assert_eq(info.wants_upgrade, c->wants_upgrade, "case %zu (%s)", i, c->lines[0]);
        cr_assert_eq(info.takes_trailers, c->takes_trailers, "case %zu (%s)", i, c->lines[0]);
        cr_assert_eq(fields.count, strlen(c->marks), "case %zu", i);
        for (unsigned j = 0; j < fields.count; j++) {
            cr_assert_eq(items[j].is_hop_by_hop, c->marks[j] == '-', "case %zu: %s", i,
                         c->lines[j]);
        }
    }
}

Test(connection, refuses_options_that_are_no_tokens)
{
    static const char *const lines[][FIELDS_IN_A_CASE] = {
        {"Connection: a b"},      {"Connection: \"close\""}, {"Connection: close;q=1"},
        {"Connection: close, @"}, {"Connection: x\x80"},     {"Connection: close", "Connection: /"},
        {"Connection: a=b"},      {"Connection: \"a, close"}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct field items[FIELDS_IN_A_CASE];
        struct fields fields;
        fields_init(&fields, items, FIELDS_IN_A_CASE);
        add_lines(&fields, lines[i]);
        struct connection_info info = {.takes_trailers = true};
        cr_assert_eq(connection_read(&fields, 1, &info), FAULT_CONNECTION_OPTIONS, "case %zu", i);
        cr_assert(info.takes_trailers && !info.is_persistent, "info is left alone");
    }
}

/* `count` options on two lines. */
static enum http_fault read_many(unsigned count)
{
    char values[2][128] = {"", ""};
    size_t lengths[2] = {0, 0};
    for (unsigned i = 0; i < count; i++) {
        memcpy(values[i % 2] + lengths[i % 2], "a, ", 3);
        lengths[i % 2] += 3;
    }
    struct field items[2];
    struct fields fields;
    fields_init(&fields, items, 2);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(fields_add(&fields, SLICE("Connection"), slice_make(values[i], lengths[i])),
                     FAULT_NONE);
    }
    struct connection_info info;
    return connection_read(&fields, 1, &info);
}

/* `count` lines that say one thing, which is the way of nearly all messages and is read faster. */
static enum http_fault read_many_lines(unsigned count)
{
    struct field items[CONNECTION_OPTIONS_MAX + 1];
    struct fields fields;
    fields_init(&fields, items, CONNECTION_OPTIONS_MAX + 1);
    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(fields_add(&fields, SLICE("Connection"), SLICE("Keep-Alive")), FAULT_NONE);
    }
    struct connection_info info;
    return connection_read(&fields, 1, &info);
}

Test(connection, bounds_the_options_of_one_message)
{
    cr_assert_eq(read_many_lines(CONNECTION_OPTIONS_MAX), FAULT_NONE);
    cr_assert_eq(read_many_lines(CONNECTION_OPTIONS_MAX + 1), FAULT_CONNECTION_OPTIONS);
    cr_assert_eq(read_many(CONNECTION_OPTIONS_MAX), FAULT_NONE);
    cr_assert_eq(read_many(CONNECTION_OPTIONS_MAX + 1), FAULT_CONNECTION_OPTIONS);
}
