/*
 * The message parser: llhttp behind a small interface. It parses the field section and the chunked
 * coding, for requests and responses. The first line is not its business: request_line and
 * status_line scan it, and llhttp gets a stand-in ("POST / HTTP/1.1" or "HTTP/1.1 200 OK"), so its
 * method table, version rules and special cases never decide anything. How long the content is
 * comes from framing; llhttp reads content only when that says chunked.
 *
 * This is the only module that sees llhttp's header.
 */
#ifndef VERBGATE_HTTP_MESSAGE_H
#define VERBGATE_HTTP_MESSAGE_H

#include "verbgate/base/attributes.h"
#include "verbgate/http/chunk_framing.h"
#include "verbgate/http/fault.h"
#include "verbgate/http/fields.h"

#include <stdalign.h>

enum message_kind { MESSAGE_REQUEST, MESSAGE_RESPONSE };

enum message_status {
    MESSAGE_MORE, /* all bytes were used; call again with more */
    MESSAGE_DONE, /* the field section, or the content, is complete */
    MESSAGE_BAD,  /* see message_fault; the connection cannot be used any further */
};

enum {
    MESSAGE_PARSER_BYTES = 192, /* room for llhttp_t of any supported version (asserted) */
    MESSAGE_TRAILERS_MAX = 16,  /* trailer fields of one message */
    MESSAGE_TRAILER_BYTES = 2048,
};

/* Trailer fields, copied out of the stream: the bytes they came in are gone by the time they are
 * forwarded. */
struct trailers {
    struct fields fields;
    struct field items[MESSAGE_TRAILERS_MAX];
    size_t used; /* of text */
    char text[MESSAGE_TRAILER_BYTES];
};

struct message {
    enum message_kind kind;
    enum message_phase {
        MESSAGE_FIELDS,     /* the field section */
        MESSAGE_FIELDS_END, /* behind it; content has not been asked for */
        MESSAGE_CONTENT,    /* chunks and trailers */
        MESSAGE_COMPLETE,   /* the last chunk and the trailers have come */
    } phase;
    enum http_fault fault;
    struct fields *fields;     /* where head fields go; not owned */
    struct trailers *trailers; /* where trailer fields go; not owned; NULL drops them */
    const char *section;       /* where the field section begins */
    const char *next_line;     /* behind the last field line while all were usual ones, or NULL */
    struct slice name, value;  /* the field being read; value.data is set once the name is whole */
    struct chunk_framing chunk_framing;
    struct slice expected; /* while reading chunks: the piece of content that llhttp must find */
    char *content_end;     /* while reading chunks: where decoded bytes are moved to */
    alignas(max_align_t) unsigned char parser[MESSAGE_PARSER_BYTES];
};

/* Makes `message` ready for a field section. `fields` (empty, with its capacity) is filled as
 * fields come; `trailers` may be NULL, and is not touched before there are chunks. Both stay the
 * caller's and must outlive the message. */
void message_start(struct message *message, enum message_kind kind, struct fields *fields,
                   struct trailers *trailers);

/*
 * Reads more of the field section. The bytes of successive calls must be contiguous in memory and
 * stay there: the fields are slices into them. On MESSAGE_DONE *used is the offset just behind the
 * empty line, relative to `data`; on MESSAGE_MORE it is `length`. Faults: FIELD_SYNTAX, FIELD_NAME,
 * FIELD_FOLDED, FIELD_LINE_END, FIELDS_TOO_MANY, PARSER. No field's meaning is judged here:
 * Content-Length, Transfer-Encoding and Connection are for framing and connection. The section has
 * passed fields_check_lines when it is DONE, or has only lines of the usual form, which pass.
 */
MUST_CHECK enum message_status message_read_fields(struct message *message, const char *data,
                                                   size_t length, size_t *used);

/*
 * Reads chunked content after a complete field section that framing found to be chunked. The
 * decoded bytes are moved together at the start of `data` (in place: chunk framing only shrinks
 * it) and *content is that slice, possibly empty. *used is how many bytes of `data` belong to this
 * message; on MESSAGE_DONE what is behind them belongs to the next. Trailer fields are in
 * `trailers` once DONE. Chunk extensions are checked and dropped by chunk_framing, so what passes
 * is the same with every version of llhttp. Where llhttp and chunk_framing do not find the same
 * content or the same end, the fault is CHUNK_SYNTAX. Faults: CHUNK_SYNTAX, CHUNK_OVERHEAD (see
 * chunk_framing.h), TRAILERS_TOO_LARGE, FIELD_*, and those of framing_twin in a request whose trailers are
 * not dropped.
 */
MUST_CHECK enum message_status message_read_chunks(struct message *message, char *data,
                                                   size_t length, size_t *used,
                                                   struct slice *content);

/* The trailers that have come so far; NULL when they are dropped, or no chunk has been read. */
static inline const struct trailers *message_trailers(const struct message *message)
{
    return message->phase >= MESSAGE_CONTENT ? message->trailers : NULL;
}

/* The fault of the last MESSAGE_BAD. */
enum http_fault message_fault(const struct message *message);

/* The parser's version, "8.1.0". */
const char *message_parser_version(void);

#endif
