/*
 * Text that stands for itself wherever the gateway quotes it: in plain text, HTML, JSON and quoted
 * strings of fields. Most of what is quoted is plain from end to end, and copied in one piece.
 */
#ifndef VERBGATE_BASE_PLAIN_H
#define VERBGATE_BASE_PLAIN_H

#include "verbgate/base/slice.h"

/* How many bytes at the front of `text` are plain: printable ASCII and none of & < > " ' \ */
size_t plain_length(struct slice text);

/* A text that is quoted in several places, looked through once. */
struct quote {
    struct slice text;
    size_t plain_length;
};

static inline struct quote quote_make(struct slice text)
{
    return (struct quote){text, plain_length(text)};
}

#endif
