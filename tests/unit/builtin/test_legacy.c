#include <criterion/criterion.h>

#include "verbgate/builtin/legacy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct legacy *legacy;
static struct socket_address address;
static char answer[8192];

static int connect_to_legacy(void)
{
    struct timeval limit = {.tv_sec = 20};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(client, &address.any, address.length), 0);
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return client;
}

static void start(void)
{
    legacy = legacy_start(&address);
    cr_assert(legacy != NULL);
    cr_assert_eq(address.v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    cr_assert_neq(address.v4.sin_port, 0);
}

/* Reads until the answer ends with `last`, or, without it, until the connection's end. */
static const char *read_answer(int client, const char *last)
{
    size_t length = 0;
    size_t last_length = last == NULL ? 0 : strlen(last);
    answer[0] = '\0';
    while (last == NULL || length < last_length ||
           strcmp(answer + length - last_length, last) != 0) {
        ssize_t count = read(client, answer + length, sizeof answer - 1 - length);
        if (count <= 0) {
            cr_assert(last == NULL && count == 0, "only \"%s\"", answer);
            break;
        }
        length += (size_t)count;
        answer[length] = '\0';
    }
    return answer;
}

static void send_text(int client, const char *text)
{
    cr_assert_eq(write(client, text, strlen(text)), (ssize_t)strlen(text));
}

struct legacy_case {
    const char *request;
    const char *status_line;
    const char *last;
};

static const struct legacy_case cases[] = {
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 ", "Hello from the legacy backend.\n"},
    {"GET /?q=1 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 ", "legacy backend.\n"},
    {"GET /orders HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 ", "order 2: open\n"},
    {"GET /reports/q3 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 ", "fine.\n"},
    {"GET /none HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 404 ", "No such thing here.\n"},
    {"HEAD /orders HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 ", "Content-Length: 28\r\n\r\n"},
    {"POST /orders HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345", "HTTP/1.1 201 ",
     "Taken: 5 bytes.\n"},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n"
     "0\r\n\r\n",
     "HTTP/1.1 201 ", "Taken: 7 bytes.\n"},
    {"POST /reports/q3 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 500 ",
     "cannot write that.\n"},
    {"PATCH / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 500 ", "unexpected request.\n"},
    {"get / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 500 ", "unexpected request.\n"},
};

static void expect_answer(int client, const struct legacy_case *test)
{
    const char *text = read_answer(client, test->last);
    cr_assert(strncmp(text, test->status_line, strlen(test->status_line)) == 0, "%s: %s",
              test->request, text);
}

Test(legacy, answers_as_a_limited_server_does_on_one_connection)
{
    start();
    int client = connect_to_legacy();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send_text(client, cases[i].request);
        expect_answer(client, &cases[i]);
    }
    close(client);
    legacy_stop(legacy);
}

Test(legacy, reads_requests_that_come_byte_by_byte)
{
    start();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int client = connect_to_legacy();
        for (const char *byte = cases[i].request; *byte != '\0'; byte++) {
            cr_assert_eq(write(client, byte, 1), 1);
        }
        expect_answer(client, &cases[i]);
        close(client);
    }
    legacy_stop(legacy);
}

Test(legacy, answers_requests_that_come_in_a_row)
{
    start();
    int client = connect_to_legacy();
    send_text(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
                      "GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
    const char *text = read_answer(client, "No such thing here.\n");
    cr_assert(strstr(text, "legacy backend.\nHTTP/1.1 201 ") != NULL, "%s", text);
    cr_assert(strstr(text, "Taken: 1 bytes.\nHTTP/1.1 404 ") != NULL, "%s", text);
    close(client);
    legacy_stop(legacy);
}

Test(legacy, closes_after_http_1_0_and_after_what_is_no_request)
{
    static const char *const requests[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "no request\r\n\r\n",
        "GET / HTTP/1.1\r\nbad field\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
    };
    start();
    for (unsigned i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int client = connect_to_legacy();
        send_text(client, requests[i]);
        const char *text = read_answer(client, NULL);
        cr_assert_eq(strstr(text, "200") != NULL, i == 0, "%s: %s", requests[i], text);
        close(client);
    }
    legacy_stop(legacy);
}

Test(legacy, bounds_a_head_by_its_buffer)
{
    static char head[64 * 1024];
    memset(head, 'a', sizeof head);
    memcpy(head, "GET / HTTP/1.1\r\nX: ", sizeof "GET / HTTP/1.1\r\nX: " - 1);
    start();
    int client = connect_to_legacy();
    (void)send(client, head, sizeof head, MSG_NOSIGNAL);
    char byte;
    cr_assert(read(client, &byte, 1) <= 0, "it closes, with a reset or without");
    close(client);
    legacy_stop(legacy);
}

Test(legacy, stops_with_connections_open)
{
    start();
    int idle = connect_to_legacy();
    int busy = connect_to_legacy();
    send_text(busy, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123");
    send_text(idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    read_answer(idle, "legacy backend.\n");
    legacy_stop(legacy);
    legacy_stop(NULL);
    char byte;
    cr_assert(read(idle, &byte, 1) <= 0);
    cr_assert(read(busy, &byte, 1) <= 0);
    close(idle);
    close(busy);
}
