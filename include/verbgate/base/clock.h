/*
 * Wall-clock text that is costly to make and the same for a whole second: the Date field
 * (IMF-fixdate, RFC 9110 section 5.6.7) and the access log's time stamps. One clock per thread.
 */
#ifndef VERBGATE_BASE_CLOCK_H
#define VERBGATE_BASE_CLOCK_H

#include "verbgate/base/slice.h"

#include <time.h>

enum {
    CLOCK_DATE_BYTES = 29, /* "Sun, 06 Nov 1994 08:49:37 GMT" */
    CLOCK_LOG_BYTES = 26,  /* "06/Nov/1994:08:49:37 +0000" */
    CLOCK_ISO_BYTES = 20,  /* "1994-11-06T08:49:37Z" */
};

struct clock {
    time_t second; /* what the texts say; -1 before the first update */
    char date[CLOCK_DATE_BYTES + 1];
    char log_stamp[CLOCK_LOG_BYTES + 1];
    char iso_stamp[CLOCK_ISO_BYTES + 1];
};

void clock_init(struct clock *clock);

/* Brings the texts to `now` (seconds since 1970, UTC); does nothing within the same second, and for
 * a time outside the years 0 to 9999. */
void clock_set(struct clock *clock, time_t now);

#endif
