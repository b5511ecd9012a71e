#include <criterion/criterion.h>

#include "verbgate/base/slice.h"

#include <stdlib.h>

static const struct slice none = {NULL, 0};

Test(slice, compares_bytes)
{
    cr_expect(slice_equal(none, none));
    cr_expect(slice_equal(none, SLICE("")));
    cr_expect(slice_equal(SLICE("a\0b"), SLICE("a\0b")));
    cr_expect(!slice_equal(SLICE("a\0b"), SLICE("a\0c")));
    cr_expect(!slice_equal(SLICE("a"), SLICE("A")));
    cr_expect(!slice_equal(SLICE("a"), SLICE("ab")));
    cr_expect(!slice_equal(SLICE("a"), none));
}

Test(slice, ignores_only_ascii_case)
{
    cr_expect(slice_equal_ignoring_case(SLICE("Content-Length"), SLICE("cONTENT-lENGTH")));
    cr_expect(slice_equal_ignoring_case(none, SLICE("")));
    cr_expect(!slice_equal_ignoring_case(SLICE("a"), SLICE("ab")));
    cr_expect(!slice_equal_ignoring_case(SLICE("@"), SLICE("`")));
    cr_expect(!slice_equal_ignoring_case(SLICE("["), SLICE("{")));
    cr_expect(!slice_equal_ignoring_case(SLICE("\xc9"), SLICE("\xe9")));
}

/* Texts of 8 bytes and more are compared in words: every pair of bytes, at each place of a text. */
Test(slice, ignores_the_case_of_letters_alone_at_every_place)
{
    for (size_t length = 7; length <= 17; length += 5) {
        char a[17];
        char b[17];
        memset(a, 'x', sizeof a);
        memset(b, 'X', sizeof b);
        for (size_t place = 0; place < length; place += 1 + length / 8) {
            for (int one = 0; one < 256; one++) {
                for (int other = 0; other < 256; other++) {
                    a[place] = (char)one;
                    b[place] = (char)other;
                    bool wanted = ascii_lower(a[place]) == ascii_lower(b[place]);
                    bool found =
                        slice_equal_ignoring_case(slice_make(a, length), slice_make(b, length));
                    cr_assert_eq(found, wanted, "%d and %d at %zu of %zu", one, other, place,
                                 length);
                }
            }
            a[place] = b[place] = 'y';
        }
    }
}

/* Each byte in place of each one of words of every length that is compared in its own way. */
Test(slice, knows_a_word_by_the_case_of_its_letters_alone)
{
    static const char letters[] = "az-09bcdefghijklmnopqrst";
    for (size_t length = 0; length < sizeof letters; length++) {
        char *text = malloc(length + 1); /* and the block's end is the text's end */
        memcpy(text + 1, letters, length);
        struct slice word = slice_make(letters, length);
        cr_assert(slice_is_word(slice_make(text + 1, length), word), "length %zu", length);
        for (size_t place = 0; place < length; place++) {
            for (int byte = 0; byte < 256; byte++) {
                text[1 + place] = (char)byte;
                cr_assert_eq(slice_is_word(slice_make(text + 1, length), word),
                             ascii_lower((char)byte) == letters[place], "byte %d at %zu of %zu",
                             byte, place, length);
            }
            text[1 + place] = letters[place];
        }
        free(text);
    }
    cr_expect(!slice_is_word(SLICE("clos"), SLICE("close")));
    cr_expect(!slice_is_word(none, SLICE("te")));
}

Test(slice, lowers_only_the_letters_of_ascii)
{
    for (int value = 0; value < 256; value++) {
        char c = (char)value;
        char wanted = value >= 'A' && value <= 'Z' ? (char)(value + 32) : c;
        cr_expect_eq(ascii_lower(c), wanted, "byte %d", value);
    }
}

Test(slice, knows_its_prefixes)
{
    cr_expect(slice_starts_with(SLICE("unix:/a"), SLICE("unix:")));
    cr_expect(slice_starts_with(SLICE("a"), SLICE("a")));
    cr_expect(slice_starts_with(SLICE("a"), none));
    cr_expect(slice_starts_with(none, none));
    cr_expect(!slice_starts_with(SLICE("uni"), SLICE("unix:")));
    cr_expect(!slice_starts_with(SLICE("Unix:"), SLICE("unix:")));
    cr_expect(!slice_starts_with(none, SLICE("a")));
}

Test(slice, is_empty_for_a_null_string)
{
    cr_expect_eq(slice_of(NULL).length, 0);
    cr_expect(slice_equal(slice_of("abc"), SLICE("abc")));
}

Test(slice, drops_bytes_from_its_front)
{
    cr_expect(slice_equal(slice_after(SLICE("abc"), 1), SLICE("bc")));
    cr_expect_eq(slice_after(SLICE("abc"), 3).length, 0);
    cr_expect_eq(slice_after(none, 0).length, 0);
}

Test(slice, is_trimmed_of_spaces_and_tabs)
{
    cr_expect(slice_equal(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    cr_expect(slice_equal(slice_trim(SLICE("a")), SLICE("a")));
    cr_expect(slice_equal(slice_trim(SLICE("\r\n\v a")), SLICE("\r\n\v a")));
    cr_expect(slice_equal(slice_trim(SLICE("\xe9 a \x80")), SLICE("\xe9 a \x80")));
    cr_expect(slice_equal(slice_trim(SLICE("a\t")), SLICE("a")));
    cr_expect(slice_equal(slice_trim(SLICE(" a")), SLICE("a")));
    cr_expect(slice_equal(slice_trim(SLICE("\xe9 ")), SLICE("\xe9")));
    cr_expect_eq(slice_trim(SLICE(" \t ")).length, 0);
    cr_expect_eq(slice_trim(none).length, 0);
}

Test(slice, finds_the_first_of_a_byte)
{
    cr_expect_eq(slice_find(SLICE("a:b:c"), ':'), 1);
    cr_expect_eq(slice_find(SLICE("abc"), ':'), 3);
    cr_expect_eq(slice_find(SLICE("abc"), '\0'), 3);
    cr_expect_eq(slice_find(SLICE("a\0c"), '\0'), 1);
    cr_expect_eq(slice_find(none, ':'), 0);
}

Test(slice, reads_plain_decimal_numbers)
{
    static const struct {
        const char *text;
        uint64_t number;
    } numbers[] = {
        {"0", 0},
        {"7", 7},
        {"0042", 42},
        {"65535", 65535},
        {"4294967296", 4294967296u},
        {"9999999999999999999", 9999999999999999999u},
        {"0000000000000000001", 1},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t value = 1234;
        cr_expect(slice_to_number(slice_of(numbers[i].text), &value), "%s", numbers[i].text);
        cr_expect_eq(value, numbers[i].number, "%s", numbers[i].text);
    }
}

Test(slice, refuses_what_is_no_plain_number)
{
    static const struct slice others[] = {
#define TEXT(text) {text, sizeof(text) - 1}
        TEXT(""),
        TEXT("+1"),
        TEXT("-1"),
        TEXT(" 1"),
        TEXT("1 "),
        TEXT("1a"),
        TEXT("0x1"),
        TEXT("1\0"),
        TEXT("1.0"),
        TEXT("1,1"),
        TEXT("/"),
        TEXT(":"),
        TEXT("\xb2"),
        TEXT("1e3"),
        TEXT("18446744073709551616"),
        TEXT("00000000000000000001"),
#undef TEXT
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        uint64_t value = 1234;
        cr_expect(!slice_to_number(others[i], &value), "%s", others[i].data);
        cr_expect_eq(value, 1234);
    }
}

Test(slice, counts_typing_errors)
{
    static const struct {
        const char *a;
        const char *b;
        unsigned distance;
    } pairs[] = {
        {"", "", 0},       {"", "abc", 3},           {"abc", "", 3},     {"abc", "abc", 0},
        {"abc", "abd", 1}, {"abc", "ab", 1},         {"abc", "xabc", 1}, {"abc", "acb", 1},
        {"ab", "ba", 1},   {"kitten", "sitting", 3}, {"ca", "abc", 3},   {"abcdef", "badcfe", 3},
        {"GET", "get", 3},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct slice a = slice_of(pairs[i].a);
        struct slice b = slice_of(pairs[i].b);
        for (unsigned limit = 0; limit < 8; limit++) {
            unsigned wanted = pairs[i].distance > limit ? limit + 1 : pairs[i].distance;
            cr_expect_eq(slice_distance(a, b, limit), wanted, "%s, %s, %u", a.data, b.data, limit);
            cr_expect_eq(slice_distance(b, a, limit), wanted, "%s, %s, %u", b.data, a.data, limit);
        }
    }
}

Test(slice, gives_long_words_up_at_once)
{
    char a[33], b[33];
    memset(a, 'a', sizeof a);
    memset(b, 'a', sizeof b);
    cr_expect_eq(slice_distance(slice_make(a, 32), slice_make(b, 32), 2), 0);
    cr_expect_eq(slice_distance(slice_make(a, 33), slice_make(b, 32), 2), 3);
    cr_expect_eq(slice_distance(slice_make(a, 32), slice_make(b, 33), 2), 3);
}
