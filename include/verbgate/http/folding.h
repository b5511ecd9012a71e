/*
 * Two things about a path that some servers do not see: the case of letters, and a slash at the end. A path
 * and its folded form are the same resource to them.
 */
#ifndef VERBGATE_HTTP_FOLDING_H
#define VERBGATE_HTTP_FOLDING_H

#include "verbgate/base/slice.h"

/*
 * The path without case: letters of ASCII in lower case, percent-encoded characters of UTF-8 as Unicode's
 * simple case folding has them (servers on .NET and Java fold those, too), other encoded bytes as letters of
 * Latin-1. An encoded ASCII character stays encoded: whether it is decoded is the matter of
 * http/target.h. Escapes are written with upper-case digits. `buffer` has at least path.length bytes. The
 * result is `path` itself when nothing changes, and is never longer.
 */
struct slice folding_without_case(struct slice path, char *buffer);

/* The path without the slashes at its end; "/" stays. */
static inline struct slice folding_without_slash(struct slice path)
{
    while (path.length > 1 && path.data[path.length - 1] == '/') {
        path.length--;
    }
    return path;
}

#endif
