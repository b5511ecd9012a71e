/* Descriptors 0 to 2. A process may be started with some of them closed. The next file, socket or pipe
 * would then take such a number, and text for standard error would end up in it. */
#ifndef VERBGATE_BASE_STANDARD_STREAMS_H
#define VERBGATE_BASE_STANDARD_STREAMS_H

#include "verbgate/base/attributes.h"

#include <stdbool.h>

/* Takes each of the three numbers that is closed. To read or write such a one is an error (EBADF), as it
 * was before. Call it before anything else is opened. False: there is nothing that can be opened. */
MUST_CHECK bool standard_streams_reserve(void);

/* Whether this descriptor is open for writing. */
bool standard_streams_is_writable(int descriptor);

#endif
