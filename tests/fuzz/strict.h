/*
 * A second reader of HTTP/1.1 messages, strict and plain, written from RFC 9112 and RFC 9110 alone.
 * It shares no parsing code with what it judges. It is not fast and reads whole messages only.
 */
#ifndef VERBGATE_FUZZ_STRICT_H
#define VERBGATE_FUZZ_STRICT_H

#include "verbgate/base/slice.h"

enum { STRICT_FIELDS_MAX = 64, STRICT_CONTENT_MAX = 16384 };

struct strict_field {
    struct slice name;
    struct slice value;
};

struct strict_fields {
    struct strict_field items[STRICT_FIELDS_MAX];
    unsigned count;
};

struct strict_message {
    const char *problem; /* static text; NULL when the message is good */
    struct slice method, target;
    unsigned minor;
    unsigned status;
    struct slice reason;
    struct strict_fields fields, trailers;
    bool is_chunked, has_length;
    size_t content_length;
    char content[STRICT_CONTENT_MAX];
};

/* How a message may look: as the gateway writes it, or as it may take it. */
enum strict_view {
    STRICT_WRITTEN,  /* HTTP/1.1, origin form or "*", exactly one Host, no chunk extensions */
    STRICT_RECEIVED, /* and empty lines in front, other forms and minor versions, extensions */
};

/* Both read all of `bytes`, which must be exactly one message. `has_content` is false for responses
 * that have none by their status or the request's method; those without framing then last to the
 * end of `bytes`. Return whether there was no problem. */
bool strict_read_request(struct slice bytes, enum strict_view view, struct strict_message *message);
bool strict_read_response(struct slice bytes, enum strict_view view, bool has_content,
                          struct strict_message *message);

/* ASCII case ignored. */
bool strict_is_name(struct slice name, const char *wanted);
unsigned strict_count(const struct strict_fields *fields, const char *name);
/* Whether a server that folds names takes `name` for `wanted`, which is in lower case: for CGI, a byte that is
 * neither letter nor digit is as good as any other. */
bool strict_is_folded(struct slice name, const char *wanted);
bool strict_field_equal(const struct strict_field *a, const struct strict_field *b);

/*
 * True when the field ends at a hop, by RFC 9110 section 7.6.1: by its name, or because Connection
 * nominates it and it is none of those that a nomination must not remove.
 */
bool strict_is_hop_by_hop(const struct strict_fields *fields, const struct strict_field *field);

#endif
