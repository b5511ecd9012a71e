/*
 * Sets of methods. A set holds registered methods and the extension tokens of one policy as bits;
 * `any` adds every token that has no id in that policy. The value is plain data: copy it freely.
 */
#ifndef VERBGATE_POLICY_METHOD_SET_H
#define VERBGATE_POLICY_METHOD_SET_H

#include "verbgate/base/arena.h"
#include "verbgate/base/attributes.h"
#include "verbgate/base/writer.h"
#include "verbgate/http/method.h"

struct method_set {
    uint64_t bits[2]; /* by enum method */
    bool any;         /* tokens without an id, METHOD_UNKNOWN, are members too */
};

/* Extension tokens of a policy, in the order first seen: token i has id METHOD_EXTENSION_FIRST + i.
 */
enum { METHOD_EXTENSION_MAX = METHOD_EXTENSION_LAST - METHOD_EXTENSION_FIRST + 1 };
enum { METHOD_TOKEN_MAX = 64 }; /* bytes of an extension token that a policy may name */

struct method_extensions {
    struct slice names[METHOD_EXTENSION_MAX]; /* in the policy's arena */
    unsigned count;
};

/* The id of any token under these extensions: registered, extension, or METHOD_UNKNOWN. */
enum method method_extensions_find(const struct method_extensions *extensions, struct slice name);

/* The name of any id but METHOD_UNKNOWN. */
struct slice method_extensions_name(const struct method_extensions *extensions, enum method method);

/* Finds or adds a token (copied into `arena`). Returns METHOD_UNKNOWN when the table or the arena
 * is full, or the token is longer than METHOD_TOKEN_MAX. */
MUST_CHECK enum method method_extensions_add(struct method_extensions *extensions,
                                             struct arena *arena, struct slice name);

static inline bool method_set_has(const struct method_set *set, enum method method)
{
    if (method >= METHOD_UNKNOWN) {
        return set->any;
    }
    return (set->bits[(unsigned)method / 64] >> ((unsigned)method % 64)) & 1;
}

/* The methods with an id whose names are `name` in another case: servers that fold case run them. */
struct method_set method_extensions_twins(const struct method_extensions *extensions,
                                          struct slice name);

/* Whether the token `name`, whose id is `method`, is a member. With `any`, a token without an id is one,
 * unless the set lacks a twin of it: what a list takes away is away in every case. */
bool method_set_takes(const struct method_set *set, const struct method_extensions *extensions,
                      enum method method, struct slice name);

void method_set_add(struct method_set *set, enum method method); /* not METHOD_UNKNOWN */
void method_set_remove(struct method_set *set, enum method method);
void method_set_unite(struct method_set *set, const struct method_set *other);
void method_set_intersect(struct method_set *set, const struct method_set *other);
/* Whether `set` has all members of `part`. */
bool method_set_contains(const struct method_set *set, const struct method_set *part);
bool method_set_is_empty(const struct method_set *set);

/* The members of `a` that `b` lacks. */
struct method_set method_set_without(const struct method_set *a, const struct method_set *b);

/*
 * The preset behind a name such as "@rfc9110"; false when there is none. @rfc9110: GET HEAD POST
 * PUT DELETE OPTIONS TRACE. @read-only: GET HEAD OPTIONS. @webdav: @rfc9110 without TRACE, with RFC
 * 4918, versioning and search. @webhook: POST. @all: every registered method but CONNECT and PRI.
 */
MUST_CHECK bool method_set_preset(struct slice name, struct method_set *set);

/* The names of all presets, for hints: NULL-terminated. */
const char *const *method_set_preset_names(void);

/* Bytes that method_set_write needs at most: every name and a separator behind it. */
#define X(identifier, name, safe, idempotent) +sizeof(name ",")
enum { METHOD_SET_TEXT_MAX = 0 HTTP_METHODS(X) + METHOD_EXTENSION_MAX * (METHOD_TOKEN_MAX + 2) };
#undef X

/* Writes the members as an Allow value: GET, HEAD, then the rest of the table in method.h by name,
 * then the extension tokens, separated by ", ". With `any`, tokens without an id cannot be listed.
 * CONNECT and PRI are never listed. */
void method_set_write(struct writer *writer, const struct method_set *set,
                      const struct method_extensions *extensions);

#endif
