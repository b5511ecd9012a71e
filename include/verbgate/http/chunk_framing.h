/*
 * A strict second look at chunk framing: the bytes of chunked content that are not content, which
 * are chunk lines, the CRLF behind each chunk's data, and the trailer section (RFC 9112 section
 * 7.1). The grammar is llhttp's, in message; judged here, by one rule each, is only what versions
 * of llhttp see differently or do not bound:
 *
 *   a line ends in CRLF, and neither CR nor LF is anywhere else (section 2.2)
 *   no line begins with a blank (obs-fold, section 5.2); there are no control bytes but HTAB
 *   a chunk size has at most 16 digits
 *   framing does not run ahead of content by more than CHUNK_OVERHEAD_MAX
 */
#ifndef VERBGATE_HTTP_CHUNK_FRAMING_H
#define VERBGATE_HTTP_CHUNK_FRAMING_H

#include "verbgate/base/attributes.h"
#include "verbgate/http/fault.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    CHUNK_SIZE_DIGITS_MAX = 16, /* more would not fit 64 bits, leading zeros aside */
    /* Framing bytes add up to this at most. Each byte of content pays for CHUNK_OVERHEAD_PAID of
     * them, so a stream of one-byte chunks passes for ever, and one of one-byte chunks with long
     * extensions does not. */
    CHUNK_OVERHEAD_MAX = 16 * 1024,
    CHUNK_OVERHEAD_PAID = 16,
};

struct chunk_framing {
    size_t overhead;      /* framing bytes that content has not paid for, <= CHUNK_OVERHEAD_MAX */
    unsigned size_digits; /* of the chunk line so far */
    char previous;        /* the framing byte before; NUL at the start and behind content */
    bool is_size_read;    /* the chunk line's size is complete */
    bool is_size_zero;    /* it has no digit but '0' */
    bool is_trailer;      /* the last chunk's line is over: trailer fields follow */
};

void chunk_framing_start(struct chunk_framing *framing);

/*
 * Judges the next framing bytes. Returns FAULT_NONE, CHUNK_OVERHEAD, CHUNK_SYNTAX, or in the
 * trailer section FIELD_LINE_END, FIELD_FOLDED or FIELD_SYNTAX.
 */
MUST_CHECK enum http_fault chunk_framing_judge(struct chunk_framing *framing, const char *data,
                                               size_t length);

/* Content of `length` bytes came after the framing bytes judged so far. */
void chunk_framing_pass_content(struct chunk_framing *framing, size_t length);

#endif
