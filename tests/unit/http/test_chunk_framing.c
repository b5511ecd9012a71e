#include <criterion/criterion.h>

#include "verbgate/http/chunk_framing.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(literal) (literal), sizeof(literal) - 1

enum { TEXT_MAX = 64 };

struct walk {
    enum http_fault fault;
    size_t taken;             /* bytes in runs */
    char kinds[TEXT_MAX + 1]; /* of each byte: 'e'xtension, 'f'raming, 'c'ontent */
};

static void mark(struct walk *walk, char kind, size_t length)
{
    memset(walk->kinds + walk->taken, kind, length);
    walk->taken += length;
}

/* Walks one piece of the stream; false at a fault or the end of the message. */
static bool walk_piece(struct chunk_framing *framing, struct walk *walk, const char *text,
                       size_t length)
{
    char *copy = malloc(length); /* AddressSanitizer sees a read past its end */
    memcpy(copy, text, length);
    for (size_t at = 0; at < length && walk->fault == FAULT_NONE;) {
        size_t taken = walk->taken;
        struct chunk_run run;
        walk->fault = chunk_framing_next(framing, copy + at, length - at, &run);
        mark(walk, 'e', run.extension);
        mark(walk, 'f', run.framing);
        mark(walk, 'c', run.content);
        at += walk->taken - taken;
        if (walk->taken == taken) {
            break;
        }
    }
    free(copy);
    return walk->fault == FAULT_NONE && framing->state != CHUNK_COMPLETE;
}

/* Cut before `split` (0: not at all), or with a split of SIZE_MAX between all bytes. */
static struct walk walk_text(const char *text, size_t length, size_t split)
{
    cr_assert_leq(length, TEXT_MAX);
    struct chunk_framing framing;
    chunk_framing_start(&framing, false);
    struct walk walk = {.fault = FAULT_NONE};
    for (size_t at = 0; at < length;) {
        size_t piece = split == SIZE_MAX ? 1 : at < split ? split - at : length - at;
        if (!walk_piece(&framing, &walk, text + at, piece)) {
            break;
        }
        at += piece;
    }
    return walk;
}

static const struct {
    const char *text;
    size_t length;
    const char *kinds;
} good[] = {
    {TEXT("0\r\n\r\n"), "fffff"},
    {TEXT("0\r\n\r\n0\r\n\r\n"), "fffff"},
    {TEXT("5\r\nhello\r\n0\r\n\r\n"), "fffcccccfffffff"},
    {TEXT("00A\r\n0\r\n\r\n1;a\r\n\r\n000\r\n\r\n"), "fffffccccccccccfffffffff"},
    {TEXT("1;a\r\nx\r\n0;b\r\n\r\n"), "feeffcfffeeffff"},
    {TEXT("000000001\r\nx\r\n000000001\r\nx"), "fffffffffffcfffffffffffffc"},
    {TEXT("1;a=b;c=\"d\"\r\nx\r\n"), "feeeeeeeeeeffcff"},
    {TEXT("1 ;\ta \t= b ; c\r\nx"), "feeeeeeeeeeeeeffc"},
    {TEXT("1;q=\";=\t \\\"\\\\\\\t\xff\"\r\nx"), "feeeeeeeeeeeeeeeeffc"},
    {TEXT("1;a;b;c\r\nx\r\n0\r\nT: \"\\;=\xff\t\r\n\r\n"), "feeeeeeffcffffffffffffffffff"},
};

Test(chunk_framing, cuts_the_stream_into_runs)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        for (size_t split = 0; split <= good[i].length; split++) {
            struct walk walk =
                walk_text(good[i].text, good[i].length, split == good[i].length ? SIZE_MAX : split);
            cr_assert_eq(walk.fault, FAULT_NONE, "case %zu at %zu", i, split);
            cr_assert_str_eq(walk.kinds, good[i].kinds, "case %zu at %zu", i, split);
        }
    }
}

/* The fault is in the text's last byte. */
static const struct {
    const char *text;
    size_t length;
    enum http_fault fault;
} bad[] = {
    {TEXT("\r"), FAULT_CHUNK_SYNTAX},
    {TEXT(";"), FAULT_CHUNK_SYNTAX},
    {TEXT(" "), FAULT_CHUNK_SYNTAX},
    {TEXT("+"), FAULT_CHUNK_SYNTAX},
    {TEXT("0x"), FAULT_CHUNK_SYNTAX},
    {TEXT("5\n"), FAULT_CHUNK_SYNTAX},
    {TEXT("5\r5"), FAULT_CHUNK_SYNTAX},
    {TEXT("5\r\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("1000000000000000"), FAULT_CHUNK_SYNTAX},
    {TEXT("00000000000000001"), FAULT_CHUNK_SYNTAX},
    {TEXT("1\r\nx\n"), FAULT_CHUNK_SYNTAX},
    {TEXT("1\r\nxx"), FAULT_CHUNK_SYNTAX},
    {TEXT("1\r\nx\r\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("1\r\nx\r\n\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5 \r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5 a"), FAULT_CHUNK_SYNTAX},
    {TEXT("5 5"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5; \r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;;"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;="), FAULT_CHUNK_SYNTAX},
    {TEXT("5;\""), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a \r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a b"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a\""), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a= \r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=;"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=="), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=b="), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=b\""), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=b \r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=b c"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"b\"c"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"b\"\""), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"b\" \r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"b\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"b\n"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"\\\r"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=\"\\\n"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a\n"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a\rb"), FAULT_CHUNK_SYNTAX},
    {TEXT("5;a=b\n"), FAULT_CHUNK_SYNTAX},
    {TEXT("0\r\n "), FAULT_FIELD_FOLDED},
    {TEXT("0\r\nA: b\r\n\t"), FAULT_FIELD_FOLDED},
    {TEXT("0\r\n\n"), FAULT_FIELD_LINE_END},
    {TEXT("0\r\nA: b\n"), FAULT_FIELD_LINE_END},
    {TEXT("0\r\nA: b\rc"), FAULT_FIELD_LINE_END},
    {TEXT("0\r\nA: b\r "), FAULT_FIELD_LINE_END},
    {TEXT("0\r\n\r\r"), FAULT_FIELD_LINE_END},
    {TEXT("0\r\n\0"), FAULT_FIELD_SYNTAX},
    {TEXT("0\r\nA: b\x7f"), FAULT_FIELD_SYNTAX},
};

Test(chunk_framing, finds_the_byte_that_is_wrong)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t split = 0; split <= bad[i].length; split++) {
            struct walk walk =
                walk_text(bad[i].text, bad[i].length, split == bad[i].length ? SIZE_MAX : split);
            cr_assert_eq(walk.fault, bad[i].fault, "case %zu at %zu: %d", i, split, walk.fault);
            cr_assert_eq(walk.taken, bad[i].length - 1, "case %zu at %zu", i, split);
        }
    }
}

static bool is_token_byte(unsigned byte)
{
    return byte != 0 && byte < 0x7f &&
           strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                  (int)byte) != NULL;
}

static bool passes(const char *start, unsigned byte, const char *end)
{
    char text[TEXT_MAX];
    size_t length = strlen(start);
    memcpy(text, start, length);
    text[length++] = (char)byte;
    memcpy(text + length, end, strlen(end));
    length += strlen(end);
    return walk_text(text, length, 0).fault == FAULT_NONE;
}

/* RFC 9112 section 7.1.1, RFC 9110 section 5.6.4; every byte. */
Test(chunk_framing, takes_just_the_bytes_that_extensions_may_have)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        bool is_name = is_token_byte(byte);
        bool is_blank = byte == ' ' || byte == '\t';
        bool is_text = is_blank || (byte > 0x20 && byte != 0x7f);
        cr_assert_eq(passes("5;", byte, "b\r\n"), is_name || is_blank, "name begins: %02x", byte);
        cr_assert_eq(passes("5;a", byte, "b\r\n"), is_name || byte == ';' || byte == '=',
                     "name goes on: %02x", byte);
        cr_assert_eq(passes("5;a=", byte, "b\r\n"), is_name || is_blank, "value begins: %02x",
                     byte);
        cr_assert_eq(passes("5;a=b", byte, "c\r\n"), is_name || byte == ';', "value goes on: %02x",
                     byte);
        cr_assert_eq(passes("5;a=\"", byte, "\\\"\"\r\n"), is_text && byte != '"' && byte != '\\',
                     "quoted: %02x", byte);
        cr_assert_eq(passes("5;a=\"\\", byte, "\"\r\n"), is_text, "quoted pair: %02x", byte);
    }
}

Test(chunk_framing, reads_sizes_of_60_bits)
{
    static const char text[] = "0EdCbA9876543210\r\nx";
    struct chunk_framing framing;
    chunk_framing_start(&framing, false);
    struct chunk_run run;
    cr_assert_eq(chunk_framing_next(&framing, TEXT(text), &run), FAULT_NONE);
    cr_assert_eq(run.framing, 18);
    cr_assert_eq(run.content, 1);
    cr_assert_eq(framing.left, UINT64_C(0xedcba987654320f));
}

Test(chunk_framing, takes_padding_behind_a_size_only_where_it_may)
{
    static const struct {
        const char *text;
        enum http_fault strict, lenient;
    } cases[] = {
        {"1  \r\nx", FAULT_CHUNK_SYNTAX, FAULT_NONE},
        {"1\t\r\nx", FAULT_CHUNK_SYNTAX, FAULT_NONE},
        {"1 ;a\r\nx", FAULT_NONE, FAULT_NONE},
        {" 1\r\nx", FAULT_CHUNK_SYNTAX, FAULT_CHUNK_SYNTAX},
        {"1 2\r\nx", FAULT_CHUNK_SYNTAX, FAULT_CHUNK_SYNTAX},
        {"1 \nx", FAULT_CHUNK_SYNTAX, FAULT_CHUNK_SYNTAX},
        {"1;a=b \r\nx", FAULT_CHUNK_SYNTAX, FAULT_CHUNK_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int padding = 0; padding <= 1; padding++) {
            struct chunk_framing framing;
            struct walk walk = {.fault = FAULT_NONE};
            chunk_framing_start(&framing, padding == 1);
            walk_piece(&framing, &walk, cases[i].text, strlen(cases[i].text));
            cr_assert_eq(walk.fault, padding == 1 ? cases[i].lenient : cases[i].strict, "%s",
                         cases[i].text);
        }
    }
}

/* The count of bytes of `text` again and again that pass before the fault. */
static size_t count_passed(struct chunk_framing *framing, char byte, size_t piece)
{
    char *text = malloc(piece);
    memset(text, byte, piece);
    size_t passed = 0;
    enum http_fault fault = FAULT_NONE;
    while (fault == FAULT_NONE && passed < (size_t)2 * CHUNK_OVERHEAD_MAX) {
        struct chunk_run run;
        fault = chunk_framing_next(framing, text, piece, &run);
        passed += run.extension + run.framing + run.content;
    }
    free(text);
    cr_assert_eq(fault, FAULT_CHUNK_OVERHEAD);
    return passed;
}

static void walk_start(struct chunk_framing *framing, const char *text)
{
    chunk_framing_start(framing, false);
    for (size_t at = 0, length = strlen(text); at < length;) {
        struct chunk_run run;
        cr_assert_eq(chunk_framing_next(framing, text + at, length - at, &run), FAULT_NONE);
        at += run.extension + run.framing + run.content;
    }
}

Test(chunk_framing, bounds_framing_to_the_byte)
{
    static const size_t pieces[] = {1, 7, 2 * CHUNK_OVERHEAD_MAX};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct chunk_framing framing;
        walk_start(&framing, "5;");
        cr_assert_eq(count_passed(&framing, 'n', pieces[i]), CHUNK_OVERHEAD_MAX - 2);
        walk_start(&framing, "0\r\nT:");
        cr_assert_eq(count_passed(&framing, 'v', pieces[i]), CHUNK_OVERHEAD_MAX - 5);
    }
}

Test(chunk_framing, lets_framing_reach_its_bound)
{
    char names[CHUNK_OVERHEAD_MAX - 2];
    memset(names, 'n', sizeof names);
    struct chunk_framing framing;
    walk_start(&framing, "5;");
    struct chunk_run run;
    cr_assert_eq(chunk_framing_next(&framing, names, sizeof names, &run), FAULT_NONE);
    cr_assert_eq(run.extension, sizeof names);
    cr_assert_eq(chunk_framing_next(&framing, names, 1, &run), FAULT_CHUNK_OVERHEAD);
    cr_assert_eq(run.extension, 0);
}

Test(chunk_framing, lets_content_pay_for_framing)
{
    struct chunk_framing framing;
    walk_start(&framing, "2;name=\"a long value\"\r\n");
    cr_assert_eq(framing.overhead, 23);
    walk_start(&framing, "2;name=\"a long value\"\r\nx");
    cr_assert_eq(framing.overhead, 23 - CHUNK_OVERHEAD_PAID);
    walk_start(&framing, "2;name=\"a long value\"\r\nxy");
    cr_assert_eq(framing.overhead, 0);
}
