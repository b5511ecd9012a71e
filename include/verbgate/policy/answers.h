/* How a refusal is answered: the status that is sent in place of the rule's own, and what goes with
 * it. Inherited like all of struct policy_settings. */
#ifndef VERBGATE_POLICY_ANSWERS_H
#define VERBGATE_POLICY_ANSWERS_H

#include "verbgate/base/slice.h"
#include "verbgate/http/accept.h"

/* Kinds of refusals, each with a status of its own choice. */
enum refusal {
    REFUSAL_UNIMPLEMENTED, /* by the server: 501 */
    REFUSAL_NOT_ALLOWED,   /* for the resource: 405 */
    REFUSAL_VERSION,       /* 505 */
    REFUSAL_NO_ROUTE,      /* 404; of the gateway only */
    REFUSAL_TOO_LARGE,     /* 413 */
    REFUSAL_COUNT
};

/* The connection is closed without an answer; nginx's number for it, which operators know. */
enum { ANSWERS_CLOSE = 444 };

enum {
    ANSWERS_DOCS_MAX = 1024,      /* bytes of `docs` */
    ANSWERS_BODY_MAX = 64 * 1024, /* bytes of one own body */
};

struct policy_answers {
    uint16_t status[REFUSAL_COUNT];        /* or ANSWERS_CLOSE; 0: the rule's own */
    uint32_t max_age;                      /* seconds that a refusal may be kept; 0: not at all */
    struct slice docs;                     /* a URL, or empty */
    struct slice bodies[MEDIA_TYPE_COUNT]; /* own bodies; empty: made by http/error_body */
};

#endif
