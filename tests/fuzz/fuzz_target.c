/*
 * The policy takes GET only for /ro and all below it, and for /rp. Whatever the target: no POST is
 * forwarded that some backend would take for one of those paths. The backends are small models, one
 * for each combination of the steps that real servers and frameworks take, in either order where
 * they differ. All of them decode "%u0061", and see neither case nor a slash at the end.
 */
#include "fuzz.h"
#include "small_policy.h"
#include "verbgate/http/target.h"
#include "verbgate/policy/decide.h"

#include <assert.h>
#include <stdio.h>

enum { PATH_MAX_BYTES = 512 };

enum decoding { DECODE_NOTHING, DECODE_UNRESERVED, DECODE_NO_SLASH, DECODE_ALL, DECODINGS };
enum moment { NEVER, BEFORE_DECODING, AFTER_DECODING, MOMENTS };

struct backend {
    enum decoding decoding;
    enum moment parameters; /* ";x" is cut off each segment */
    enum moment backslash;  /* is read as a slash */
    enum moment slashes;    /* are merged */
    enum moment dots;       /* segments are removed */
};

struct path {
    char text[PATH_MAX_BYTES];
    size_t length;
};

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits) % 16;
}

static bool is_decoded(enum decoding decoding, int byte)
{
    bool is_unreserved = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                         (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
                         byte == '_' || byte == '~';
    switch (decoding) {
    case DECODE_UNRESERVED:
        return is_unreserved;
    case DECODE_NO_SLASH:
        return byte != '/';
    case DECODE_ALL:
        return true;
    case DECODE_NOTHING:
    case DECODINGS:
        break;
    }
    return false;
}

static void decode(struct path *path, enum decoding decoding)
{
    size_t to = 0;
    for (size_t i = 0; i < path->length; i++) {
        char c = path->text[i];
        if (c == '%' && i + 5 < path->length && (path->text[i + 1] | 32) == 'u' &&
            hex_value(path->text[i + 4]) >= 0 && hex_value(path->text[i + 5]) >= 0) {
            c = (char)(hex_value(path->text[i + 4]) * 16 + hex_value(path->text[i + 5]));
            i += 5;
        } else if (c == '%' && i + 2 < path->length) {
            int high = hex_value(path->text[i + 1]);
            int low = hex_value(path->text[i + 2]);
            if (high >= 0 && low >= 0 && is_decoded(decoding, high * 16 + low)) {
                c = (char)(high * 16 + low);
                i += 2;
            }
        }
        path->text[to++] = c;
    }
    path->length = to;
}

static void cut_parameters(struct path *path)
{
    size_t to = 0;
    bool is_cut = false;
    for (size_t i = 0; i < path->length; i++) {
        char c = path->text[i];
        is_cut = c == ';' || (is_cut && c != '/');
        if (!is_cut) {
            path->text[to++] = c;
        }
    }
    path->length = to;
}

static void turn_backslashes(struct path *path)
{
    for (size_t i = 0; i < path->length; i++) {
        path->text[i] = path->text[i] == '\\' ? '/' : path->text[i];
    }
}

static void merge_slashes(struct path *path)
{
    size_t to = 0;
    for (size_t i = 0; i < path->length; i++) {
        if (to == 0 || path->text[i] != '/' || path->text[to - 1] != '/') {
            path->text[to++] = path->text[i];
        }
    }
    path->length = to;
}

/* RFC 3986 section 5.2.4, by whole segments. */
static void remove_dots(struct path *path)
{
    struct path out = {.length = 0};
    for (size_t i = 0; i < path->length;) {
        size_t end = i + 1;
        while (end < path->length && path->text[end] != '/') {
            end++;
        }
        struct slice segment = slice_make(path->text + i, end - i);
        bool is_up = slice_equal(segment, SLICE("/.."));
        if (is_up) {
            while (out.length > 0 && out.text[--out.length] != '/') {
            }
        } else if (!slice_equal(segment, SLICE("/."))) {
            memcpy(out.text + out.length, segment.data, segment.length);
            out.length += segment.length;
            i = end;
            continue;
        }
        if (end == path->length) {
            out.text[out.length++] = '/';
        }
        i = end;
    }
    *path = out;
}

static void take_steps(struct path *path, const struct backend *backend, enum moment moment)
{
    if (backend->backslash == moment) {
        turn_backslashes(path);
    }
    if (backend->parameters == moment) {
        cut_parameters(path);
    }
    if (backend->slashes == moment) {
        merge_slashes(path);
    }
    if (backend->dots == moment) {
        remove_dots(path);
    }
}

static bool is_read_only(const struct path *path)
{
    struct slice text = slice_make(path->text, path->length);
    while (text.length > 1 && text.data[text.length - 1] == '/') {
        text.length--;
    }
    struct slice start = slice_make(text.data, text.length < 4 ? text.length : 4);
    return slice_equal_ignoring_case(text, SLICE("/ro")) ||
           slice_equal_ignoring_case(text, SLICE("/rp")) ||
           slice_equal_ignoring_case(start, SLICE("/ro/"));
}

static void check_backend(struct slice target, const struct backend *backend)
{
    struct path path = {.length = target.length};
    memcpy(path.text, target.data, target.length);
    take_steps(&path, backend, BEFORE_DECODING);
    decode(&path, backend->decoding);
    take_steps(&path, backend, AFTER_DECODING);
    if (is_read_only(&path)) {
        fprintf(stderr,
                "POST %.*s is %.*s with decoding %d parameters %d backslash %d slashes %d "
                "dots %d\n",
                SLICE_PRINT(target), (int)path.length, path.text, (int)backend->decoding,
                (int)backend->parameters, (int)backend->backslash, (int)backend->slashes,
                (int)backend->dots);
        abort();
    }
}

static bool has(struct slice text, const char *what)
{
    return text.length > 0 && memmem(text.data, text.length, what, strlen(what)) != NULL;
}

/* No step brings two letters together that were apart: what has neither "ro" nor "rp" in it is of no
 * interest. */
static bool is_of_interest(struct slice target)
{
    struct path path = {.length = target.length};
    memcpy(path.text, target.data, target.length);
    decode(&path, DECODE_ALL);
    for (size_t i = 0; i < path.length; i++) {
        path.text[i] = ascii_lower(path.text[i]);
    }
    struct slice text = slice_make(path.text, path.length);
    return has(text, "ro") || has(text, "rp");
}

static void check_backends(struct slice path)
{
    struct backend backend;
    const int all = DECODINGS * MOMENTS * MOMENTS * MOMENTS * MOMENTS;
    for (int i = 0; i < all; i++) {
        int rest = i;
        backend.decoding = (enum decoding)(rest % DECODINGS);
        rest /= DECODINGS;
        backend.parameters = (enum moment)(rest % MOMENTS);
        rest /= MOMENTS;
        backend.backslash = (enum moment)(rest % MOMENTS);
        rest /= MOMENTS;
        backend.slashes = (enum moment)(rest % MOMENTS);
        rest /= MOMENTS;
        backend.dots = (enum moment)rest;
        check_backend(path, &backend);
    }
}

static void check_normal_form(struct slice text)
{
    assert(text.length > 0 && text.data[0] == '/');
    assert(!has(text, "//") && !has(text, "/./") && !has(text, "/../"));
}

static void check_readings(struct slice path)
{
    char *buffer = malloc(2 * path.length);
    struct target_readings readings;
    assert(buffer != NULL);
    if (target_read(path, buffer, &readings) == FAULT_NONE) {
        check_normal_form(readings.normal);
        check_normal_form(readings.lenient);
        assert(readings.normal.length <= path.length && readings.lenient.length <= path.length);
        if (!target_is_ambiguous(path)) {
            assert(slice_equal(readings.normal, path) && slice_equal(readings.lenient, path));
        }
    }
    free(buffer);
}

/* What the request line scanner lets through (RFC 9112 section 3.2). */
static bool is_scanned(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f || text.data[i] == '#') {
            return false;
        }
    }
    return text.length > 0;
}

static void check_target(struct slice text)
{
    struct target target;
    if (target_parse(text, METHOD_POST, &target) != FAULT_NONE) {
        return;
    }
    assert(target.form == TARGET_ORIGIN || target.form == TARGET_ABSOLUTE);
    assert(target.path.length > 0 && target.path.data[0] == '/');
    assert(slice_find(target.path, '?') == target.path.length);
    check_readings(target.path);
    struct verdict verdict;
    struct decide_request request = {
        .method = SLICE("POST"),
        .version_major = 1,
        .version_minor = 1,
        .target = &target,
        .host = SLICE("a.example"),
        .max_forwards = -1,
    };
    decide(small_policy_read_only(), &request, &verdict);
    if (verdict.kind == VERDICT_FORWARD && target.path.length <= PATH_MAX_BYTES &&
        is_of_interest(target.path)) {
        check_backends(target.path);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_make((const char *)data, size);
    if (size > FUZZ_INPUT_MAX) {
        return 0;
    }
    char *copy = fuzz_copy(input);
    struct slice text = slice_make(copy, size);
    if (is_scanned(text)) {
        check_target(text);
        struct target ignored;
        (void)!target_parse(text, METHOD_CONNECT, &ignored);
        (void)!target_parse(text, METHOD_OPTIONS, &ignored);
    }
    free(copy);
    return 0;
}
