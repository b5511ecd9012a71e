#include <criterion/criterion.h>

#include "verbgate/http/accept.h"

#include <stdio.h>
#include <stdlib.h>

/* The choice for Accept fields with these values; the list ends with NULL. Each value stands at the
 * end of a heap block of its own, so that a read past it is seen. */
static enum media_type choose(const char *const *values)
{
    struct field items[8];
    char *copies[8];
    struct fields fields;
    unsigned count = 0;
    fields_init(&fields, items, 8);
    for (; values[count] != NULL; count++) {
        size_t length = strlen(values[count]);
        copies[count] = malloc(length + 1);
        memcpy(copies[count] + 1, values[count], length);
        struct slice value = slice_make(copies[count] + 1, length);
        cr_assert_eq(fields_add(&fields, SLICE("Accept"), value), FAULT_NONE);
    }
    enum media_type chosen = accept_choose(&fields);
    while (count > 0) {
        free(copies[--count]);
    }
    return chosen;
}

static void expect(const char *value, enum media_type media)
{
    enum media_type chosen = choose((const char *const[]){value, NULL});
    cr_assert_eq(chosen, media, "\"%s\" chose %d", value, (int)chosen);
}

Test(accept, chooses_by_type_weight_and_closeness)
{
    static const struct {
        const char *value;
        enum media_type media;
    } cases[] = {
        {"", MEDIA_TEXT},
        {" , ,", MEDIA_TEXT},
        {"*/*", MEDIA_TEXT},
        {"text/*", MEDIA_TEXT},
        {"image/png", MEDIA_TEXT},
        {"text/html", MEDIA_HTML},
        {"TEXT/HTML", MEDIA_HTML},
        {"application/problem+json", MEDIA_PROBLEM},
        {"application/json", MEDIA_PROBLEM},
        {"application/*", MEDIA_PROBLEM},
        {"application/json;odata=verbose", MEDIA_PROBLEM},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", MEDIA_HTML},
        /* Equally liked: text first, then HTML. */
        {"application/json, text/plain, */*", MEDIA_TEXT},
        {"application/json, text/html", MEDIA_HTML},
        {"application/json, */*", MEDIA_TEXT},
        {"application/json, */*;q=0.1", MEDIA_PROBLEM},
        {"text/plain;q=0.5, text/html;q=0.501", MEDIA_HTML},
        {"text/plain; q=0.5 , text/html; Q=0.4", MEDIA_TEXT},
        {"text/plain;q=0.000, text/html;q=0.001", MEDIA_HTML},
        {"text/plain;q=0, */*", MEDIA_HTML},
        {"text/*;q=0, */*", MEDIA_PROBLEM},
        {"text/*;q=0, */*, text/plain;q=0.1", MEDIA_PROBLEM},
        {"*/*;q=0", MEDIA_TEXT},
        /* The closest range counts, wherever it stands, and not the largest weight. */
        {"text/html;q=0.3, text/*;q=0.9, */*;q=0.5", MEDIA_TEXT},
        {"*/*;q=0.9, text/html;q=1, text/plain;q=0.2", MEDIA_HTML},
        {"application/problem+json;q=0, application/json", MEDIA_TEXT},
        {"application/json;q=0, application/problem+json", MEDIA_PROBLEM},
        {"text/html;q=0.1, text/plain;q=0.5, text/html;q=0.9", MEDIA_HTML},
        {"text/html;level=\"a;q=0,\\\"b\";q=1, text/plain;q=0.9", MEDIA_HTML},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(cases[i].value, cases[i].media);
    }
}

Test(accept, passes_over_ranges_with_a_broken_weight)
{
    static const char *const weights[] = {"",   "2",   "1.001", "0.1234", "0,5",   "-1", "+1",
                                          "01", "0.x", ".5",    "1.1",    "\"1\"", "a",  "1x"};
    for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        char value[64];
        snprintf(value, sizeof value, "text/html;q=%s", weights[i]);
        expect(value, MEDIA_TEXT);
    }
    expect("text/html;q=1.", MEDIA_HTML);
    expect("text/html;q=1.000", MEDIA_HTML);
    expect("text/html;q=0.", MEDIA_TEXT);
}

Test(accept, reads_all_fields_as_one_list)
{
    cr_assert_eq(choose((const char *const[]){NULL}), MEDIA_TEXT);
    cr_assert_eq(choose((const char *const[]){"text/plain;q=0.5", "text/html", NULL}), MEDIA_HTML);
    cr_assert_eq(choose((const char *const[]){"", "image/png", "application/json", NULL}),
                 MEDIA_PROBLEM);
}

Test(accept, looks_at_a_bounded_number_of_ranges)
{
    char value[ACCEPT_RANGES_MAX * 2 + 16];
    size_t length = 0;
    for (unsigned i = 0; i < ACCEPT_RANGES_MAX - 1; i++) {
        memcpy(value + length, "a,", 2);
        length += 2;
    }
    memcpy(value + length, "text/html", sizeof "text/html");
    expect(value, MEDIA_HTML);
    memcpy(value + length, "a,text/html", sizeof "a,text/html");
    expect(value, MEDIA_TEXT);
}

Test(accept, never_reads_past_the_end)
{
    static const char value[] =
        " text/html ; a=\"\\\"x\" ;q=0.5 , application/json;q=1.000, */*;q=0";
    char cut[sizeof value];
    for (size_t length = 0; length < sizeof value; length++) {
        memcpy(cut, value, length);
        cut[length] = '\0';
        cr_assert_lt(choose((const char *const[]){cut, NULL}), MEDIA_TYPE_COUNT);
    }
    expect(value, MEDIA_PROBLEM);
}

Test(accept, names_the_types)
{
    cr_assert(slice_equal(media_type_value(MEDIA_TEXT), SLICE("text/plain; charset=utf-8")));
    cr_assert(slice_equal(media_type_value(MEDIA_HTML), SLICE("text/html; charset=utf-8")));
    cr_assert(slice_equal(media_type_value(MEDIA_PROBLEM), SLICE("application/problem+json")));
}
