#include <criterion/criterion.h>

#include "verbgate/http/folding.h"

#include <stdio.h>
#include <stdlib.h>

/* Folds a copy at the end of a heap block into a buffer of just the promised size. */
static void expect_fold(const char *path, const char *wanted)
{
    struct slice text = slice_of(path);
    char *copy = malloc(text.length);
    char *buffer = malloc(text.length);
    cr_assert(copy != NULL && buffer != NULL);
    memcpy(copy, text.data, text.length);
    struct slice made = folding_without_case(slice_make(copy, text.length), buffer);
    cr_expect(slice_equal(made, slice_of(wanted)), "%s: %.*s", path, SLICE_PRINT(made));
    cr_expect_eq(made.data == copy, strcmp(path, wanted) == 0, "%s", path);
    free(buffer);
    free(copy);
}

Test(folding, has_no_case)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"/abc/x.y~z", "/abc/x.y~z"},
        {"/Admin/USERS", "/admin/users"},
        {"/AZaz@[`{", "/azaz@[`{"},
        /* an encoded ASCII letter stays: another reading decodes it */
        {"/%41dmin", "/%41dmin"},
        {"/%4A%6a", "/%4A%6A"},
        {"/%2f", "/%2F"},
        /* UTF-8: Latin, Greek, Cyrillic, Deseret; two spellings of one escape */
        {"/%C3%89cole", "/%C3%A9cole"},
        {"/%c3%89cole", "/%C3%A9cole"},
        {"/%C3%A9", "/%C3%A9"},
        {"/%C4%80%C4%81%C3%97", "/%C4%81%C4%81%C3%97"},
        {"/%CE%A3%CF%83%CF%82", "/%CF%83%CF%83%CF%83"},
        {"/%D0%90%D0%B0", "/%D0%B0%D0%B0"},
        {"/%F0%90%90%80", "/%F0%90%90%A8"},
        {"/%E6%97%A5", "/%E6%97%A5"},
        /* what is a letter of ASCII in another case: K, long s, the Turkish letters; full width */
        {"/%E2%84%AA%C5%BF%C4%B0%C4%B1", "/ksii"},
        {"/%EF%BC%A1%EF%BD%81%EF%BC%91", "/aa1"},
        {"/%E2%84%AB", "/%C3%A5"},
        /* a capital whose small letter is longer */
        {"/%C8%BA%E2%B1%A5", "/%C8%BA%C8%BA"},
        /* no UTF-8: Latin-1 */
        {"/%C9cole%E9", "/%E9cole%E9"},
        {"/%D7%DF%DE", "/%D7%DF%FE"},
        {"/%C3", "/%E3"},
        {"/%C3x%89", "/%E3x%89"},
        {"/%E2%84", "/%E2%84"},
        {"/%ED%A0%80", "/%ED%A0%80"},
        {"/%F8%80", "/%F8%80"},
        /* "%" that begins no escape */
        {"/%", "/%"},
        {"/%C", "/%c"},
        {"/%ZZ%C3%", "/%zz%E3%"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_fold(cases[i][0], cases[i][1]);
    }
}

/* Two spellings are one resource for a server without case when their folded forms are equal: folding again
 * must change nothing. */
Test(folding, is_done_once)
{
    for (unsigned code = 0x80; code < 0x20000; code++) {
        char path[16];
        int length = code < 0x800 ? snprintf(path, sizeof path, "%%%02X%%%02X", 0xc0 | code >> 6,
                                             0x80 | (code & 0x3f))
                     : code < 0x10000
                         ? snprintf(path, sizeof path, "%%%02X%%%02X%%%02X", 0xe0 | code >> 12,
                                    0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f))
                         : snprintf(path, sizeof path, "%%%02X%%%02X%%%02X%%%02X",
                                    0xf0 | code >> 18, 0x80 | (code >> 12 & 0x3f),
                                    0x80 | (code >> 6 & 0x3f), 0x80 | (code & 0x3f));
        char once[16], twice[16];
        struct slice folded = folding_without_case(slice_make(path, (size_t)length), once);
        struct slice again = folding_without_case(folded, twice);
        cr_assert(slice_equal(folded, again), "U+%04X: %.*s", code, SLICE_PRINT(folded));
        cr_assert_leq(folded.length, (size_t)length);
    }
}

Test(folding, has_no_slash_at_the_end)
{
    static const char *const cases[][2] = {
        {"/", "/"}, {"//", "/"}, {"/a", "/a"}, {"/a/", "/a"}, {"/a///", "/a"}, {"/a/b/", "/a/b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice made = folding_without_slash(slice_of(cases[i][0]));
        cr_expect(slice_equal(made, slice_of(cases[i][1])), "%s", cases[i][0]);
    }
}
