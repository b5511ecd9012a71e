/* Standard output as a sink. */
#ifndef VERBGATE_CLI_STANDARD_OUTPUT_H
#define VERBGATE_CLI_STANDARD_OUTPUT_H

#include "verbgate/base/sink.h"

struct sink standard_output_sink(void);

/* Writes, or keeps in the buffer. False when it could not be written; standard_output_end says why. */
bool standard_output_write(struct slice text);

/* Sends what is buffered. False when something could not be written: after a line on standard error for a full disk,
 * without a word for a pipe whose reader went away. */
MUST_CHECK bool standard_output_end(void);

#endif
