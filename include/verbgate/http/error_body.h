/*
 * Bodies of error answers: text, HTML or a problem document (RFC 9457), made here or from a text of
 * the operator's with placeholders. Whatever a client sent is escaped for the type and cut.
 */
#ifndef VERBGATE_HTTP_ERROR_BODY_H
#define VERBGATE_HTTP_ERROR_BODY_H

#include "verbgate/base/plain.h"
#include "verbgate/base/writer.h"
#include "verbgate/http/accept.h"

/* Room for any body: an own text of 64k and what its placeholders bring. */
enum { ERROR_BODY_MAX = 80 * 1024 };

struct error_body {
    enum media_type media;
    struct slice own;    /* the operator's text for this type; empty: the one made here */
    unsigned status;     /* with a reason phrase in http/status_line */
    struct quote detail; /* one or more sentences; printable ASCII */
    struct slice method; /* as received; empty: not known */
    struct slice allow;  /* the Allow value; `has_allow` tells an empty one from none */
    bool has_allow;
    struct slice docs; /* a URL without white space, '<', '>' and '"'; or empty */
};

/*
 * Writes the body. In an own text {status} {reason} {detail} {method} {allow} {docs} are replaced, and
 * anything else in braces stays as it is. When its result does not fit, the body made here is
 * written in its place. Check writer->overflow; it stays unset when ERROR_BODY_MAX bytes are free and
 * detail and allow have at most 6k, docs 1k.
 */
void error_body_write(struct writer *writer, const struct error_body *body);

#endif
