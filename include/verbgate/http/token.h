/*
 * Character classes of RFC 9110 section 5.6.2 and comma-separated lists of section 5.6.1, on which
 * the rest of the http layer stands.
 */
#ifndef VERBGATE_HTTP_TOKEN_H
#define VERBGATE_HTTP_TOKEN_H

#include "verbgate/base/slice.h"

/* Token characters: "!#$%&'*+-.^_`|~", digits and letters. */
extern const bool token_characters[256];

static inline bool token_is_character(char c)
{
    return token_characters[(unsigned char)c];
}

/* True for a non-empty string of token characters. */
bool token_is_valid(struct slice text);

/*
 * Takes the next element of a comma-separated list off the front of *rest: trimmed of OWS, empty
 * elements skipped, commas inside quoted strings not counted. Returns false at the end.
 */
bool token_list_next(struct slice *rest, struct slice *element);

/* True when the list has an element equal to `word`, ASCII case ignored. */
bool token_list_has(struct slice list, struct slice word);

#endif
