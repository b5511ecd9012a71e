/*
 * Heads and chunk framing as the gateway writes them. Nothing of a received first line or of its framing is ever
 * copied to the other side: heads are written anew from validated fields, chunks are framed anew. Field names, values
 * and order stay as received; only where a list of spellings says so, names change their case.
 */
#ifndef VERBGATE_HTTP_SERIALISE_H
#define VERBGATE_HTTP_SERIALISE_H

#include "verbgate/base/writer.h"
#include "verbgate/http/fields.h"
#include "verbgate/http/forwarded.h"
#include "verbgate/http/framing.h"
#include "verbgate/http/message.h"
#include "verbgate/http/target.h"

struct request_head {
    bool is_http_10; /* HTTP/1.0, for a backend that knows nothing newer */
    struct slice method;
    const struct target *target;
    const struct fields *fields;
    struct framing framing;     /* of the content as it will be sent */
    unsigned received_minor;    /* for Via (RFC 9110 section 7.6.3) */
    struct slice host;          /* the Host value to send; may be empty */
    struct slice received_host; /* for X-Forwarded-Host */
    struct slice client_ip;     /* for X-Forwarded-For; empty: not known */
    struct slice via_name;      /* the pseudonym in Via */
    enum forwarded_mode forwarded;
    bool passes_trailers; /* trailers will be sent, so a Trailer field may announce them */
    bool drop_expect;     /* Expect is met here (or came from HTTP/1.0) */
    bool takes_trailers;  /* send "TE: trailers" (and Connection: TE) */
    struct slice upgrade; /* the Upgrade value to send with "Connection: upgrade"; or empty */
    bool close;           /* send "Connection: close" */
    int64_t max_forwards; /* the value to send, or -1 to pass the fields as received */
    struct slice extra;   /* field lines of the gateway's own, each with its CRLF; or empty */
    const struct field_spellings *spellings; /* of all names in the head; NULL: as they are */
};

/* Writes a request head: request line in origin form (or "*"), Host first, the end-to-end fields, Via,
 * X-Forwarded-*, framing, empty line. Check writer->overflow. HTTP/1.0 knows neither the chunked coding
 * nor 1xx responses, and persists only when asked to: with it, the framing is not FRAMING_CHUNKED, and
 * Expect, TE, Upgrade and Connection are not sent. */
void serialise_request_head(struct writer *writer, const struct request_head *head);

/* "HTTP/1.1 ", the three digits of `status`, the reason, which may be empty, and CRLF. */
void serialise_status_line(struct writer *writer, unsigned status, struct slice reason);

struct response_head {
    unsigned status; /* three digits */
    struct slice reason;
    const struct fields *fields;
    struct framing framing; /* of the content as it will be sent to the client */
    bool keep_length;       /* FRAMING_NONE, but Content-Length is passed as received (HEAD, 304) */
    bool close;             /* send "Connection: close" */
    bool keep_alive;        /* send "Connection: keep-alive" (HTTP/1.0 clients that asked) */
    bool drop_trailer_field; /* trailers will not be sent, so do not announce them */
    struct slice upgrade;    /* 101 and 426: the Upgrade value, sent with "Connection: Upgrade" */
    struct slice extra;      /* field lines of the gateway's own, each with its CRLF; or empty */
    struct slice date;       /* added when the response has no Date; empty: add none (1xx) */
};

/* Writes an HTTP/1.1 response head: status line, end-to-end fields, Date if missing, connection
 * options, framing, empty line. No Content-Length ever in 1xx and 204 (RFC 9110 section 8.6). */
void serialise_response_head(struct writer *writer, const struct response_head *head);

/* Bytes that serialise_chunk_head needs at most: 16 digits and CRLF. */
enum { SERIALISE_CHUNK_HEAD_MAX = 18 };

/* The line in front of a chunk of `length` > 0 bytes; the data and a CRLF follow it. */
void serialise_chunk_head(struct writer *writer, uint64_t length);

/* The last chunk, the trailer section (NULL or empty: none) and the final CRLF. Trailer fields that
 * a recipient must not merge (framing, routing, authentication: RFC 9110 section 6.5.1) are left
 * out, and so are all whose names a recipient may take for one of these. */
void serialise_last_chunk(struct writer *writer, const struct trailers *trailers);

/* How many of the trailers serialise_last_chunk does not leave out. */
unsigned serialise_trailers_passed(const struct trailers *trailers);

#endif
