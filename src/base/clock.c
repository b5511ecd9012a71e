#include "verbgate/base/clock.h"

#include "verbgate/base/writer.h"

static const char day_names[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char month_names[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void clock_init(struct clock *clock)
{
    *clock = (struct clock){.second = (time_t)-1};
}

/* Breaks `now` down; false for a year that has not four digits, as the texts need. */
static bool break_down(time_t now, struct tm *utc)
{
    return gmtime_r(&now, utc) != NULL && utc->tm_year >= -1900 && utc->tm_year <= 9999 - 1900;
}

/* strftime is not used: its names follow the process's locale, and RFC 9110 wants English. */
void clock_set(struct clock *clock, time_t now)
{
    struct tm utc;
    if (now == clock->second || !break_down(now, &utc)) {
        return;
    }
    clock->second = now;
    const char *month = month_names[utc.tm_mon];
    int year = utc.tm_year + 1900;

    struct writer date = writer_make(clock->date, sizeof clock->date);
    writer_format(&date, "%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[utc.tm_wday], utc.tm_mday,
                  month, year, utc.tm_hour, utc.tm_min, utc.tm_sec);
    struct writer log_stamp = writer_make(clock->log_stamp, sizeof clock->log_stamp);
    writer_format(&log_stamp, "%02d/%s/%04d:%02d:%02d:%02d +0000", utc.tm_mday, month, year,
                  utc.tm_hour, utc.tm_min, utc.tm_sec);
    struct writer iso_stamp = writer_make(clock->iso_stamp, sizeof clock->iso_stamp);
    writer_format(&iso_stamp, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, utc.tm_mon + 1, utc.tm_mday,
                  utc.tm_hour, utc.tm_min, utc.tm_sec);
}
