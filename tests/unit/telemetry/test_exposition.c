#include <criterion/criterion.h>

#include "verbgate/telemetry/exposition.h"

#include <stdlib.h>

enum { TEXT_MAX = 4096 };

static void expect_text(const struct writer *writer, const char *expected)
{
    cr_assert_not(writer->overflow);
    cr_assert(slice_equal(writer_slice(writer), slice_of(expected)), "%.*s",
              SLICE_PRINT(writer_slice(writer)));
}

Test(exposition, writes_a_family)
{
    char text[TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    exposition_family(&writer, "things_total", "counter", "Things.");
    exposition_sample(&writer, "things_total", NULL, 0, 18446744073709551615u);
    expect_text(&writer, "# HELP things_total Things.\n# TYPE things_total counter\n"
                         "things_total 18446744073709551615\n");
}

Test(exposition, separates_labels_by_commas)
{
    char text[TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    struct exposition_label labels[] = {{"a", SLICE("1")}, {"b", SLICE("")}, {"c", SLICE("x y")}};
    exposition_sample(&writer, "n", labels, 1, 0);
    exposition_sample(&writer, "n", labels, 3, 7);
    expect_text(&writer, "n{a=\"1\"} 0\nn{a=\"1\",b=\"\",c=\"x y\"} 7\n");
}

Test(exposition, escapes_what_would_end_a_label_value)
{
    static const struct {
        struct slice value;
        const char *expected;
    } cases[] = {
        {{"\"", 1}, "n{l=\"\\\"\"} 1\n"},          {{"\\", 1}, "n{l=\"\\\\\"} 1\n"},
        {{"\n", 1}, "n{l=\"\\n\"} 1\n"},           {{"\\n", 2}, "n{l=\"\\\\n\"} 1\n"},
        {{"a\"}\n", 4}, "n{l=\"a\\\"}\\n\"} 1\n"}, {{"\xc3\xa4", 2}, "n{l=\"\xc3\xa4\"} 1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[TEXT_MAX];
        struct writer writer = writer_make(text, sizeof text);
        struct exposition_label label = {"l", cases[i].value};
        exposition_sample(&writer, "n", &label, 1, 1);
        expect_text(&writer, cases[i].expected);
    }
}

Test(exposition, adds_the_buckets_of_a_histogram_up)
{
    static const uint64_t bounds[] = {100, 2500, 1000000, 60000000};
    static const uint64_t counts[] = {1, 0, 2, 4, 8};
    struct exposition_histogram histogram = {
        .bounds_us = bounds, .bound_count = 4, .counts = counts, .sum_us = 61000250};
    char text[TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    exposition_histogram(&writer, "h", (struct exposition_label){"u", SLICE("b")}, &histogram);
    expect_text(&writer, "h_bucket{u=\"b\",le=\"0.0001\"} 1\n"
                         "h_bucket{u=\"b\",le=\"0.0025\"} 1\n"
                         "h_bucket{u=\"b\",le=\"1\"} 3\n"
                         "h_bucket{u=\"b\",le=\"60\"} 7\n"
                         "h_bucket{u=\"b\",le=\"+Inf\"} 15\n"
                         "h_sum{u=\"b\"} 61.00025\n"
                         "h_count{u=\"b\"} 15\n");
}

/* At every size: nothing is written behind the buffer, and what did not fit is told. */
Test(exposition, stays_within_its_buffer)
{
    static const uint64_t bounds[] = {100};
    static const uint64_t counts[] = {1, 2};
    struct exposition_histogram histogram = {
        .bounds_us = bounds, .bound_count = 1, .counts = counts, .sum_us = 5};
    for (size_t size = 1; size < 190; size++) {
        char *bytes = malloc(size);
        struct writer writer = writer_make(bytes, size);
        exposition_family(&writer, "name", "histogram", "Help that is longer than nothing.");
        exposition_histogram(&writer, "name", (struct exposition_label){"u", SLICE("\"\\\n")},
                             &histogram);
        cr_assert_leq(writer.length, size);
        cr_assert(writer.overflow, "%zu", size);
        free(bytes);
    }
}
