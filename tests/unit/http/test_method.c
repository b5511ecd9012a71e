#include <criterion/criterion.h>

#include "verbgate/http/method.h"
#include "verbgate/http/token.h"

#include <stdlib.h>

static enum method method_at(unsigned number)
{
    return (enum method)number;
}

Test(method, finds_every_registered_method_by_its_name)
{
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT; i++) {
        struct slice name = method_name(method_at(i));
        cr_assert_gt(name.length, 0);
        cr_expect(token_is_valid(name), "%.*s", SLICE_PRINT(name));
        char *copy = malloc(name.length);
        cr_assert(copy != NULL);
        memcpy(copy, name.data, name.length);
        cr_expect_eq(method_find(slice_make(copy, name.length)), method_at(i), "%.*s",
                     SLICE_PRINT(name));
        free(copy);
    }
}

Test(method, lists_names_in_order_and_once)
{
    for (unsigned i = 1; i < METHOD_REGISTERED_COUNT; i++) {
        struct slice before = method_name(method_at(i - 1));
        struct slice name = method_name(method_at(i));
        cr_expect_lt(strcmp(before.data, name.data), 0, "%s, %s", before.data, name.data);
    }
}

Test(method, finds_nothing_for_a_name_that_differs_in_one_byte)
{
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT; i++) {
        struct slice name = method_name(method_at(i));
        char text[32];
        for (size_t at = 0; at < name.length; at++) {
            memcpy(text, name.data, name.length);
            text[at] = ascii_lower(text[at]) == text[at] ? '!' : ascii_lower(text[at]);
            cr_expect_eq(method_find(slice_make(text, name.length)), METHOD_UNKNOWN);
        }
        memcpy(text, name.data, name.length);
        text[name.length] = 'X';
        cr_expect_eq(method_find(slice_make(text, name.length + 1)), METHOD_UNKNOWN);
    }
}

Test(method, finds_nothing_for_other_tokens)
{
    static const struct slice others[] = {
#define NAME(text) {text, sizeof(text) - 1}
        NAME(""),      NAME("G"),        NAME("GE"),     NAME("get"),
        NAME("Get"),   NAME("FOO"),      NAME("PUST"),   NAME("POS"),
        NAME("HEA"),   NAME("GETX"),     NAME("GET\0"),  NAME("GET "),
        NAME("POSTS"), NAME("GET-POST"), NAME("OPTION"), NAME("\xff\xff\xff"),
        NAME("PXT"),   NAME("*"),
#undef NAME
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect_eq(method_find(others[i]), METHOD_UNKNOWN, "%.*s", SLICE_PRINT(others[i]));
    }
}

Test(method, knows_safe_and_idempotent_methods)
{
    static const struct {
        enum method method;
        bool is_safe;
        bool is_idempotent;
    } facts[] = {
        {METHOD_GET, true, true},       {METHOD_HEAD, true, true},     {METHOD_OPTIONS, true, true},
        {METHOD_TRACE, true, true},     {METHOD_QUERY, true, true},    {METHOD_PUT, false, true},
        {METHOD_DELETE, false, true},   {METHOD_POST, false, false},   {METHOD_PATCH, false, false},
        {METHOD_CONNECT, false, false}, {METHOD_PROPFIND, true, true}, {METHOD_LOCK, false, false},
        {METHOD_UNLOCK, false, true},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        struct slice name = method_name(facts[i].method);
        cr_expect_eq(method_is_safe(facts[i].method), facts[i].is_safe, "%s", name.data);
        cr_expect_eq(method_is_idempotent(facts[i].method), facts[i].is_idempotent, "%s",
                     name.data);
    }
}

Test(method, has_no_safe_method_that_is_not_idempotent)
{
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT; i++) {
        cr_expect(!method_is_safe(method_at(i)) || method_is_idempotent(method_at(i)), "%s",
                  method_name(method_at(i)).data);
    }
}

Test(method, says_nothing_of_extension_and_unknown_methods)
{
    static const enum method others[] = {METHOD_EXTENSION_FIRST, METHOD_EXTENSION_LAST,
                                         METHOD_UNKNOWN};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect_eq(method_name(others[i]).length, 0);
        cr_expect(!method_is_safe(others[i]));
        cr_expect(!method_is_idempotent(others[i]));
    }
}

Test(method, suggests_what_was_most_likely_meant)
{
    static const struct {
        const char *name;
        enum method method;
    } hints[] = {
        {"get", METHOD_GET},        {"Get", METHOD_GET},       {"pUt", METHOD_PUT},
        {"delete", METHOD_DELETE},  {"DELET", METHOD_DELETE},  {"PSOT", METHOD_POST},
        {"OPTION", METHOD_OPTIONS}, {"POSTS", METHOD_POST},    {"PATHC", METHOD_PATCH},
        {"GTE", METHOD_UNKNOWN},    {"FOO", METHOD_UNKNOWN},   {"", METHOD_UNKNOWN},
        {"BREW", METHOD_UNKNOWN},   {"delet", METHOD_UNKNOWN}, {"!!!!", METHOD_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        cr_expect_eq(method_suggest(slice_of(hints[i].name)), hints[i].method, "%s", hints[i].name);
    }
}

Test(method, suggests_nothing_for_a_name_of_any_length)
{
    char text[4096];
    memset(text, 'G', sizeof text);
    cr_expect_eq(method_suggest(slice_make(text, sizeof text)), METHOD_UNKNOWN);
    cr_expect_eq(method_find(slice_make(text, sizeof text)), METHOD_UNKNOWN);
}
