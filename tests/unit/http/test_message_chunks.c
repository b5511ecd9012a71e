/* Chunk extensions through the whole message parser, and chunked streams against a second decoder
 * that is written as the grammar is, for whole texts, with nothing in common with the first. */
#include <criterion/criterion.h>

#include "verbgate/http/message.h"

#include <stdio.h>
#include <stdlib.h>

enum { STREAM_MAX = 1024, CONTENT_MAX = 512 };

struct decoded {
    enum message_status status;
    size_t used; /* when it is done */
    size_t length;
    char content[CONTENT_MAX];
};

static void start(struct message *message, struct fields *fields, enum message_kind kind)
{
    message_start(message, kind, fields, NULL);
    size_t used;
    cr_assert_eq(message_read_fields(message, "\r\n", 2, &used), MESSAGE_DONE);
}

/* Cut before `split` (0: not at all), or with a split of SIZE_MAX between all bytes. */
static void decode(enum message_kind kind, const char *text, size_t length, size_t split,
                   struct decoded *out)
{
    struct fields fields;
    fields_init(&fields, NULL, 0);
    struct message message;
    start(&message, &fields, kind);
    *out = (struct decoded){.status = MESSAGE_MORE};
    for (size_t at = 0; at < length && out->status == MESSAGE_MORE;) {
        size_t room = split == SIZE_MAX ? 1 : at < split ? split - at : length - at;
        char *piece = malloc(room); /* AddressSanitizer sees a read past its end */
        memcpy(piece, text + at, room);
        size_t used = 0;
        struct slice content = {NULL, 0};
        out->status = message_read_chunks(&message, piece, room, &used, &content);
        cr_assert_leq(out->length + content.length, CONTENT_MAX);
        if (content.length > 0) {
            memcpy(out->content + out->length, content.data, content.length);
            out->length += content.length;
        }
        out->used += used;
        free(piece);
        at += room;
    }
}

static const char *const accepted[] = {
    "",
    ";a",
    ";a=b",
    ";a;b",
    ";a=b;c=d;e",
    ";a=1;a=1;a=1",
    ";a=\"\"",
    ";a=\"x;y\"",
    ";a=\"x;y\";b=\"=\"",
    ";a=\"\\\"\"",
    ";a=\"\\\\\";b",
    ";a=\"\\x\\ \\\t\"",
    ";a=\"\x80\xff\"",
    ";a=\"0,  5\"",
    " ;a",
    "\t;a",
    "; a",
    " \t ; \t a",
    ";a =b",
    ";a= b",
    ";a \t=\t b",
    ";a = \"b\" ; c",
    ";a ;b",
    ";a=b ;c",
    ";!#$%&'*+-.^_`|~0=!#$%&'*+-.^_`|~0",
    ";0",
    ";5=0",
    ";abcdefabcdefabcdefabcdef=abcdefabcdefabcdefabcdef",
};

static const char *const refused[] = {
    ";",
    ";;",
    ";a;",
    ";;a",
    ";a;;b",
    " 0",
    " a",
    "; ",
    ";a ",
    ";a=",
    ";a= ",
    ";=",
    ";=b",
    ";a==b",
    ";a=b=c",
    ";a=b ",
    ";a=b c",
    ";a b",
    ";a=b\"c\"",
    ";a=\"b\"c",
    ";a=\"b\"\"c\"",
    ";a=\"b\" ",
    ";a=\"b",
    ";a=\"b\\\"",
    ";a=\"\\",
    ";a=\"\r\n\"",
    ";a=\"\\\r\n\"",
    ";a=\"\n\"",
    ";a=\"\x01\"",
    ";a=\"\x7f\"",
    ";a=\"\\\x01\"",
    ";\"a\"",
    ";a,b",
    ";a=b,c",
    ";a=(b)",
    ";\x80",
    ";a=\x80",
    ";a\x0b",
    ";a\r",
    ";a\n",
    "\n",
    "\r",
    ",a",
    ":a",
    "=a",
};

#define COUNT_OF(table) (sizeof(table) / sizeof(table)[0])

static size_t compose(char *text, const char *extension)
{
    int length = snprintf(text, STREAM_MAX, "5%s\r\nhello\r\n1\r\n!\r\n0%s\r\n\r\nNEXT", extension,
                          extension);
    return (size_t)length;
}

static void check_accepted(enum message_kind kind, const char *extension)
{
    char text[STREAM_MAX];
    size_t length = compose(text, extension);
    for (size_t split = 0; split <= length; split++) {
        struct decoded decoded;
        decode(kind, text, length, split == length ? SIZE_MAX : split, &decoded);
        cr_assert_eq(decoded.status, MESSAGE_DONE, "%s at %zu", extension, split);
        cr_assert_eq(decoded.used, length - strlen("NEXT"), "%s at %zu", extension, split);
        cr_assert_eq(decoded.length, 6, "%s at %zu", extension, split);
        cr_assert_arr_eq(decoded.content, "hello!", 6, "%s at %zu", extension, split);
    }
}

static void check_refused(enum message_kind kind, const char *extension)
{
    char text[STREAM_MAX];
    size_t length = compose(text, extension);
    for (size_t split = 0; split <= length; split++) {
        struct decoded decoded;
        decode(kind, text, length, split == length ? SIZE_MAX : split, &decoded);
        cr_assert_eq(decoded.status, MESSAGE_BAD, "%s at %zu", extension, split);
    }
}

Test(message_chunks, accepts_and_drops_legal_extensions)
{
    for (size_t i = 0; i < COUNT_OF(accepted); i++) {
        check_accepted(MESSAGE_REQUEST, accepted[i]);
        check_accepted(MESSAGE_RESPONSE, accepted[i]);
    }
}

Test(message_chunks, refuses_extensions_against_the_grammar)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        check_refused(MESSAGE_REQUEST, refused[i]);
        check_refused(MESSAGE_RESPONSE, refused[i]);
    }
}

Test(message_chunks, takes_padded_sizes_in_responses_only)
{
    static const char *const padding[] = {" ", "\t", "      "};
    for (size_t i = 0; i < COUNT_OF(padding); i++) {
        check_refused(MESSAGE_REQUEST, padding[i]);
        check_accepted(MESSAGE_RESPONSE, padding[i]);
    }
}

static enum message_status read_piece(struct message *message, const char *text)
{
    char piece[16];
    size_t length = strlen(text), used;
    memcpy(piece, text, length);
    struct slice content;
    return message_read_chunks(message, piece, length, &used, &content);
}

/* No bytes are known that bring this about, so the test changes what one side thinks. */
Test(message_chunks, refuses_content_that_its_two_parsers_see_differently)
{
    static const struct {
        const char *first, *second;
        enum chunk_state state;
        uint64_t left;
    } cases[] = {
        {"5\r\nhe", "llo\r\n", CHUNK_CONTENT, 2},  {"5\r\nhe", "ll", CHUNK_CONTENT, 1},
        {"5\r\nhe", "llo\r\n", CHUNK_CONTENT, 4},  {"5\r\nhe", "\r\n", CHUNK_CONTENT_CR, 0},
        {"5\r\n", "\r\n", CHUNK_TRAILER_START, 0}, {"5\r", "\nA", CHUNK_LINE_LF, 0},
        {"3\r\n", "\nab\r", CHUNK_LINE_LF, 3},     {"0\r\n\r", "\n", CHUNK_TRAILER_LF, 0},
        {"0\r", "\nA", CHUNK_LINE_LF, 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fields fields;
        fields_init(&fields, NULL, 0);
        struct message message;
        start(&message, &fields, MESSAGE_REQUEST);
        cr_assert_eq(read_piece(&message, cases[i].first), MESSAGE_MORE, "case %zu", i);
        message.chunk_framing.state = cases[i].state;
        message.chunk_framing.left = cases[i].left;
        cr_assert_eq(read_piece(&message, cases[i].second), MESSAGE_BAD, "case %zu", i);
        cr_assert_eq(message_fault(&message), FAULT_CHUNK_SYNTAX, "case %zu", i);
    }
}

/* The reference: a recursive descent over a whole text. SHORT means that the text ends too soon. */

enum outcome { GOOD, SHORT, WRONG };

struct reader {
    const char *at, *end;
};

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

#define HEX_DIGITS "0123456789abcdefABCDEF"
#define TOKEN_CHARACTERS \
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static size_t skip(struct reader *reader, const char *set)
{
    const char *from = reader->at;
    while (reader->at < reader->end && is_in(*reader->at, set)) {
        reader->at++;
    }
    return (size_t)(reader->at - from);
}

static enum outcome expect(struct reader *reader, const char *text)
{
    for (; *text != '\0'; text++, reader->at++) {
        if (reader->at == reader->end) {
            return SHORT;
        }
        if (*reader->at != *text) {
            return WRONG;
        }
    }
    return GOOD;
}

static enum outcome expect_token(struct reader *reader)
{
    size_t length = skip(reader, TOKEN_CHARACTERS);
    return reader->at == reader->end ? SHORT : length > 0 ? GOOD : WRONG;
}

static bool is_text(char c)
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}

static enum outcome expect_quoted_string(struct reader *reader)
{
    reader->at++;
    while (reader->at < reader->end && *reader->at != '"') {
        if (*reader->at == '\\' && ++reader->at == reader->end) {
            return SHORT;
        }
        if (!is_text(*reader->at++)) {
            return WRONG;
        }
    }
    return expect(reader, "\"");
}

static enum outcome expect_extension_value(struct reader *reader)
{
    reader->at++;
    skip(reader, " \t");
    return reader->at < reader->end && *reader->at == '"' ? expect_quoted_string(reader)
                                                          : expect_token(reader);
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), and CRLF */
static enum outcome expect_extensions(struct reader *reader)
{
    for (;;) {
        const char *from = reader->at;
        skip(reader, " \t");
        if (reader->at == reader->end) {
            return SHORT;
        }
        if (*reader->at != ';') {
            return reader->at == from ? expect(reader, "\r\n") : WRONG;
        }
        reader->at++;
        skip(reader, " \t");
        enum outcome outcome = expect_token(reader);
        if (outcome != GOOD) {
            return outcome;
        }
        struct reader ahead = *reader;
        skip(&ahead, " \t");
        if (ahead.at < ahead.end && *ahead.at == '=') {
            *reader = ahead;
            outcome = expect_extension_value(reader);
        }
        if (outcome != GOOD) {
            return outcome;
        }
    }
}

static enum outcome expect_trailers(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at != '\r') {
        enum outcome outcome = expect_token(reader);
        if (outcome == GOOD) {
            outcome = expect(reader, ":");
        }
        if (outcome != GOOD) {
            return outcome;
        }
        while (reader->at < reader->end && is_text(*reader->at)) {
            reader->at++;
        }
        outcome = expect(reader, "\r\n");
        if (outcome != GOOD) {
            return outcome;
        }
    }
    return expect(reader, "\r\n");
}

/* Reads a chunk line, and the size with it. */
static enum outcome expect_chunk_line(struct reader *reader, uint64_t *size)
{
    char digits[17] = "";
    const char *from = reader->at;
    size_t length = skip(reader, HEX_DIGITS);
    if (length > 16) {
        return WRONG;
    }
    if (reader->at == reader->end) {
        return SHORT;
    }
    memcpy(digits, from, length);
    *size = strtoull(digits, NULL, 16);
    return length == 0 ? WRONG : expect_extensions(reader);
}

static enum outcome expect_chunks(struct reader *reader, struct decoded *out)
{
    for (;;) {
        uint64_t size;
        enum outcome outcome = expect_chunk_line(reader, &size);
        if (outcome != GOOD) {
            return outcome;
        }
        if (size == 0) {
            return expect_trailers(reader);
        }
        size_t there = (size_t)(reader->end - reader->at);
        size_t length = size < there ? (size_t)size : there;
        cr_assert_leq(out->length + length, CONTENT_MAX);
        memcpy(out->content + out->length, reader->at, length);
        out->length += length;
        reader->at += length;
        outcome = expect(reader, "\r\n");
        if (outcome != GOOD) {
            return outcome;
        }
    }
}

static void decode_by_reference(const char *text, size_t length, struct decoded *out)
{
    static const enum message_status statuses[] = {
        [GOOD] = MESSAGE_DONE, [SHORT] = MESSAGE_MORE, [WRONG] = MESSAGE_BAD};
    struct reader reader = {text, text + length};
    *out = (struct decoded){.length = 0};
    out->status = statuses[expect_chunks(&reader, out)];
    out->used = (size_t)(reader.at - text);
}

static uint64_t random_state;

/* xorshift64: the same numbers in every run. */
static size_t pick(size_t count)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % count);
}

static char pick_of(const char *set)
{
    return set[pick(strlen(set))];
}

struct stream {
    size_t length;
    char text[STREAM_MAX];
};

static void put(struct stream *stream, char c)
{
    cr_assert_lt(stream->length, STREAM_MAX);
    stream->text[stream->length++] = c;
}

static void put_text(struct stream *stream, const char *text)
{
    while (*text != '\0') {
        put(stream, *text++);
    }
}

static void put_some(struct stream *stream, const char *set, size_t least, size_t most)
{
    for (size_t count = least + pick(most - least + 1); count > 0; count--) {
        put(stream, pick_of(set));
    }
}

static void put_value(struct stream *stream)
{
    if (pick(2) == 0) {
        put_some(stream, TOKEN_CHARACTERS, 1, 4);
        return;
    }
    put(stream, '"');
    for (size_t count = pick(5); count > 0; count--) {
        if (pick(3) == 0) {
            put(stream, '\\');
            put(stream, pick_of("\"\\;= \tax\x80"));
        } else {
            put(stream, pick_of(" \t;=,05afx()\x80\xff"));
        }
    }
    put(stream, '"');
}

static void put_extensions(struct stream *stream)
{
    for (size_t count = pick(4); count > 0; count--) {
        put_some(stream, " \t", 0, pick(3));
        put(stream, ';');
        put_some(stream, " \t", 0, pick(3));
        put_some(stream, TOKEN_CHARACTERS, 1, 4);
        if (pick(2) == 0) {
            put_some(stream, " \t", 0, pick(3));
            put(stream, '=');
            put_some(stream, " \t", 0, pick(3));
            put_value(stream);
        }
    }
    put_text(stream, "\r\n");
}

static void put_size(struct stream *stream, size_t size)
{
    static const char *const formats[] = {"%zx", "%zX", "%03zx"};
    char digits[24];
    snprintf(digits, sizeof digits, formats[pick(COUNT_OF(formats))], size);
    put_text(stream, digits);
}

/* A legal stream; its content goes to *content. */
static void generate(struct stream *stream, struct decoded *content)
{
    *stream = (struct stream){.length = 0};
    *content = (struct decoded){.status = MESSAGE_DONE};
    for (size_t chunks = pick(4); chunks > 0; chunks--) {
        size_t size = 1 + pick(20);
        put_size(stream, size);
        put_extensions(stream);
        for (; size > 0; size--) {
            char c = pick_of("0123456789abcdef;=\" \r\n");
            put(stream, c);
            content->content[content->length++] = c;
        }
        put_text(stream, "\r\n");
    }
    put_size(stream, 0);
    put_extensions(stream);
    for (size_t trailers = pick(3); trailers > 0; trailers--) {
        put_some(stream, TOKEN_CHARACTERS, 1, 4);
        put(stream, ':');
        put_some(stream, " \t;=\"\\ab\xff", 0, 5);
        put_text(stream, "\r\n");
    }
    put_text(stream, "\r\n");
    content->used = stream->length;
    put_text(stream, "0\r\n\r\n");
}

static void mutate(struct stream *stream)
{
    size_t at = pick(stream->length);
    char c = pick_of("\r\n;=\" \t\\0159afx:\x01\x7f\x80");
    switch (pick(4)) {
    case 0:
        stream->text[at] = c;
        break;
    case 1:
        stream->text[at] = (char)pick(256);
        break;
    case 2:
        memmove(stream->text + at, stream->text + at + 1, stream->length - at - 1);
        stream->length--;
        break;
    default:
        put(stream, ' ');
        memmove(stream->text + at + 1, stream->text + at, stream->length - at - 1);
        stream->text[at] = c;
        break;
    }
}

static bool is_same(const struct decoded *a, const struct decoded *b)
{
    if (a->status != b->status) {
        return false;
    }
    return a->status == MESSAGE_BAD ||
           ((a->status == MESSAGE_MORE || a->used == b->used) && a->length == b->length &&
            memcmp(a->content, b->content, a->length) == 0);
}

/* Fed whole, byte by byte, and cut once. */
static void check(const struct stream *stream, const struct decoded *expected, unsigned round)
{
    const size_t splits[] = {0, SIZE_MAX, pick(stream->length)};
    for (size_t i = 0; i < COUNT_OF(splits); i++) {
        struct decoded decoded;
        decode(MESSAGE_REQUEST, stream->text, stream->length, splits[i], &decoded);
        if (!is_same(&decoded, expected)) {
            fwrite(stream->text, 1, stream->length, stderr);
            cr_assert_fail("round %u cut at %zu: status %d not %d, %zu bytes of content not %zu",
                           round, splits[i], decoded.status, expected->status, decoded.length,
                           expected->length);
        }
    }
}

Test(message_chunks, decodes_generated_streams_to_their_content)
{
    random_state = UINT64_C(0x9e3779b97f4a7c15);
    for (unsigned round = 0; round < 4000; round++) {
        struct stream stream;
        struct decoded expected, reference;
        generate(&stream, &expected);
        check(&stream, &expected, round);
        decode_by_reference(stream.text, stream.length, &reference);
        cr_assert(is_same(&reference, &expected), "round %u", round);
    }
}

Test(message_chunks, decodes_mutated_streams_as_the_reference_does)
{
    random_state = UINT64_C(0xd1b54a32d192ed03);
    unsigned seen[3] = {0};
    for (unsigned round = 0; round < 16000; round++) {
        struct stream stream;
        struct decoded expected;
        generate(&stream, &expected);
        for (size_t mutations = 1 + pick(3); mutations > 0; mutations--) {
            mutate(&stream);
        }
        decode_by_reference(stream.text, stream.length, &expected);
        check(&stream, &expected, round);
        seen[expected.status]++;
    }
    cr_assert_gt(seen[MESSAGE_DONE], 1000);
    cr_assert_gt(seen[MESSAGE_BAD], 1000);
    cr_assert_gt(seen[MESSAGE_MORE], 100);
}
