/* Pieces of JSON (RFC 8259), written as ASCII. */
#ifndef VERBGATE_BASE_JSON_H
#define VERBGATE_BASE_JSON_H

#include "verbgate/base/writer.h"

/* Bytes that a text of `length` bytes needs at most. */
#define JSON_TEXT_BYTES(length) (6 * (length) + 2)

/* Writes any bytes as a JSON string, quotes included. A byte outside printable ASCII becomes \u00HH:
 * the line stays valid, and no byte is lost. */
void json_write_text(struct writer *writer, struct slice text);

/* Writes "key": with a comma in front, unless the object or array was only just opened. */
void json_write_key(struct writer *writer, const char *key);

/* Writes the comma between two elements, unless the object or array was only just opened. */
void json_write_comma(struct writer *writer);

#endif
