/* Text for terminals: paragraphs, and rows of two columns, wrapped between words. */
#ifndef VERBGATE_BASE_COLUMNS_H
#define VERBGATE_BASE_COLUMNS_H

#include "verbgate/base/writer.h"

/* Bytes of a line, its indentation included. */
enum { COLUMNS_WIDTH = 79 };

/* Writes `text` with line ends, indented by `indent` spaces. An empty line between two paragraphs of `text`
 * (two line feeds) stays. A word that is longer than a line stands alone on one. */
void columns_write_text(struct writer *writer, struct slice text, unsigned indent);

/* Writes `left`, indented by two spaces, and `right` from column `start` on, wrapped there. A `left` that leaves no
 * space in front of `start` has a line of its own. */
void columns_write_row(struct writer *writer, struct slice left, struct slice right,
                       unsigned start);

#endif
