/*
 * Percent-encoded bytes of a path (RFC 3986 section 2.1), and the characters of UTF-8 (RFC 3629) that they make.
 */
#ifndef VERBGATE_HTTP_ESCAPE_H
#define VERBGATE_HTTP_ESCAPE_H

#include "verbgate/base/slice.h"

/* The bytes of one escape: "%", and two hexadecimal digits. */
enum { ESCAPE_BYTES = 3 };

/* The byte that the escape at `at` stands for, or -1 when none begins there. */
int escape_byte(struct slice path, size_t at);

/* One character that is written as escapes. */
struct escaped_character {
    uint32_t code;
    unsigned escapes; /* 0: there is none */
};

/* The character outside ASCII whose escapes begin at `at`. There is none where the bytes are no UTF-8; overlong forms
 * and surrogates are none. */
struct escaped_character escape_character(struct slice path, size_t at);

/*
 * The length of the escapes at `at` if they are a character that has no look of its own, else 0: those that Unicode
 * calls default-ignorable (soft hyphen, joiners, marks of direction, selectors of variation, the byte order mark), and
 * the marks of annotation, U+FFF9 to U+FFFB. Parsers of URLs (System.Uri of .NET) drop some of them, comparisons by the
 * rules of a language ignore all.
 */
size_t escape_ignorable_length(struct slice path, size_t at);

#endif
