/*
 * CORS (the Fetch standard, "CORS protocol") and the webhook handshake of CloudEvents: what an
 * OPTIONS asks for, whether it is granted, and the fields that say so.
 */
#ifndef VERBGATE_POLICY_CORS_H
#define VERBGATE_POLICY_CORS_H

#include "verbgate/base/writer.h"
#include "verbgate/policy/method_rules.h"
#include "verbgate/policy/method_set.h"

/* What is wrong with a pattern of `cors-origins`, static text; NULL when nothing is: "null", or a
 * scheme, "://", a host in lower case, or "*." and one, and a port that is not the scheme's own. */
MUST_CHECK const char *cors_origin_problem(struct slice pattern);

/* Whether scripts from this origin may call. Patterns are compared byte for byte, as browsers write
 * origins; "*." stands for one or more whole labels. */
bool cors_takes_origin(const struct cors_rules *rules, struct slice origin);

/* Whether a preflight is granted: its origin, each of its fields, and its method, whose id under the
 * policy is `method`: one of `allow`. */
bool cors_grants(const struct cors_rules *rules, const struct method_set *allow, enum method method,
                 const struct options_fields *request);

/* Bytes that each of the two writers below needs at most. */
enum { CORS_TEXT_MAX = CORS_ORIGIN_MAX + 2 * CORS_LIST_MAX + 512 };

/* The field lines that grant a preflight, or, if not `is_granted`, only its Vary. */
void cors_write_preflight(struct writer *writer, const struct cors_rules *rules, bool is_granted,
                          const struct method_set *allow,
                          const struct method_extensions *extensions,
                          const struct options_fields *request);

/* The field lines of every other response to a request with this Origin, which may be empty. */
void cors_write_actual(struct writer *writer, const struct cors_rules *rules, struct slice origin);

/* CloudEvents webhooks: whether this sender may deliver here, and the lines that say so. */
bool webhook_takes_origin(const struct webhook_rules *rules, struct slice origin);
enum { WEBHOOK_TEXT_MAX = 512 };
void webhook_write(struct writer *writer, const struct webhook_rules *rules,
                   const struct options_fields *request);

#endif
