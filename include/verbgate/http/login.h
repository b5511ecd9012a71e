/*
 * Logins that belong to a connection: NTLM, Negotiate (RFC 4559) and their kin. The handshake takes several
 * requests on one connection, and behind it the server takes every request of that connection for the user's. So
 * such a connection must never carry the request of another client.
 *
 * This reading errs on that side: a scheme counts wherever its name stands as a whole word, in any case.
 */
#ifndef VERBGATE_HTTP_LOGIN_H
#define VERBGATE_HTTP_LOGIN_H

#include "verbgate/http/fields.h"

enum login {
    LOGIN_NONE,  /* no scheme is named whose login belongs to the connection */
    LOGIN_NAMED, /* one is named */
    LOGIN_UNDERWAY, /* one is named with something behind it: a challenge that has a token is one step of several */
};

/* Fields in which a client and a server name schemes, as sets of bits. */
#define LOGIN_CREDENTIALS \
    ((uint64_t)1 << FIELD_AUTHORIZATION | (uint64_t)1 << FIELD_PROXY_AUTHORIZATION)
#define LOGIN_CHALLENGES \
    ((uint64_t)1 << FIELD_WWW_AUTHENTICATE | (uint64_t)1 << FIELD_PROXY_AUTHENTICATE)

/* What one value says. Credentials (RFC 9110 section 11.4) begin with their scheme; what a server reads as several
 * lines is one list. A list of challenges (section 11.6.1) has a scheme anywhere. */
enum login login_in_credentials(struct slice value);
enum login login_in_challenges(struct slice value);

/* What all fields of a request, or of a response, say. */
enum login login_of_fields(const struct fields *fields, uint64_t ids,
                           enum login (*read)(struct slice));

static inline enum login login_of_request(const struct fields *fields)
{
    return fields_has_any(fields, LOGIN_CREDENTIALS)
               ? login_of_fields(fields, LOGIN_CREDENTIALS, login_in_credentials)
               : LOGIN_NONE;
}

/* Windows says "Persistent-Auth: true" of a connection that is logged in; whatever the field says, it speaks of one. */
static inline enum login login_of_response(const struct fields *fields)
{
    const uint64_t signs = LOGIN_CHALLENGES | (uint64_t)1 << FIELD_PERSISTENT_AUTH;
    if (LIKELY(!fields_has_any(fields, signs))) {
        return LOGIN_NONE;
    }
    enum login login = login_of_fields(fields, LOGIN_CHALLENGES, login_in_challenges);
    bool is_persistent = fields_has(fields, FIELD_PERSISTENT_AUTH);
    return login == LOGIN_NONE && is_persistent ? LOGIN_NAMED : login;
}

#endif
