#include "verbgate/http/method.h"

static const struct {
    struct slice name;
    bool is_safe;
    bool is_idempotent;
} methods[METHOD_REGISTERED_COUNT] = {
#define X(identifier, text, safe, idempotent) \
    [METHOD_##identifier] = {{text, sizeof(text) - 1}, safe, idempotent},
    HTTP_METHODS(X)
#undef X
};

static enum method check(enum method candidate, struct slice name)
{
    return slice_equal(methods[candidate].name, name) ? candidate : METHOD_UNKNOWN;
}

/* The everyday methods are told apart by length and first byte; the rest of the registry is rare
 * enough for a walk over the names of the same first byte. */
enum method method_find(struct slice name)
{
    if (slice_equal(name, SLICE("GET"))) {
        return METHOD_GET;
    }
    if (name.length < 3) {
        return METHOD_UNKNOWN;
    }
    switch (name.length << 8 | (unsigned char)name.data[0]) {
    case 3 << 8 | 'P':
        return check(name.data[1] == 'U' ? METHOD_PUT : METHOD_PRI, name);
    case 4 << 8 | 'P':
        return check(METHOD_POST, name);
    case 4 << 8 | 'H':
        return check(METHOD_HEAD, name);
    case 5 << 8 | 'P':
        return check(METHOD_PATCH, name);
    case 6 << 8 | 'D':
        return check(METHOD_DELETE, name);
    case 7 << 8 | 'O':
        return check(METHOD_OPTIONS, name);
    default:
        break;
    }
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT; i++) {
        if (methods[i].name.data[0] == name.data[0] && slice_equal(methods[i].name, name)) {
            return (enum method)i;
        }
    }
    return METHOD_UNKNOWN;
}

struct slice method_name(enum method method)
{
    return method < METHOD_REGISTERED_COUNT ? methods[method].name : slice_make(NULL, 0);
}

bool method_is_safe(enum method method)
{
    return method < METHOD_REGISTERED_COUNT && methods[method].is_safe;
}

bool method_is_idempotent(enum method method)
{
    return method < METHOD_REGISTERED_COUNT && methods[method].is_idempotent;
}

enum method method_suggest(struct slice name)
{
    for (unsigned i = 0; i < METHOD_REGISTERED_COUNT; i++) {
        if (slice_equal_ignoring_case(methods[i].name, name)) {
            return (enum method)i;
        }
    }
    /* One error in a word of three letters leaves too little to guess from: "PUT" is one away from
     * "PST". */
    for (unsigned i = 0; name.length > 3 && i < METHOD_REGISTERED_COUNT; i++) {
        if (methods[i].name.length > 3 && slice_distance(methods[i].name, name, 1) == 1) {
            return (enum method)i;
        }
    }
    return METHOD_UNKNOWN;
}
