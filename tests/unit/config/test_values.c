#include <criterion/criterion.h>

#include "verbgate/config/schema.h"

Test(values, reads_counts)
{
    uint64_t value = 7;
    cr_assert_null(schema_read_count(SLICE("0"), &value));
    cr_assert_eq(value, 0);
    cr_assert_null(schema_read_count(SLICE("9999999999999999999"), &value));
    cr_assert_eq(value, 9999999999999999999u);
}

Test(values, reads_sizes_in_bytes_and_binary_units)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},        {"512", 512},        {"16k", 16384},
        {"4m", 4194304}, {"2g", 2147483648u}, {"17179869183g", 18446744072635809792u},
        {"0g", 0},       {"007", 7},          {"unlimited", UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t bytes = 1;
        cr_assert_null(schema_read_size(slice_of(cases[i].text), &bytes), "%s", cases[i].text);
        cr_assert_eq(bytes, cases[i].bytes, "%s", cases[i].text);
    }
}

Test(values, reads_times_in_milliseconds)
{
    static const struct {
        const char *text;
        uint64_t milliseconds;
    } cases[] = {{"0ms", 0}, {"250ms", 250}, {"5s", 5000}, {"2m", 120000}, {"1h", 3600000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t milliseconds = 1;
        cr_assert_null(schema_read_time(slice_of(cases[i].text), &milliseconds));
        cr_assert_eq(milliseconds, cases[i].milliseconds, "%s", cases[i].text);
    }
}

Test(values, reads_octal_modes)
{
    unsigned mode = 0;
    cr_assert_null(schema_read_mode(SLICE("0660"), &mode));
    cr_assert_eq(mode, 0660u);
    cr_assert_null(schema_read_mode(SLICE("777"), &mode));
    cr_assert_eq(mode, 0777u);
}

/* The result of a bad text stays as it was. */
Test(values, rejects_everything_else)
{
    static const char *const counts[] = {"",    "-1",   "+1", "1 ",   " 1",
                                         "1.5", "0x10", "1k", "auto", "99999999999999999999"};
    static const char *const sizes[] = {"",
                                        "k",
                                        "16K",
                                        "16kb",
                                        "16 k",
                                        "-1",
                                        "1.5k",
                                        "1t",
                                        "Unlimited",
                                        "17179869184g",
                                        "99999999999999999999"};
    static const char *const times[] = {"",     "5",   "s",    "5 s", "5S",
                                        "5sec", "-1s", "1.5s", "1d",  "18446744073709551615h"};
    static const char *const modes[] = {"",      "66",  "1660", "4755", "0668",
                                        "06600", "rw-", "0x1b", "-66",  "660 "};
    uint64_t value = 42;
    unsigned mode = 42;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        cr_assert_not_null(schema_read_count(slice_of(counts[i]), &value), "%s", counts[i]);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cr_assert_not_null(schema_read_size(slice_of(sizes[i]), &value), "%s", sizes[i]);
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        cr_assert_not_null(schema_read_time(slice_of(times[i]), &value), "%s", times[i]);
    }
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        cr_assert_not_null(schema_read_mode(slice_of(modes[i]), &mode), "%s", modes[i]);
    }
    cr_assert_eq(value, 42);
    cr_assert_eq(mode, 42u);
}
