/*
 * What is changed about a request on its way to a backend that cannot take it as it is: the method, the
 * fields that name another one, the framing of the content, the spelling of field names.
 */
#ifndef VERBGATE_POLICY_TRANSLATION_H
#define VERBGATE_POLICY_TRANSLATION_H

#include "verbgate/http/serialise.h"
#include "verbgate/policy/method_rules.h"
#include "verbgate/policy/method_set.h"

/* What becomes of fields from clients that ask for another method or target (guarded.h); the words of the
 * option in this order. Where it is not PASS, they go no further. */
enum override_fields {
    OVERRIDE_FIELDS_REFUSE, /* 400 for a method that is not the request's */
    OVERRIDE_FIELDS_STRIP,
    OVERRIDE_FIELDS_PASS,
};

/* What becomes of fields from clients whose names fold into guarded ones; the words of the option in this
 * order. */
enum odd_names {
    ODD_NAMES_DROP,
    ODD_NAMES_REFUSE,
    ODD_NAMES_PASS,
};

/* Which content is read whole before the request is forwarded; the words of the option in this order. */
enum buffer_request {
    BUFFER_REQUEST_OFF,
    BUFFER_REQUEST_CHUNKED,
    BUFFER_REQUEST_ALL,
};

enum { TRANSLATION_SPELLINGS_MAX = 32 };

struct policy_translation {
    struct method_set send_as_post; /* sent as POST with X-HTTP-Method-Override */
    enum override_fields override_fields;
    enum odd_names odd_names;
    bool passes_trailers; /* of requests */
    enum buffer_request buffer_request;
    uint64_t buffer_memory; /* content up to this is kept in memory, more in a file */
    uint64_t buffer_max;    /* content that is buffered at all; UINT64_MAX: no limit */
    struct rule_source buffer_max_source;    /* the key; line 0 when left at its default */
    const struct field_spellings *spellings; /* NULL: names go as received */
};

#endif
