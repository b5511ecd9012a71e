/* What the two kinds of access log lines share, and the one that is made of pieces. */
#ifndef VERBGATE_TELEMETRY_ACCESS_TEXT_H
#define VERBGATE_TELEMETRY_ACCESS_TEXT_H

#include "verbgate/telemetry/access_line.h"

/* What of a client's text is shown at most, in bytes as received. */
enum { ACCESS_TARGET_SHOWN = 2048, ACCESS_TEXT_SHOWN = 512 };

/* Writes at most `most` bytes of a text: \" and \\ for themselves, bytes outside printable ASCII as
 * `prefix` and two hexadecimal digits, and "..." for the rest. */
void access_text_write(struct writer *writer, struct slice text, size_t most, struct slice prefix);

/* What became of a request: "forward", "answer" or "refuse". */
const char *access_text_decision(const struct verdict *verdict);

/* access_line_write for a format with pieces. */
void access_pieces_write(struct writer *writer, const struct access_format *format,
                         const struct record *record);

#endif
