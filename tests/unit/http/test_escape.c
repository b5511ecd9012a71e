#include <criterion/criterion.h>

#include "verbgate/http/escape.h"

#include <stdlib.h>

enum { CASE_BYTES = 16 };

/* A copy at the end of a heap block, so that a byte too far is seen. */
static char *copy_of(const char *text, struct slice *path)
{
    size_t length = strlen(text);
    char *copy = malloc(length);
    cr_assert(copy != NULL && length <= CASE_BYTES);
    memcpy(copy, text, length);
    *path = slice_make(copy, length);
    return copy;
}

Test(escape, is_a_percent_sign_and_two_digits)
{
    static const struct {
        const char *text;
        int byte;
    } cases[] = {
        {"%41", 0x41}, {"%fF", 0xff}, {"%00", 0},  {"%4", -1},  {"%", -1},
        {"%4g", -1},   {"%g4", -1},   {"a41", -1}, {"%%4", -1}, {"%+1", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice path;
        char *copy = copy_of(cases[i].text, &path);
        cr_expect_eq(escape_byte(path, 0), cases[i].byte, "%s", cases[i].text);
        free(copy);
    }
}

Test(escape, of_a_character_are_the_shortest_utf_8)
{
    static const struct {
        const char *text;
        uint32_t code;
        unsigned escapes;
    } cases[] = {
        {"%C3%A9x", 0xe9, 2},
        {"%e2%80%8E", 0x200e, 3},
        {"%F3%A0%81%A1", 0xe0061, 4},
        {"%F4%8F%BF%BF", 0x10ffff, 4},
        {"%41", 0, 0},
        {"%C3", 0, 0},
        {"%C3%A", 0, 0},
        {"%C3\xa9", 0, 0},
        {"%A9", 0, 0},
        {"%C0%AF", 0, 0},
        {"%E0%80%AF", 0, 0},
        {"%E0%9F%BF", 0, 0},
        {"%F0%8F%BF%BF", 0, 0},
        {"%ED%A0%80", 0, 0},
        {"%F4%90%80%80", 0, 0},
        {"%E2%80x", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice path;
        char *copy = copy_of(cases[i].text, &path);
        struct escaped_character found = escape_character(path, 0);
        cr_expect_eq(found.code, cases[i].code, "%s: %x", cases[i].text, found.code);
        cr_expect_eq(found.escapes, cases[i].escapes, "%s", cases[i].text);
        free(copy);
    }
}

/* Those that System.Uri of .NET drops, those that comparisons ignore, and their neighbours. */
Test(escape, of_a_character_without_a_look_are_told)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"%E2%80%8E", 9},     {"%E2%80%8F", 9},     {"%E2%80%AA", 9},
        {"%E2%80%AE", 9},     {"%E2%80%8C", 9},     {"%E2%80%8D", 9},
        {"%E2%81%A0", 9},     {"%E2%81%A4", 9},     {"%E2%81%AA", 9},
        {"%E2%81%AF", 9},     {"%EF%BB%BF", 9},     {"%E1%A0%8B", 9},
        {"%E1%A0%8E", 9},     {"%EF%BF%B9", 9},     {"%EF%BF%BB", 9},
        {"%C2%AD", 6},        {"%CD%8F", 6},        {"%D8%9C", 6},
        {"%F3%A0%80%80", 12}, {"%F3%A0%BF%BF", 12}, {"%F0%9D%85%B3", 12},
        {"%E2%80%90", 0},     {"%E2%80%A9", 0},     {"%E2%80%AF", 0},
        {"%E2%81%B0", 0},     {"%E1%A0%90", 0},     {"%EF%BF%BC", 0},
        {"%C2%AC", 0},        {"%C2%AE", 0},        {"%F3%A1%80%80", 0},
        {"%AD", 0},           {"%00", 0},           {"a", 0},
        {"%E2%80", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice path;
        char *copy = copy_of(cases[i].text, &path);
        size_t length = escape_ignorable_length(path, 0);
        cr_expect_eq(length, cases[i].length, "%s: %zu", cases[i].text, length);
        free(copy);
    }
}
