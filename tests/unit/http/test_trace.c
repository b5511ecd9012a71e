#include <criterion/criterion.h>

#include "verbgate/http/trace.h"

#include <stdlib.h>

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

/* The value at the end of a heap block, so that a read past it is seen. */
static struct slice at_end(const char *value, char **block)
{
    size_t length = strlen(value);
    *block = malloc(length + 1);
    memcpy(*block + 1, value, length);
    return slice_make(*block + 1, length);
}

Test(trace, takes_the_trace_id_of_valid_traceparents_only)
{
    static const struct {
        const char *value;
        bool is_valid;
    } cases[] = {
        {"00-" TRACE "-" PARENT "-01", true},
        {"00-" TRACE "-" PARENT "-00", true},
        {"00-" TRACE "-" PARENT "-ff", true},
        {"01-" TRACE "-" PARENT "-01", true},
        {"fe-" TRACE "-" PARENT "-01", true},
        /* A later version may have more, behind another dash. */
        {"01-" TRACE "-" PARENT "-01-", true},
        {"cc-" TRACE "-" PARENT "-01-what-the-future-will-be-like", true},
        {"01-" TRACE "-" PARENT "-01.what", false},
        {"01-" TRACE "-" PARENT "-011", false},
        {"00-" TRACE "-" PARENT "-01-", false},
        {"00-" TRACE "-" PARENT "-01-more", false},
        {"00-" TRACE "-" PARENT "-01 ", false},
        {"ff-" TRACE "-" PARENT "-01", false},
        {"FF-" TRACE "-" PARENT "-01", false},
        {"0x-" TRACE "-" PARENT "-01", false},
        {"00-00000000000000000000000000000000-" PARENT "-01", false},
        {"00-" TRACE "-0000000000000000-01", false},
        {"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01", false},
        {"00-" TRACE "-B7AD6B7169203331-01", false},
        {"00-" TRACE "-" PARENT "-0G", false},
        {"00_" TRACE "-" PARENT "-01", false},
        {"00-" TRACE "_" PARENT "-01", false},
        {"00-" TRACE "-" PARENT "_01", false},
        {"00-" TRACE "-" PARENT "-0", false},
        {"00-" TRACE "-" PARENT, false},
        {"00", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *block;
        struct slice id = trace_id_of(at_end(cases[i].value, &block));
        cr_assert(slice_equal(id, cases[i].is_valid ? SLICE(TRACE) : SLICE("")), "%s",
                  cases[i].value);
        free(block);
    }
}

Test(trace, takes_ids_that_are_safe_to_show_and_bounded)
{
    static char long_id[TRACE_REQUEST_ID_MAX + 1];
    memset(long_id, 'a', sizeof long_id);
    cr_assert(trace_request_id_is_valid(slice_make(long_id, TRACE_REQUEST_ID_MAX)));
    cr_assert_not(trace_request_id_is_valid(slice_make(long_id, TRACE_REQUEST_ID_MAX + 1)));
    cr_assert_not(trace_request_id_is_valid(slice_make(NULL, 0)));
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~+/=:@";
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[] = {'a', (char)byte, 'b'};
        bool expected = byte != 0 && strchr(allowed, (char)byte) != NULL;
        cr_assert_eq(trace_request_id_is_valid(slice_make(text, 3)), expected, "byte %u", byte);
    }
}

static struct fields fields_of(struct field items[4], const char *name, const char *first,
                               const char *second)
{
    struct fields fields;
    fields_init(&fields, items, 4);
    cr_assert_eq(fields_add(&fields, slice_of(name), slice_of(first)), FAULT_NONE);
    if (second != NULL) {
        cr_assert_eq(fields_add(&fields, slice_of(name), slice_of(second)), FAULT_NONE);
    }
    return fields;
}

Test(trace, believes_a_field_that_came_once)
{
    static const char parent[] = "00-" TRACE "-" PARENT "-01";
    struct field items[4];
    struct fields fields = fields_of(items, "x-request-id", "abc", NULL);
    cr_assert(slice_equal(trace_request_id(&fields), SLICE("abc")));
    cr_assert_eq(trace_id(&fields).length, 0);
    fields = fields_of(items, "X-Request-Id", "abc", "abc");
    cr_assert_eq(trace_request_id(&fields).length, 0);
    fields = fields_of(items, "X-Request-Id", "a b", NULL);
    cr_assert_eq(trace_request_id(&fields).length, 0);
    fields = fields_of(items, "Traceparent", parent, NULL);
    cr_assert(slice_equal(trace_id(&fields), SLICE(TRACE)));
    fields = fields_of(items, "traceparent", parent, parent);
    cr_assert_eq(trace_id(&fields).length, 0);
}
