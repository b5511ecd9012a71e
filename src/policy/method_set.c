#include "verbgate/policy/method_set.h"

#include <assert.h>

enum method method_extensions_find(const struct method_extensions *extensions, struct slice name)
{
    enum method registered = method_find(name);
    if (registered != METHOD_UNKNOWN) {
        return registered;
    }
    for (unsigned i = 0; i < extensions->count; i++) {
        if (slice_equal(extensions->names[i], name)) {
            return (enum method)(METHOD_EXTENSION_FIRST + i);
        }
    }
    return METHOD_UNKNOWN;
}

struct slice method_extensions_name(const struct method_extensions *extensions, enum method method)
{
    if (method < METHOD_EXTENSION_FIRST || method > METHOD_EXTENSION_LAST) {
        return method_name(method);
    }
    unsigned index = (unsigned)method - METHOD_EXTENSION_FIRST;
    return index < extensions->count ? extensions->names[index] : slice_make(NULL, 0);
}

enum method method_extensions_add(struct method_extensions *extensions, struct arena *arena,
                                  struct slice name)
{
    enum method known = method_extensions_find(extensions, name);
    if (known != METHOD_UNKNOWN) {
        return known;
    }
    if (name.length > METHOD_TOKEN_MAX || extensions->count == METHOD_EXTENSION_MAX) {
        return METHOD_UNKNOWN;
    }
    struct slice copy = arena_copy(arena, name);
    if (copy.data == NULL) {
        return METHOD_UNKNOWN;
    }
    extensions->names[extensions->count] = copy;
    return (enum method)(METHOD_EXTENSION_FIRST + extensions->count++);
}

struct method_set method_extensions_twins(const struct method_extensions *extensions,
                                          struct slice name)
{
    struct method_set twins = {.any = false};
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT + extensions->count; i++) {
        bool is_registered = i < METHOD_REGISTERED_COUNT;
        unsigned id = is_registered ? i : METHOD_EXTENSION_FIRST + i - METHOD_REGISTERED_COUNT;
        struct slice other = method_extensions_name(extensions, (enum method)id);
        if (slice_equal_ignoring_case(other, name) && !slice_equal(other, name)) {
            method_set_add(&twins, (enum method)id);
        }
    }
    return twins;
}

bool method_set_takes(const struct method_set *set, const struct method_extensions *extensions,
                      enum method method, struct slice name)
{
    if (method < METHOD_UNKNOWN || !set->any) {
        return method_set_has(set, method);
    }
    struct method_set twins = method_extensions_twins(extensions, name);
    return method_set_contains(set, &twins);
}

static uint64_t bit(enum method method)
{
    return (uint64_t)1 << ((unsigned)method % 64);
}

void method_set_add(struct method_set *set, enum method method)
{
    assert(method < METHOD_UNKNOWN);
    set->bits[(unsigned)method / 64] |= bit(method);
}

void method_set_remove(struct method_set *set, enum method method)
{
    assert(method < METHOD_UNKNOWN);
    set->bits[(unsigned)method / 64] &= ~bit(method);
}

void method_set_unite(struct method_set *set, const struct method_set *other)
{
    set->bits[0] |= other->bits[0];
    set->bits[1] |= other->bits[1];
    set->any = set->any || other->any;
}

void method_set_intersect(struct method_set *set, const struct method_set *other)
{
    set->bits[0] &= other->bits[0];
    set->bits[1] &= other->bits[1];
    set->any = set->any && other->any;
}

bool method_set_contains(const struct method_set *set, const struct method_set *part)
{
    struct method_set missing = method_set_without(part, set);
    return method_set_is_empty(&missing);
}

bool method_set_is_empty(const struct method_set *set)
{
    return set->bits[0] == 0 && set->bits[1] == 0 && !set->any;
}

struct method_set method_set_without(const struct method_set *a, const struct method_set *b)
{
    return (struct method_set){
        .bits = {a->bits[0] & ~b->bits[0], a->bits[1] & ~b->bits[1]},
        .any = a->any && !b->any,
    };
}

_Static_assert((int)METHOD_REGISTERED_COUNT < 64, "a preset is one word of bits");

#define BIT(identifier) ((uint64_t)1 << METHOD_##identifier)

#define CORE_BITS (BIT(GET) | BIT(HEAD) | BIT(POST) | BIT(PUT) | BIT(DELETE) | BIT(OPTIONS))
/* RFC 4918 (WebDAV), RFC 3253 (versioning) and RFC 5323 (search). */
#define WEBDAV_BITS                                                                    \
    (BIT(PROPFIND) | BIT(PROPPATCH) | BIT(MKCOL) | BIT(COPY) | BIT(MOVE) | BIT(LOCK) | \
     BIT(UNLOCK) | BIT(VERSION_CONTROL) | BIT(REPORT) | BIT(CHECKOUT) | BIT(CHECKIN) | \
     BIT(UNCHECKOUT) | BIT(MKWORKSPACE) | BIT(UPDATE) | BIT(LABEL) | BIT(MERGE) |      \
     BIT(BASELINE_CONTROL) | BIT(MKACTIVITY) | BIT(SEARCH))
/* CONNECT asks for a tunnel and PRI is the HTTP/2 preface (RFC 9113 section 3.4): no word that
 * means "everything" turns them on, and no Allow field lists them. */
#define NEVER_LISTED_BITS (BIT(CONNECT) | BIT(PRI))
#define REGISTERED_BITS   (((uint64_t)1 << METHOD_REGISTERED_COUNT) - 1)

#define PRESETS(X)                                       \
    X("@rfc9110", CORE_BITS | BIT(TRACE))                \
    X("@read-only", BIT(GET) | BIT(HEAD) | BIT(OPTIONS)) \
    X("@webdav", CORE_BITS | WEBDAV_BITS)                \
    X("@webhook", BIT(POST))                             \
    X("@all", REGISTERED_BITS & ~NEVER_LISTED_BITS)

#define X(name, bits) name,
static const char *const preset_names[] = {PRESETS(X) NULL};
#undef X
#define X(name, bits) bits,
static const uint64_t preset_bits[] = {PRESETS(X)};
#undef X

bool method_set_preset(struct slice name, struct method_set *set)
{
    for (size_t i = 0; preset_names[i] != NULL; i++) {
        if (slice_equal(slice_of(preset_names[i]), name)) {
            *set = (struct method_set){.bits = {preset_bits[i], 0}};
            return true;
        }
    }
    return false;
}

const char *const *method_set_preset_names(void)
{
    return preset_names;
}

static void write_name(struct writer *writer, struct slice name, bool *is_first)
{
    if (!*is_first) {
        writer_literal(writer, ", ");
    }
    *is_first = false;
    writer_put(writer, name);
}

/* Writes the members of one word of bits, lowest id first. */
static void write_word(struct writer *writer, const struct method_extensions *extensions,
                       uint64_t bits, unsigned first_id, bool *is_first)
{
    for (; bits != 0; bits &= bits - 1) {
        unsigned id = first_id + (unsigned)__builtin_ctzll(bits);
        struct slice name = method_extensions_name(extensions, (enum method)id);
        /* A set may hold ids that this policy never gave out: "any token" does. */
        if (name.length > 0) {
            write_name(writer, name, is_first);
        }
    }
}

void method_set_write(struct writer *writer, const struct method_set *set,
                      const struct method_extensions *extensions)
{
    bool is_first = true;
    uint64_t registered = set->bits[0] & ~NEVER_LISTED_BITS;
    uint64_t front = registered & (BIT(GET) | BIT(HEAD));
    write_word(writer, extensions, front, 0, &is_first);
    write_word(writer, extensions, registered & ~front, 0, &is_first);
    write_word(writer, extensions, set->bits[1], METHOD_EXTENSION_FIRST, &is_first);
}
