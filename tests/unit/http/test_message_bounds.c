/* What a peer may send of chunk framing and of trailers is bounded. */
#include <criterion/criterion.h>

#include "started_content.h"

#include <stdlib.h>

/* Feeds `repeated` until a fault comes or `limit` bytes have been taken; returns the bytes. */
static size_t feed_repeatedly(struct message *message, struct slice start, struct slice repeated,
                              size_t limit)
{
    size_t total = 0;
    struct slice next = start;
    while (total < limit) {
        char piece[8192];
        cr_assert_leq(next.length, sizeof piece);
        memcpy(piece, next.data, next.length);
        size_t used;
        struct slice content;
        if (message_read_chunks(message, piece, next.length, &used, &content) == MESSAGE_BAD) {
            return total;
        }
        total += next.length;
        next = repeated;
    }
    return total;
}

static size_t feed_content(struct slice start, struct slice repeated, enum http_fault *fault)
{
    static const size_t limit = 1024 * 1024;
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    struct message message;
    start_content(&message, MESSAGE_REQUEST, plain_head, &fields, NULL);
    size_t total = feed_repeatedly(&message, start, repeated, limit);
    *fault = message_fault(&message);
    return total;
}

Test(message_bounds, bounds_one_endless_extension)
{
    enum http_fault fault;
    size_t total = feed_content(SLICE("5;a="), SLICE("bbbbbbbbbbbbbbbb"), &fault);
    cr_assert_eq(fault, FAULT_CHUNK_OVERHEAD);
    cr_assert_leq(total, CHUNK_OVERHEAD_MAX);
    cr_assert_geq(total, CHUNK_OVERHEAD_MAX - 16);
}

Test(message_bounds, bounds_endless_trailers_that_nobody_keeps)
{
    enum http_fault fault;
    size_t total = feed_content(SLICE("0\r\n"), SLICE("Name: value\r\n"), &fault);
    cr_assert_eq(fault, FAULT_CHUNK_OVERHEAD);
    cr_assert_leq(total, CHUNK_OVERHEAD_MAX);
}

Test(message_bounds, bounds_long_extensions_of_one_byte_chunks)
{
    char chunk[4096];
    memset(chunk, 'e', sizeof chunk);
    memcpy(chunk, "1;", 2);
    memcpy(chunk + sizeof chunk - 5, "\r\nx\r\n", 5);
    enum http_fault fault;
    struct slice repeated = slice_make(chunk, sizeof chunk);
    size_t total = feed_content(repeated, repeated, &fault);
    cr_assert_eq(fault, FAULT_CHUNK_OVERHEAD);
    cr_assert_leq(total, 5 * sizeof chunk);
}

Test(message_bounds, never_refuses_honest_one_byte_chunks)
{
    enum http_fault fault;
    size_t total = feed_content(SLICE("1\r\na\r\n"), SLICE("1\r\nb\r\n1\r\nc\r\n"), &fault);
    cr_assert_eq(fault, FAULT_NONE);
    cr_assert_geq(total, 1024 * 1024);
}

static enum http_fault read_trailers_of(enum message_kind kind, struct slice text,
                                        struct trailers *trailers)
{
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    struct message message;
    start_content(&message, kind, plain_head, &fields, trailers);
    char *copy = malloc(text.length);
    memcpy(copy, text.data, text.length);
    size_t used;
    struct slice content;
    enum message_status status = message_read_chunks(&message, copy, text.length, &used, &content);
    free(copy);
    cr_assert_neq(status, MESSAGE_MORE);
    return message_fault(&message);
}

static enum http_fault read_trailers(struct slice text, struct trailers *trailers)
{
    return read_trailers_of(MESSAGE_RESPONSE, text, trailers);
}

Test(message_bounds, bounds_the_count_of_trailers)
{
    for (unsigned count = MESSAGE_TRAILERS_MAX; count <= MESSAGE_TRAILERS_MAX + 1; count++) {
        char text[256] = "0\r\n";
        size_t length = 3;
        for (unsigned i = 0; i < count; i++) {
            memcpy(text + length, "T: v\r\n", 6);
            length += 6;
        }
        memcpy(text + length, "\r\n", 2);
        struct trailers trailers;
        cr_assert_eq(read_trailers(slice_make(text, length + 2), &trailers),
                     count <= MESSAGE_TRAILERS_MAX ? FAULT_NONE : FAULT_TRAILERS_TOO_LARGE);
        cr_assert_eq(trailers.fields.count, MESSAGE_TRAILERS_MAX);
    }
}

Test(message_bounds, bounds_the_text_of_trailers)
{
    enum { ROOM = MESSAGE_TRAILER_BYTES - 1 };
    for (size_t extra = 0; extra <= 1; extra++) {
        char text[ROOM + 32];
        struct slice start = SLICE("0\r\nT: ");
        memcpy(text, start.data, start.length);
        memset(text + start.length, 'v', ROOM + extra);
        size_t length = start.length + ROOM + extra;
        memcpy(text + length, "\r\n\r\n", 4);
        struct trailers trailers;
        cr_assert_eq(read_trailers(slice_make(text, length + 4), &trailers),
                     extra == 0 ? FAULT_NONE : FAULT_TRAILERS_TOO_LARGE);
        cr_assert_leq(trailers.used, MESSAGE_TRAILER_BYTES);
    }
}

Test(message_bounds, refuses_a_twin_of_a_framing_field_in_trailers_of_requests)
{
    static const struct {
        struct slice text;
        enum http_fault fault;
    } cases[] = {
        {SLICE("0\r\nContent_Length: 4\r\n\r\n"), FAULT_LENGTH_TWIN},
        {SLICE("0\r\nX-A: 1\r\nCONTENT.length:\r\n\r\n"), FAULT_LENGTH_TWIN},
        {SLICE("0\r\nTransfer_Encoding: chunked\r\n\r\n"), FAULT_CODING_TWIN},
        {SLICE("0\r\nContent-Length: 4\r\n\r\n"), FAULT_NONE}, /* goes no further */
        {SLICE("0\r\nX_Forwarded_For: 4\r\n\r\n"), FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trailers trailers;
        cr_expect_eq(read_trailers_of(MESSAGE_REQUEST, cases[i].text, &trailers), cases[i].fault,
                     "case %zu", i);
        /* To a client they go no further either, but break nothing. */
        cr_expect_eq(read_trailers(cases[i].text, &trailers), FAULT_NONE, "case %zu", i);
    }
}
