#include <criterion/criterion.h>

#include "verbgate/http/token.h"

#include <stdlib.h>

Test(token, has_exactly_the_characters_of_the_grammar)
{
    static const char tchar[] = "!#$%&'*+-.^_`|~0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int value = 0; value < 256; value++) {
        bool is_tchar = value != 0 && strchr(tchar, value) != NULL;
        cr_expect_eq(token_is_character((char)value), is_tchar, "byte %d", value);
    }
}

Test(token, is_valid_when_not_empty_and_all_token_characters)
{
    cr_expect(token_is_valid(SLICE("GET")));
    cr_expect(token_is_valid(SLICE("!#$%&'*+-.^_`|~9")));
    cr_expect(!token_is_valid(slice_make(NULL, 0)));
    cr_expect(!token_is_valid(SLICE("a b")));
    cr_expect(!token_is_valid(SLICE(" a")));
    cr_expect(!token_is_valid(SLICE("a,")));
    cr_expect(!token_is_valid(SLICE("a\0")));
    cr_expect(!token_is_valid(SLICE("\xe9")));
}

/* Elements are joined with '|' for the comparison. */
static const struct {
    const char *list;
    const char *elements;
} lists[] = {
    {"", ""},
    {" \t ", ""},
    {",", ""},
    {" , ,\t,", ""},
    {"a", "a|"},
    {" a ", "a|"},
    {"a,b", "a|b|"},
    {"a , b\t,\tc", "a|b|c|"},
    {",a,,b,", "a|b|"},
    {"a b", "a b|"},
    {"\"a,b\",c", "\"a,b\"|c|"},
    {"a=\"b,\\\",c\", d", "a=\"b,\\\",c\"|d|"},
    {"\"a\\\\\",b", "\"a\\\\\"|b|"},
    {"\"a,b", "\"a,b|"},
    {"\"a\\", "\"a\\|"},
    {"a\\,b", "a\\|b|"},
};

Test(token, splits_lists_into_their_elements)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char joined[64];
        size_t length = 0;
        size_t bytes = strlen(lists[i].list);
        char *copy = malloc(bytes > 0 ? bytes : 1);
        cr_assert(copy != NULL);
        memcpy(copy, lists[i].list, bytes);
        struct slice rest = slice_make(copy, bytes);
        struct slice element;
        while (token_list_next(&rest, &element)) {
            memcpy(joined + length, element.data, element.length);
            length += element.length;
            joined[length++] = '|';
        }
        joined[length] = '\0';
        cr_expect_str_eq(joined, lists[i].elements, "%s", lists[i].list);
        cr_expect_eq(rest.length, 0);
        free(copy);
    }
}

Test(token, leaves_the_element_alone_at_the_end_of_a_list)
{
    struct slice rest = slice_make(NULL, 0);
    struct slice element = SLICE("untouched");
    cr_expect(!token_list_next(&rest, &element));
    cr_expect(slice_equal(element, SLICE("untouched")));
}

Test(token, finds_whole_elements_without_case)
{
    cr_expect(token_list_has(SLICE("close"), SLICE("close")));
    cr_expect(token_list_has(SLICE("keep-alive, Upgrade"), SLICE("upgrade")));
    cr_expect(token_list_has(SLICE(",, CLOSE ,"), SLICE("close")));
    cr_expect(!token_list_has(SLICE("closed"), SLICE("close")));
    cr_expect(!token_list_has(SLICE("not close"), SLICE("close")));
    cr_expect(!token_list_has(SLICE("\"close\""), SLICE("close")));
    cr_expect(!token_list_has(SLICE("\"a, close\""), SLICE("close")));
    cr_expect(!token_list_has(slice_make(NULL, 0), SLICE("close")));
}
