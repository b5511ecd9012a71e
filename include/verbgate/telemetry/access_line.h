/* One line of the access log from the record of one exchange. Text that a client sent is escaped, so
 * that it can neither end a line nor a quoted string, and cut to a bounded length. */
#ifndef VERBGATE_TELEMETRY_ACCESS_LINE_H
#define VERBGATE_TELEMETRY_ACCESS_LINE_H

#include "verbgate/base/writer.h"
#include "verbgate/exchange/record.h"

/* Bytes that one line needs at most. */
enum { ACCESS_LINE_MAX = 32 * 1024 };

/* Writes the line with its newline. It overflows only a writer with less room than ACCESS_LINE_MAX:
 * a line that would be longer is cut, and ends in "...". */
void access_line_write(struct writer *writer, const struct access_format *format,
                       const struct record *record);

#endif
