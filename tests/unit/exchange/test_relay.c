#include <criterion/criterion.h>

#include "verbgate/exchange/relay.h"

#include <unistd.h>

struct relay_case {
    enum framing_kind framing;
    const char *head;
    const char *content;
    bool is_last;
    bool has_trailers;
    const char *expected;
};

static const struct relay_case cases[] = {
    {FRAMING_NONE, "head\r\n\r\n", "", false, false, "head\r\n\r\n"},
    {FRAMING_NONE, "head\r\n\r\n", "", true, true, "head\r\n\r\n"},
    {FRAMING_LENGTH, "head\r\n\r\n", "abc", true, true, "head\r\n\r\nabc"},
    {FRAMING_LENGTH, "", "abc", false, false, "abc"},
    {FRAMING_UNTIL_CLOSE, "", "abc", true, true, "abc"},
    {FRAMING_UNTIL_CLOSE, "", "", true, false, ""},
    {FRAMING_CHUNKED, "head\r\n\r\n", "", false, false, "head\r\n\r\n"},
    {FRAMING_CHUNKED, "head\r\n\r\n", "abc", false, true, "head\r\n\r\n3\r\nabc\r\n"},
    {FRAMING_CHUNKED, "", "0123456789abcdef", false, false, "10\r\n0123456789abcdef\r\n"},
    {FRAMING_CHUNKED, "", "abc", true, false, "3\r\nabc\r\n0\r\n\r\n"},
    {FRAMING_CHUNKED, "", "abc", true, true, "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"},
    {FRAMING_CHUNKED, "", "", true, true, "0\r\nX-Sum: 1\r\n\r\n"},
    {FRAMING_CHUNKED, "", "", true, false, "0\r\n\r\n"},
};

static void on_closed(struct stream *stream)
{
    (void)stream;
}

static const struct stream_events events = {.on_closed = on_closed};

static struct context context;
static char out_bytes[256];
static char tail_bytes[256];

static void expect_sent(struct stream *stream, int peer, const struct relay_case *test)
{
    static struct trailers trailers;
    fields_init(&trailers.fields, trailers.items, MESSAGE_TRAILERS_MAX);
    cr_assert_eq(fields_add(&trailers.fields, SLICE("X-Sum"), SLICE("1")), FAULT_NONE);
    writer_string(&context.out, test->head);
    cr_assert_eq(relay_send(&context, stream, test->framing, slice_of(test->content), test->is_last,
                            test->has_trailers ? &trailers : NULL),
                 STREAM_SENT);
    char bytes[512];
    ssize_t count = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT);
    size_t length = count < 0 ? 0 : (size_t)count;
    cr_assert(slice_equal(slice_make(bytes, length), slice_of(test->expected)), "case %td: %.*s",
              test - cases, (int)length, bytes);
    cr_assert_eq(context.out.length, 0, "the head is sent once");
}

Test(relay, frames_content_in_one_write)
{
    int pair[2];
    uv_loop_t loop;
    struct stream stream;
    context.out = writer_make(out_bytes, sizeof out_bytes);
    context.tail = writer_make(tail_bytes, sizeof tail_bytes);
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    cr_assert_eq(stream_init_accepted(&stream, &loop, AF_UNIX, pair[0], &events), 0);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_sent(&stream, pair[1], &cases[i]);
    }
    stream_close(&stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
    close(pair[1]);
}
