/*
 * The strict reader of chunk framing: the bytes of chunked content that are not content, which are
 * chunk lines, the CRLF behind each chunk's data, and the trailer section (RFC 9112 section 7.1).
 * It walks ahead of llhttp and cuts the stream into runs. llhttp decodes what a run has for it, and
 * both must find the same content in the same place (see message). The bytes that versions of llhttp see
 * differently, or do not bound, is decided here alone:
 *
 *   a line ends in CRLF, and neither CR nor LF is anywhere else (section 2.2)
 *   a chunk size has 1 to 16 hex digits; blanks behind it, which old servers pad it with, only where
 *   the caller takes padding: in responses
 *   a chunk extension follows the grammar of section 7.1.1: any number of ";name" and
 *   ";name=value" with bad whitespace round ';' and '=', but none before CR, and no empty name;
 *   it is dropped, and llhttp, which has other ideas in each version, never sees one
 *   no trailer line begins with a blank (obs-fold, section 5.2); no control bytes but HTAB
 *   framing does not run ahead of content by more than CHUNK_OVERHEAD_MAX
 *
 * The rest of the trailer section's grammar is llhttp's.
 */
#ifndef VERBGATE_HTTP_CHUNK_FRAMING_H
#define VERBGATE_HTTP_CHUNK_FRAMING_H

#include "verbgate/base/attributes.h"
#include "verbgate/http/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHUNK_SIZE_DIGITS_MAX = 16, /* leading zeros too */
    CHUNK_SIZE_BITS = 60,       /* of one chunk; what counts with a sign bit would overflow above */
    /* Framing bytes add up to this at most. Each byte of content pays for CHUNK_OVERHEAD_PAID of
     * them, so a stream of one-byte chunks passes for ever, and one of one-byte chunks with long
     * extensions does not. */
    CHUNK_OVERHEAD_MAX = 16 * 1024,
    CHUNK_OVERHEAD_PAID = 16,
};

struct chunk_framing {
    enum chunk_state {
        CHUNK_BAD, /* never entered: a byte that leads here is a fault */
        CHUNK_SIZE_START,
        CHUNK_SIZE,
        /* Extension bytes lead to one of these and to no other. */
        CHUNK_SIZE_BLANK,      /* ';' must follow, or with padding CR */
        CHUNK_EXTENSION_BLANK, /* behind a value: ';' must follow */
        CHUNK_NAME_START,
        CHUNK_NAME,
        CHUNK_NAME_BLANK, /* ';' or '=' must follow */
        CHUNK_VALUE_START,
        CHUNK_VALUE,
        CHUNK_QUOTED,
        CHUNK_QUOTED_PAIR,
        CHUNK_QUOTED_END,
        CHUNK_LINE_LF, /* the CR of the chunk line has come */
        CHUNK_CONTENT,
        CHUNK_CONTENT_CR,
        CHUNK_CONTENT_LF,
        /* Behind the line of the last chunk. */
        CHUNK_TRAILER_START,
        CHUNK_TRAILER,
        CHUNK_TRAILER_LF,
        CHUNK_END_LF,
        CHUNK_COMPLETE,
    } state;
    bool takes_padding;
    unsigned size_digits; /* of the chunk line so far */
    uint64_t left;        /* the size so far, then the bytes of it that have not come */
    size_t overhead;      /* framing bytes that content has not paid for, <= CHUNK_OVERHEAD_MAX */
};

/* Successive bytes of the stream, in this order. Each part may be empty. */
struct chunk_run {
    size_t extension; /* to be dropped */
    size_t framing;   /* for llhttp */
    size_t content;   /* for llhttp, one piece of content */
};

void chunk_framing_start(struct chunk_framing *framing, bool takes_padding);

/*
 * Reads on to the end of the next run. Without a fault it takes at least one byte of a `data` that
 * has any, and none behind the message, which is complete in state CHUNK_COMPLETE. Returns
 * CHUNK_OVERHEAD, CHUNK_SYNTAX, or in the trailer section FIELD_LINE_END, FIELD_FOLDED or
 * FIELD_SYNTAX for the first byte behind the run; *run is set in any case.
 */
MUST_CHECK enum http_fault chunk_framing_next(struct chunk_framing *framing, const char *data,
                                              size_t length, struct chunk_run *run);

/* True when the line of the last chunk is over. */
static inline bool chunk_framing_is_trailer(const struct chunk_framing *framing)
{
    return framing->state >= CHUNK_TRAILER_START;
}

#endif
