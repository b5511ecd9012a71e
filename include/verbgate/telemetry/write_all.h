/* Writing a whole text to a descriptor that blocks. */
#ifndef VERBGATE_TELEMETRY_WRITE_ALL_H
#define VERBGATE_TELEMETRY_WRITE_ALL_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

/* Writes all of it, however many calls that takes. False: errno says why, and some of it may be written. */
MUST_CHECK bool write_all(int descriptor, const char *bytes, size_t length);

#endif
