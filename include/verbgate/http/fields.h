/*
 * The fields of one message: slices into the head buffer, in the order received. Names that the
 * gateway acts on have an id, found once when the field is added.
 */
#ifndef VERBGATE_HTTP_FIELDS_H
#define VERBGATE_HTTP_FIELDS_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/http/fault.h"

/*
 * X(identifier, "name", hop-by-hop, protected)
 * hop-by-hop: never forwarded as received (RFC 9110 section 7.6.1), the gateway writes its own.
 * protected: a Connection field cannot nominate it away: without it framing, routing or the meaning
 * of the message would change.
 * ACCESS_CONTROL_REQUEST, CLIENT_CERT, WEBHOOK_REQUEST and X_FORWARDED are families: the id is that of all
 * names that begin so and go on with a '-', save for those that have an id of their own.
 */
#define HTTP_FIELDS(X)                                        \
    X(OTHER, "", 0, 0)                                        \
    X(ACCEPT, "accept", 0, 0)                                 \
    X(ACCESS_CONTROL_REQUEST, "access-control-request", 0, 0) \
    X(AUTHORIZATION, "authorization", 0, 1)                   \
    X(CACHE_CONTROL, "cache-control", 0, 1)                   \
    X(CLIENT_CERT, "client-cert", 0, 1)                       \
    X(CONNECTION, "connection", 1, 0)                         \
    X(CONTENT_ENCODING, "content-encoding", 0, 1)             \
    X(CONTENT_LENGTH, "content-length", 0, 1)                 \
    X(CONTENT_RANGE, "content-range", 0, 1)                   \
    X(CONTENT_TYPE, "content-type", 0, 1)                     \
    X(COOKIE, "cookie", 0, 1)                                 \
    X(DATE, "date", 0, 1)                                     \
    X(EXPECT, "expect", 0, 1)                                 \
    X(FORWARDED, "forwarded", 0, 1)                           \
    X(FRONT_END_HTTPS, "front-end-https", 0, 1)               \
    X(HOST, "host", 0, 1)                                     \
    X(HTTP2_SETTINGS, "http2-settings", 1, 0)                 \
    X(KEEP_ALIVE, "keep-alive", 1, 0)                         \
    X(MAX_FORWARDS, "max-forwards", 0, 1)                     \
    X(PATH_INFO, "path-info", 0, 0)                           \
    X(PERSISTENT_AUTH, "persistent-auth", 0, 1)               \
    X(PROXY, "proxy", 0, 0)                                   \
    X(PROXY_AUTHENTICATE, "proxy-authenticate", 0, 0)         \
    X(PROXY_AUTHORIZATION, "proxy-authorization", 0, 0)       \
    X(PROXY_CONNECTION, "proxy-connection", 1, 0)             \
    X(REFERER, "referer", 0, 0)                               \
    X(SCRIPT_NAME, "script-name", 0, 0)                       \
    X(SET_COOKIE, "set-cookie", 0, 1)                         \
    X(TE, "te", 1, 0)                                         \
    X(TRACEPARENT, "traceparent", 0, 1)                       \
    X(TRACESTATE, "tracestate", 0, 1)                         \
    X(TRAILER, "trailer", 0, 0)                               \
    X(TRANSFER_ENCODING, "transfer-encoding", 1, 1)           \
    X(UPGRADE, "upgrade", 1, 0)                               \
    X(USER_AGENT, "user-agent", 0, 0)                         \
    X(VIA, "via", 0, 1)                                       \
    X(WEBHOOK_REQUEST, "webhook-request", 0, 0)               \
    X(WWW_AUTHENTICATE, "www-authenticate", 0, 1)             \
    X(X_FORWARDED, "x-forwarded", 0, 1)                       \
    X(X_FORWARDED_FOR, "x-forwarded-for", 0, 1)               \
    X(X_FORWARDED_HOST, "x-forwarded-host", 0, 1)             \
    X(X_FORWARDED_PROTO, "x-forwarded-proto", 0, 1)           \
    X(X_HTTP_METHOD, "x-http-method", 0, 0)                   \
    X(X_HTTP_METHOD_OVERRIDE, "x-http-method-override", 0, 0) \
    X(X_METHOD_OVERRIDE, "x-method-override", 0, 0)           \
    X(X_ORIGINAL_URL, "x-original-url", 0, 0)                 \
    X(X_PROXIED_HTTPS, "x-proxied-https", 0, 1)               \
    X(X_REAL_IP, "x-real-ip", 0, 1)                           \
    X(X_REQUEST_ID, "x-request-id", 0, 1)                     \
    X(X_REWRITE_URL, "x-rewrite-url", 0, 0)                   \
    X(X_SCHEME, "x-scheme", 0, 1)                             \
    X(X_SCRIPT_NAME, "x-script-name", 0, 0)                   \
    X(X_URL_SCHEME, "x-url-scheme", 0, 1)

enum field_id {
#define X(identifier, name, hop, protected) FIELD_##identifier,
    HTTP_FIELDS(X)
#undef X
        FIELD_ID_COUNT
};

struct field {
    struct slice name;  /* as received, never empty once the head is complete */
    struct slice value; /* OWS at both ends removed */
    enum field_id id;
    bool is_hop_by_hop; /* not to be forwarded: by the table, or nominated (connection_read) */
    /* enum field_id: the name that servers may take this one for, although it is another, see
     * fields_fold; FIELD_OTHER for nearly all */
    unsigned char folds_into;
};

/* Fields that one message may have at most, whatever the policy allows. */
enum { FIELDS_MAX = 256 };

struct fields {
    struct field *items; /* not owned: room for `capacity` */
    unsigned count;      /* count <= capacity */
    unsigned capacity;
    uint64_t present; /* bit per field_id that occurs, FIELD_OTHER included */
    uint64_t odd;     /* bit per field_id that a name folds into, FIELD_OTHER not included */
};

_Static_assert(FIELD_ID_COUNT <= 64, "struct fields keeps one bit per known field");

/* Names in the spelling that a backend insists on. */
struct field_spellings {
    const struct slice *names;
    unsigned count;
};

/* An empty collection over `items`, which the caller owns and keeps. */
void fields_init(struct fields *fields, struct field *items, unsigned capacity);

/* The id of a name, case ignored; FIELD_OTHER for names that the gateway does not act on. */
enum field_id fields_id(struct slice name);

/*
 * The id of the name that servers may take `name` for, although it is another: the two are equal once case
 * is ignored and each token character that is neither letter nor digit is a '-'. CGI (RFC 3875 section
 * 4.1.18), WSGI and PHP see no difference. FIELD_OTHER when it is no such name, or is the name itself.
 */
enum field_id fields_fold(struct slice name);

/* Whether `name` is `known`, which is in lower case, in that sense; the name itself is, too. */
bool fields_folds_to(struct slice name, struct slice known);

/* The canonical lower-case name of an id; empty for FIELD_OTHER. */
struct slice fields_name(enum field_id id);

/* Adds a field, marked hop-by-hop by the table above. Returns FAULT_NONE, or FAULT_FIELDS_TOO_MANY
 * when the capacity is reached. */
MUST_CHECK enum http_fault fields_add(struct fields *fields, struct slice name, struct slice value);

/* Whether a value that was read stands behind its name as ": " puts it. The two bytes between them are
 * looked at only when there are just two. */
static inline bool fields_is_usual_form(struct slice name, struct slice value)
{
    const char *colon = name.data + name.length;
    return value.data == colon + 2 && memcmp(colon, ": ", 2) == 0;
}

static inline bool fields_has(const struct fields *fields, enum field_id id)
{
    return (fields->present >> id) & 1;
}

/* The first field with this id, or NULL. Not for FIELD_OTHER. */
const struct field *fields_find(const struct fields *fields, enum field_id id);

/* The next field with this id after `field`, which is in `fields`; or NULL. */
const struct field *fields_find_next(const struct fields *fields, const struct field *field);

/* How many fields have this id. */
unsigned fields_count(const struct fields *fields, enum field_id id);

/* Keeps each field with this name, case ignored, from being forwarded: the gateway sends its own in
 * its place, or none. Returns whether there was one. */
bool fields_withhold(struct fields *fields, struct slice name);

/* Whether a field with one of `ids`, a set of bits, is there. */
static inline bool fields_has_any(const struct fields *fields, uint64_t ids)
{
    return (fields->present & ids) != 0;
}

/* Keeps each field with one of `ids` from being forwarded. */
void fields_withhold_ids(struct fields *fields, uint64_t ids);

/* Keeps each field from being forwarded whose name folds into one of `ids`. */
void fields_withhold_odd(struct fields *fields, uint64_t ids);

/*
 * Checks a field section, [data, data + length), from the first field line on, for what parsers
 * differ on, whatever the parser's version: every LF follows a CR, and no line begins with SP or
 * HTAB (obs-fold, RFC 9112 section 5.2). message_read_fields does this itself. Returns FAULT_NONE,
 * FAULT_FIELD_FOLDED or FAULT_FIELD_LINE_END.
 */
MUST_CHECK enum http_fault fields_check_lines(const char *data, size_t length);

/*
 * RFC 9112 section 5.1: white space between a field name and its colon is removed from a response
 * before it is forwarded (in a request it is a fault). Moves it behind the colon, where it is none of
 * the value, in each line up to the empty one; the last line may be incomplete. Returns whether there
 * was any.
 */
bool fields_mend_names(char *data, size_t length);

/* Blanks behind a name that fields_end_in_open_name waits for a colon after. */
enum { FIELDS_OPEN_BLANKS_MAX = 8 };

/* True when the section ends, so far, in a name and blanks: a colon may follow. */
bool fields_end_in_open_name(const char *data, size_t length);

#endif
