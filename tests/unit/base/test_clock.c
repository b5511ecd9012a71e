#include <criterion/criterion.h>

#include "verbgate/base/clock.h"

#include <limits.h>

static const struct {
    time_t second;
    const char *date;
    const char *log_stamp;
    const char *iso_stamp;
} moments[] = {
    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT", "06/Nov/1994:08:49:37 +0000",
     "1994-11-06T08:49:37Z"},
    {0, "Thu, 01 Jan 1970 00:00:00 GMT", "01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00Z"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT", "29/Feb/2000:00:00:00 +0000",
     "2000-02-29T00:00:00Z"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT", "19/Jan/2038:03:14:08 +0000",
     "2038-01-19T03:14:08Z"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT", "31/Dec/9999:23:59:59 +0000",
     "9999-12-31T23:59:59Z"},
};

Test(clock, writes_the_three_texts_of_a_second)
{
    struct clock clock;
    clock_init(&clock);
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        clock_set(&clock, moments[i].second);
        cr_expect_eq(clock.second, moments[i].second);
        cr_expect_str_eq(clock.date, moments[i].date);
        cr_expect_str_eq(clock.log_stamp, moments[i].log_stamp);
        cr_expect_str_eq(clock.iso_stamp, moments[i].iso_stamp);
        cr_expect_eq(strlen(clock.date), CLOCK_DATE_BYTES);
        cr_expect_eq(strlen(clock.log_stamp), CLOCK_LOG_BYTES);
        cr_expect_eq(strlen(clock.iso_stamp), CLOCK_ISO_BYTES);
    }
}

Test(clock, names_every_day_and_month_as_the_c_locale_does)
{
    struct clock clock;
    clock_init(&clock);
    for (time_t now = 1700000000; now < 1700000000 + 400 * 86400; now += 86400) {
        struct tm utc;
        char wanted[64];
        gmtime_r(&now, &utc);
        strftime(wanted, sizeof wanted, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        clock_set(&clock, now);
        cr_expect_str_eq(clock.date, wanted);
    }
}

Test(clock, does_nothing_within_the_same_second)
{
    struct clock clock;
    clock_init(&clock);
    clock_set(&clock, 784111777);
    clock.date[0] = 'X';
    clock_set(&clock, 784111777);
    cr_expect_eq(clock.date[0], 'X');
    clock_set(&clock, 784111778);
    cr_expect_str_eq(clock.date, "Sun, 06 Nov 1994 08:49:38 GMT");
}

Test(clock, keeps_its_texts_when_a_time_has_none)
{
    static const time_t beyond[] = {253402300800, LONG_MAX, LONG_MIN, -62167219201};
    struct clock clock;
    clock_init(&clock);
    clock_set(&clock, 784111777);
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        clock_set(&clock, beyond[i]);
        cr_expect_str_eq(clock.date, "Sun, 06 Nov 1994 08:49:37 GMT");
        cr_expect_str_eq(clock.log_stamp, "06/Nov/1994:08:49:37 +0000");
        cr_expect_str_eq(clock.iso_stamp, "1994-11-06T08:49:37Z");
    }
}
