/* Standard output as a sink. */
#ifndef VERBGATE_CLI_STANDARD_OUTPUT_H
#define VERBGATE_CLI_STANDARD_OUTPUT_H

#include "verbgate/base/sink.h"

struct sink standard_output_sink(void);

/* Sends what is buffered. False, after a line on standard error, when something could not be written
 * (a full disk, a closed pipe). */
MUST_CHECK bool standard_output_end(void);

#endif
