/*
 * Local answers: every response that the gateway makes itself comes from this one writer, so that
 * each has Date, Content-Length, Cache-Control and Proxy-Status (RFC 9209), and a body that is safe to
 * show.
 */
#ifndef VERBGATE_HTTP_REPLY_H
#define VERBGATE_HTTP_REPLY_H

#include "verbgate/base/plain.h"
#include "verbgate/base/writer.h"
#include "verbgate/http/accept.h"

/* Bytes that a reply needs at most beside its `allow`, `docs`, `proxy_name`, `extra` and `body`
 * texts. */
enum { REPLY_OVERHEAD_MAX = 1024 };

struct reply {
    unsigned status;    /* a final one; 204 has no body */
    struct slice allow; /* the Allow value; `has_allow` tells an empty Allow from none */
    bool has_allow;
    const char *proxy_error; /* Proxy-Status error type (RFC 9209 section 2.3), NULL: no field */
    struct slice proxy_name; /* the gateway's name in Proxy-Status; a token */
    struct quote details;    /* Proxy-Status details; any bytes, written escaped and cut */
    struct slice extra;      /* more field lines, each with its CRLF; or empty */
    struct slice docs;       /* a URL for "Link: <URL>; rel=help"; or empty */
    uint32_t max_age;        /* seconds in Cache-Control; 0: no-store */
    struct slice body;       /* may be empty */
    enum media_type media;   /* of the body */
    bool varies;             /* the type of the body was chosen by Accept */
    struct slice date;       /* IMF-fixdate */
    bool head_only;          /* the request was HEAD: Content-Length is sent, the body is not */
    bool close;              /* "Connection: close" */
    bool keep_alive;         /* "Connection: keep-alive", for HTTP/1.0 clients that asked */
};

/* Writes the head of the response, and the whole response. Check writer->overflow. */
void reply_write_head(struct writer *writer, const struct reply *reply);
void reply_write(struct writer *writer, const struct reply *reply);

/* Writes `text` with every byte outside printable ASCII, and '<', '>', '&', '"', as "%XX", at most
 * `max` bytes of it, then "..." when cut: for bodies and logs that show what a client sent. */
void reply_write_shown(struct writer *writer, struct slice text, size_t max);

#endif
