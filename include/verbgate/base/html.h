/* Text in an HTML page: nothing in it can begin markup, in an element or in a quoted attribute. */
#ifndef VERBGATE_BASE_HTML_H
#define VERBGATE_BASE_HTML_H

#include "verbgate/base/writer.h"

/* Writes one byte; '&', '<', '>', '"' and '\'' as entities. */
void html_write_byte(struct writer *writer, char c);

/* The same for each byte of a text. */
void html_write_text(struct writer *writer, struct slice text);

#endif
