#include <criterion/criterion.h>

#include "started_content.h"

#include <stdio.h>
#include <stdlib.h>

/* How a text is cut into the pieces of successive calls. */
enum cut { CUT_NONE, CUT_EACH_BYTE, CUT_ONCE };

static size_t piece_length(enum cut cut, size_t split, size_t at, size_t length)
{
    switch (cut) {
    case CUT_EACH_BYTE:
        return 1;
    case CUT_ONCE:
        return at < split ? split - at : length - at;
    case CUT_NONE:
        break;
    }
    return length - at;
}

/* Field sections: what comes out is written as "name=value;" */

struct section_result {
    enum message_status status;
    enum http_fault fault;
    size_t used;
    char seen[512];
};

static void show_fields(char *out, size_t room, const struct fields *fields)
{
    size_t length = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < fields->count && length < room; i++) {
        length += (size_t)snprintf(out + length, room - length, "%.*s=%.*s;",
                                   SLICE_PRINT(fields->items[i].name),
                                   SLICE_PRINT(fields->items[i].value));
    }
}

static struct section_result read_section(enum message_kind kind, struct slice text, enum cut cut,
                                          size_t split)
{
    /* An exact heap copy lets AddressSanitizer see a read past the end. */
    char *copy = malloc(text.length + 1);
    char *data = copy + 1; /* and the block's end is the text's end */
    memcpy(data, text.data, text.length);
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    struct message message;
    message_start(&message, kind, &fields, NULL);
    struct section_result result = {.status = MESSAGE_MORE};
    for (size_t at = 0; at < text.length && result.status == MESSAGE_MORE;) {
        size_t length = piece_length(cut, split, at, text.length);
        size_t used = SIZE_MAX;
        result.status = message_read_fields(&message, data + at, length, &used);
        if (result.status == MESSAGE_BAD) {
            cr_assert_eq(used, SIZE_MAX, "a fault leaves the out parameter alone");
            break;
        }
        cr_assert_leq(used, length);
        result.used += used;
        at += length;
    }
    result.fault = message_fault(&message);
    show_fields(result.seen, sizeof result.seen, &fields);
    free(copy);
    return result;
}

struct section_case {
    struct slice text;
    enum http_fault fault;
    const char *seen; /* when there is no fault */
    size_t left;      /* bytes behind the section */
};

static const struct section_case section_cases[] = {
    {CASE_TEXT("\r\n"), FAULT_NONE, "", 0},
    {CASE_TEXT("\r\nGET / HTTP/1.1\r\n"), FAULT_NONE, "", 16},
    {CASE_TEXT("A: b\r\n\r\nNEXT"), FAULT_NONE, "A=b;", 4},
    {CASE_TEXT("A:b\r\nLong-Name: \t two words \t \r\n\r\n"), FAULT_NONE,
     "A=b;Long-Name=two words;", 0},
    {CASE_TEXT("A:\r\nB:  \t\r\nC: d\r\n\r\n"), FAULT_NONE, "A=;B=;C=d;", 0},
    {CASE_TEXT("A: \x80\xff\tq\r\n\r\n"), FAULT_NONE, "A=\x80\xff\tq;", 0},
    {CASE_TEXT("A: b:c, \"d\r\n\r\n"), FAULT_NONE, "A=b:c, \"d;", 0},
    /* What these say is judged elsewhere: no value of theirs may stop or steer the parser. */
    {CASE_TEXT("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), FAULT_NONE,
     "Content-Length=5;Content-Length=5;", 5},
    {CASE_TEXT("Content-Length: 1, +x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"), FAULT_NONE,
     "Content-Length=1, +x;Transfer-Encoding=chunked, gzip;", 0},
    {CASE_TEXT("Content-Length: 99999999999999999999999\r\n\r\n"), FAULT_NONE,
     "Content-Length=99999999999999999999999;", 0},
    {CASE_TEXT("Content-Length:\r\nTransfer-Encoding:\r\nConnection:\r\n\r\n"), FAULT_NONE,
     "Content-Length=;Transfer-Encoding=;Connection=;", 0},
    {CASE_TEXT("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\nGET"), FAULT_NONE,
     "Connection=upgrade;Upgrade=x;Content-Length=0;", 3},
    {CASE_TEXT("Connection: close, a b\r\nProxy-Connection: ,keep-alive\r\n\r\n"), FAULT_NONE,
     "Connection=close, a b;Proxy-Connection=,keep-alive;", 0},
    {CASE_TEXT("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"), FAULT_NONE, "A=1;B=2;C=3;D=4;", 0},
    {CASE_TEXT("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n"), FAULT_FIELDS_TOO_MANY, NULL, 0},

    {CASE_TEXT(": b\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A: b\r\n: b\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT(":\nA: b\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A : b\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A\t: b\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A b: c\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A: b\r\nC\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("Content-Length : 5\r\n\r\n"), FAULT_FIELD_NAME, NULL, 0},
    {CASE_TEXT("A: b\r\n c\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, 0},
    {CASE_TEXT("A: b\r\n\tc\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, 0},
    {CASE_TEXT("A:\r\n c\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, 0},
    {CASE_TEXT("A: b\r\n \r\n\r\n"), FAULT_FIELD_FOLDED, NULL, 0},
    {CASE_TEXT(" A: b\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, 0},
    {CASE_TEXT("\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\nB: c\r\n\r\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\r\n\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\n\r\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A:\n\r\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\rc\r\n\r\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: \rb\r\n\r\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\r\r\n\r\n"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\r\n\rX"), FAULT_FIELD_LINE_END, NULL, 0},
    {CASE_TEXT("A: b\0c\r\n\r\n"), FAULT_FIELD_SYNTAX, NULL, 0},
    {CASE_TEXT("A:\x0b"
               "b\r\n\r\n"),
     FAULT_FIELD_SYNTAX, NULL, 0},
};

enum { SECTION_CASE_COUNT = sizeof section_cases / sizeof section_cases[0] };

static void check_section(size_t i, enum cut cut, size_t split)
{
    const struct section_case *c = &section_cases[i];
    for (enum message_kind kind = MESSAGE_REQUEST; kind <= MESSAGE_RESPONSE; kind++) {
        struct section_result result = read_section(kind, c->text, cut, split);
        cr_assert_eq(result.fault, c->fault, "case %zu cut %d at %zu: fault %d (%s)", i, cut, split,
                     result.fault, fault_sentence(result.fault));
        cr_assert_eq(result.status, c->fault == FAULT_NONE ? MESSAGE_DONE : MESSAGE_BAD,
                     "case %zu cut %d at %zu", i, cut, split);
        if (c->fault == FAULT_NONE) {
            cr_assert_str_eq(result.seen, c->seen, "case %zu cut %d at %zu", i, cut, split);
            cr_assert_eq(result.used, c->text.length - c->left, "case %zu cut %d at %zu: %zu", i,
                         cut, split, result.used);
        }
    }
}

Test(message, reads_field_sections_fed_whole)
{
    for (size_t i = 0; i < SECTION_CASE_COUNT; i++) {
        check_section(i, CUT_NONE, 0);
    }
}

Test(message, reads_field_sections_fed_byte_by_byte)
{
    for (size_t i = 0; i < SECTION_CASE_COUNT; i++) {
        check_section(i, CUT_EACH_BYTE, 0);
    }
}

Test(message, reads_field_sections_split_at_every_point)
{
    for (size_t i = 0; i < SECTION_CASE_COUNT; i++) {
        for (size_t split = 1; split < section_cases[i].text.length; split++) {
            check_section(i, CUT_ONCE, split);
        }
    }
}

Test(message, wants_more_before_the_empty_line)
{
    static const char text[] = "A: b\r\nC: d\r\n\r\n";
    for (size_t length = 1; length < sizeof text - 1; length++) {
        struct section_result result =
            read_section(MESSAGE_REQUEST, slice_make(text, length), CUT_NONE, 0);
        cr_assert_eq(result.status, MESSAGE_MORE, "%zu bytes", length);
        cr_assert_eq(result.used, length);
    }
}

static bool is_name_byte(unsigned byte)
{
    return byte != 0 && byte < 0x7f &&
           strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                  (int)byte) != NULL;
}

/* RFC 9110 section 5.1 and 5.5, every byte, with the llhttp that this build has. */
Test(message, takes_just_the_bytes_that_names_and_values_may_have)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte == ':') {
            continue; /* ends the name */
        }
        char name[] = "Ab?c: d\r\n\r\n";
        name[2] = (char)byte;
        struct section_result result =
            read_section(MESSAGE_REQUEST, slice_make(name, sizeof name - 1), CUT_NONE, 0);
        cr_assert_eq(result.status == MESSAGE_DONE, is_name_byte(byte), "name byte %02x", byte);
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        char value[] = "A: b?c\r\n\r\n";
        value[4] = (char)byte;
        bool is_good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        struct section_result result =
            read_section(MESSAGE_RESPONSE, slice_make(value, sizeof value - 1), CUT_NONE, 0);
        cr_assert_eq(result.status == MESSAGE_DONE, is_good, "value byte %02x", byte);
    }
}

/* Sections of usual lines alone are not walked through again. */
static void check_lines_of(struct slice text)
{
    for (enum cut cut = CUT_NONE; cut <= CUT_EACH_BYTE; cut++) {
        struct section_result result = read_section(MESSAGE_RESPONSE, text, cut, 0);
        if (result.status == MESSAGE_DONE) {
            cr_assert_eq(fields_check_lines(text.data, result.used), FAULT_NONE, "cut %d: %.*s",
                         cut, SLICE_PRINT(text));
        }
    }
}

/* Usual lines, and lines of other forms among them. read_section takes four fields. */
static const struct slice several_lines[] = {
    CASE_TEXT("A: b\r\nCd: ef\r\nG: h \r\n\r\n"),
    CASE_TEXT("A: b\r\nC: \t d\r\nG:\r\n\r\n"),
    CASE_TEXT("A:b\r\nC: d\r\nEf: g\r\n\r\n"),
};
enum { SEVERAL_COUNT = sizeof several_lines / sizeof several_lines[0], TEXT_BYTES_MAX = 48 };

Test(message, lets_no_line_through_that_the_line_check_refuses)
{
    for (size_t i = 0; i < SEVERAL_COUNT; i++) {
        struct slice lines = several_lines[i];
        cr_assert_eq(read_section(MESSAGE_REQUEST, lines, CUT_NONE, 0).status, MESSAGE_DONE);
        for (size_t at = 0; at < lines.length; at++) {
            char text[TEXT_BYTES_MAX];
            memcpy(text, lines.data, lines.length);
            for (unsigned byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                check_lines_of(slice_make(text, lines.length));
            }
        }
    }
}

static void check_with_inserted(struct slice lines, const char *inserted)
{
    size_t length = strlen(inserted);
    for (size_t at = 0; at <= lines.length; at++) {
        char text[TEXT_BYTES_MAX];
        cr_assert_leq(lines.length + length, sizeof text);
        memcpy(text, lines.data, at);
        memcpy(text + at, inserted, length);
        memcpy(text + at + length, lines.data + at, lines.length - at);
        check_lines_of(slice_make(text, lines.length + length));
    }
}

Test(message, lets_no_line_through_with_something_between_its_parts)
{
    static const char *const inserted[] = {
        "\n",     "\r",     " ",      "\r\n", "\r\n ", "\n ",
        "\r\n\t", "\n\r\n", "\r\r\n", "\n\n", "x\n",   "\nx: y\r",
    };
    for (size_t i = 0; i < SEVERAL_COUNT; i++) {
        for (size_t j = 0; j < sizeof inserted / sizeof inserted[0]; j++) {
            check_with_inserted(several_lines[i], inserted[j]);
        }
    }
}

struct chunks_result {
    enum message_status status;
    enum http_fault fault;
    size_t used;
    size_t content_length;
    char content[128];
    char trailers[256];
};

static struct chunks_result read_chunks(enum message_kind kind, struct slice head,
                                        struct slice text, bool keep_trailers, enum cut cut,
                                        size_t split)
{
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    struct trailers trailers;
    struct message message;
    start_content(&message, kind, head, &fields, keep_trailers ? &trailers : NULL);
    struct chunks_result result = {.status = MESSAGE_MORE};
    for (size_t at = 0; at < text.length && result.status == MESSAGE_MORE;) {
        size_t length = piece_length(cut, split, at, text.length);
        char *piece = malloc(length); /* gone after the call, as a socket's buffer would be */
        memcpy(piece, text.data + at, length);
        size_t used = SIZE_MAX;
        struct slice content = {NULL, 0};
        result.status = message_read_chunks(&message, piece, length, &used, &content);
        if (result.status == MESSAGE_BAD) {
            cr_assert_eq(used, SIZE_MAX);
            cr_assert_null(content.data);
        } else {
            cr_assert_leq(used, length);
            cr_assert_leq(content.length, used);
            cr_assert_eq(content.data, piece);
            cr_assert_leq(result.content_length + content.length, sizeof result.content);
            memcpy(result.content + result.content_length, content.data, content.length);
            result.content_length += content.length;
            result.used += used;
        }
        free(piece);
        at += length;
    }
    result.fault = message_fault(&message);
    if (keep_trailers) {
        show_fields(result.trailers, sizeof result.trailers, &trailers.fields);
    }
    return result;
}

struct chunks_case {
    struct slice text;
    enum http_fault fault;
    const char *content; /* when there is no fault */
    const char *trailers;
    size_t left;
};

static const struct chunks_case chunks_cases[] = {
    {CASE_TEXT("0\r\n\r\n"), FAULT_NONE, "", "", 0},
    {CASE_TEXT("0\r\n\r\nGET / HTTP/1.1\r\n"), FAULT_NONE, "", "", 16},
    {CASE_TEXT("00000\r\n\r\n\r\n"), FAULT_NONE, "", "", 2},
    {CASE_TEXT("5\r\nhello\r\n0\r\n\r\n0\r\n\r\n"), FAULT_NONE, "hello", "", 5},
    {CASE_TEXT("5\r\nhello\r\n1\r\n \r\n005\r\nworld\r\n0\r\n\r\n"), FAULT_NONE, "hello world", "",
     0},
    {CASE_TEXT("0000000000000001\r\na\r\n0000000000000000\r\n\r\n"), FAULT_NONE, "a", "", 0},
    {CASE_TEXT("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), FAULT_NONE,
     "01234567890123456789", "", 0},
    {CASE_TEXT("b\r\n0\r\n\r\n 5\r\n\r\n\r\n0\r\n\r\n"), FAULT_NONE, "0\r\n\r\n 5\r\n\r\n", "", 0},
    {CASE_TEXT("3\r\na\r\n\r\n1\r\n\n\r\n1\r\n\r\r\n0\r\n\r\n"), FAULT_NONE, "a\r\n\n\r", "", 0},
    {CASE_TEXT("5;a\r\nhello\r\n0;b=c\r\n\r\n"), FAULT_NONE, "hello", "", 0},
    {CASE_TEXT("5;a=\"x;y\"\r\nhello\r\n0\r\n\r\n"), FAULT_NONE, "hello", "", 0},
    {CASE_TEXT("5;abcdefabcdefabcdefabcdef=1\r\nhello\r\n0\r\n\r\n"), FAULT_NONE, "hello", "", 0},
    {CASE_TEXT("1\r\na\r\n0\r\nX: y\r\nAbcdefabcdefabcdef:\t z \r\nE:\r\n\r\nNEXT"), FAULT_NONE,
     "a", "X=y;Abcdefabcdefabcdef=z;E=;", 4},
    {CASE_TEXT("0\r\nContent-Length: 4\r\nTransfer-Encoding: gzip\r\nUpgrade: x\r\n"
               "Connection: upgrade\r\n\r\nNEXT"),
     FAULT_NONE, "", "Content-Length=4;Transfer-Encoding=gzip;Upgrade=x;Connection=upgrade;", 4},

    {CASE_TEXT(" 5\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("1\r\na\r\n 0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("0;\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\rhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;a\rb\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;a\nb\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;a=\"x\r\n\"\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;a=\"\\\r\n\"\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;a\x01\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5;a=\"\0\"\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\r\nhello\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\r\nhell\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\r\nhello0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\r\nhello!\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\r\nhello\rX0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("1\r\n\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("5\r\nhello\r\n\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("\r\n5\r\nhello\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT(";a\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("-1\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("+1\r\na\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("0x1\r\na\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("1_0\r\na\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("fffffffffffffffff\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("ffffffffffffffff\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("1000000000000000\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("10000000000000000\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("00000000000000001\r\na\r\n0\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("00000000000000000\r\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("0\n\r\n"), FAULT_CHUNK_SYNTAX, NULL, NULL, 0},

    {CASE_TEXT("0\r\n\n"), FAULT_FIELD_LINE_END, NULL, NULL, 0},
    {CASE_TEXT("0\r\n\rX"), FAULT_FIELD_LINE_END, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX: y\n\r\n"), FAULT_FIELD_LINE_END, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX: y\r\n\n"), FAULT_FIELD_LINE_END, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX: y\rz\r\n\r\n"), FAULT_FIELD_LINE_END, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX: y\r\n z\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX:\r\n\tz\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, NULL, 0},
    {CASE_TEXT("0\r\n X: y\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX:\r\n \r\n: z\r\n\r\n"), FAULT_FIELD_FOLDED, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX: y\0z\r\n\r\n"), FAULT_FIELD_SYNTAX, NULL, NULL, 0},
    {CASE_TEXT("0\r\nX : y\r\n\r\n"), FAULT_FIELD_NAME, NULL, NULL, 0},
    {CASE_TEXT("0\r\n: y\r\n\r\n"), FAULT_FIELD_NAME, NULL, NULL, 0},
};

enum { CHUNKS_CASE_COUNT = sizeof chunks_cases / sizeof chunks_cases[0] };

static void check_chunks(size_t i, enum cut cut, size_t split)
{
    const struct chunks_case *c = &chunks_cases[i];
    for (unsigned variant = 0; variant < 4; variant++) {
        enum message_kind kind = variant % 2 == 0 ? MESSAGE_REQUEST : MESSAGE_RESPONSE;
        bool keep = variant < 2;
        struct chunks_result result = read_chunks(kind, plain_head, c->text, keep, cut, split);
        cr_assert_eq(result.fault, c->fault, "case %zu cut %d at %zu: fault %d (%s)", i, cut, split,
                     result.fault, fault_sentence(result.fault));
        cr_assert_eq(result.status, c->fault == FAULT_NONE ? MESSAGE_DONE : MESSAGE_BAD,
                     "case %zu cut %d at %zu", i, cut, split);
        if (c->fault == FAULT_NONE) {
            cr_assert_eq(result.used, c->text.length - c->left, "case %zu cut %d at %zu: %zu", i,
                         cut, split, result.used);
            cr_assert_eq(result.content_length, strlen(c->content), "case %zu", i);
            cr_assert_arr_eq(result.content, c->content, result.content_length, "case %zu", i);
            cr_assert_str_eq(result.trailers, keep ? c->trailers : "", "case %zu", i);
        }
    }
}

Test(message, decodes_chunks_fed_whole)
{
    for (size_t i = 0; i < CHUNKS_CASE_COUNT; i++) {
        check_chunks(i, CUT_NONE, 0);
    }
}

Test(message, decodes_chunks_fed_byte_by_byte)
{
    for (size_t i = 0; i < CHUNKS_CASE_COUNT; i++) {
        check_chunks(i, CUT_EACH_BYTE, 0);
    }
}

Test(message, decodes_chunks_split_at_every_point)
{
    for (size_t i = 0; i < CHUNKS_CASE_COUNT; i++) {
        for (size_t split = 1; split < chunks_cases[i].text.length; split++) {
            check_chunks(i, CUT_ONCE, split);
        }
    }
}

/* The head was judged by framing: whatever else it says, chunks are read as chunks. */
Test(message, decodes_chunks_whatever_the_head_says)
{
    static const struct slice heads[] = {
        CASE_TEXT("Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        CASE_TEXT("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"),
        CASE_TEXT("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
        CASE_TEXT("Content-Length: 0\r\n\r\n"),
        CASE_TEXT("Transfer-Encoding: gzip\r\n\r\n"),
        CASE_TEXT("\r\n"),
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        for (enum message_kind kind = MESSAGE_REQUEST; kind <= MESSAGE_RESPONSE; kind++) {
            struct chunks_result result = read_chunks(
                kind, heads[i], SLICE("2\r\nhi\r\n0\r\n\r\nNEXT"), true, CUT_EACH_BYTE, 0);
            cr_assert_eq(result.status, MESSAGE_DONE, "head %zu", i);
            cr_assert_eq(result.used, 12, "head %zu", i);
            cr_assert_arr_eq(result.content, "hi", 2);
        }
    }
}

Test(message, passes_the_start_of_a_huge_chunk)
{
    struct chunks_result result = read_chunks(
        MESSAGE_RESPONSE, plain_head, SLICE("0fffffffffffffff\r\nabc"), true, CUT_EACH_BYTE, 0);
    cr_assert_eq(result.status, MESSAGE_MORE);
    cr_assert_eq(result.content_length, 3);
}

Test(message, starts_anew_without_a_trace_of_the_last_message)
{
    struct field items[4];
    struct fields fields;
    struct trailers trailers;
    struct message message;
    for (unsigned round = 0; round < 3; round++) {
        fields_init(&fields, items, 4);
        start_content(&message, MESSAGE_REQUEST, plain_head, &fields, &trailers);
        char text[] = "2\r\nhi\r\n0\r\nT: v\r\n\r\n";
        size_t used;
        struct slice content;
        cr_assert_eq(message_read_chunks(&message, text, sizeof text - 1, &used, &content),
                     MESSAGE_DONE);
        cr_assert(slice_equal(content, SLICE("hi")));
        cr_assert_eq(trailers.fields.count, 1);
        cr_assert_eq(fields.count, 1);

        fields_init(&fields, items, 4);
        message_start(&message, MESSAGE_RESPONSE, &fields, &trailers);
        cr_assert_eq(message_read_fields(&message, "A\n", 2, &used), MESSAGE_BAD);
        cr_assert_eq(message_fault(&message), FAULT_FIELD_LINE_END);
    }
}

Test(message, tells_the_version_of_its_parser)
{
    unsigned major, minor, patch;
    cr_assert_eq(sscanf(message_parser_version(), "%u.%u.%u", &major, &minor, &patch), 3);
    cr_assert_geq(major, 8);
}

Test(message, marks_the_trailers_that_connection_names)
{
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    struct trailers trailers;
    struct message message;
    struct slice head = SLICE("Connection: close, x-t\r\nTransfer-Encoding: chunked\r\n\r\n");
    start_content(&message, MESSAGE_REQUEST, head, &fields, &trailers);
    char text[] = "0\r\nX-T: 1\r\nX-U: 2\r\nX-T: 3\r\n\r\n";
    size_t used;
    struct slice content;
    cr_assert_eq(message_read_chunks(&message, text, sizeof text - 1, &used, &content),
                 MESSAGE_DONE);
    cr_assert_eq(trailers.fields.count, 3);
    cr_assert(trailers.fields.items[0].is_hop_by_hop);
    cr_assert_not(trailers.fields.items[1].is_hop_by_hop);
    cr_assert(trailers.fields.items[2].is_hop_by_hop);
}
