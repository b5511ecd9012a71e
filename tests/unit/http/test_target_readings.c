#include <criterion/criterion.h>

#include "verbgate/http/target.h"

#include <stdlib.h>

enum { PATH_MAX_BYTES = 96 };

/* Reads a copy of `path` at the end of a heap block into a buffer of just the promised size. The
 * readings are copied to `normal` and `lenient`, of PATH_MAX_BYTES each, with a NUL. */
static enum http_fault read_copy(struct slice path, char *normal, char *lenient)
{
    char *copy = malloc(path.length);
    char *buffer = malloc(2 * path.length);
    cr_assert(copy != NULL && buffer != NULL && path.length < PATH_MAX_BYTES);
    memcpy(copy, path.data, path.length);
    struct target_readings readings;
    enum http_fault fault = target_read(slice_make(copy, path.length), buffer, &readings);
    if (fault == FAULT_NONE) {
        memcpy(normal, readings.normal.data, readings.normal.length);
        normal[readings.normal.length] = '\0';
        memcpy(lenient, readings.lenient.data, readings.lenient.length);
        lenient[readings.lenient.length] = '\0';
    }
    free(buffer);
    free(copy);
    return fault;
}

static const struct {
    const char *path;
    const char *normal;
    const char *lenient;
} paths[] = {
    /* plain */
    {"/", "/", "/"},
    {"/a/b.c/d..e/", "/a/b.c/d..e/", "/a/b.c/d..e/"},
    /* dot segments, RFC 3986 section 5.2.4 */
    {"/.", "/", "/"},
    {"/..", "/", "/"},
    {"/../..", "/", "/"},
    {"/./", "/", "/"},
    {"/../a", "/a", "/a"},
    {"/a/.", "/a/", "/a/"},
    {"/a/..", "/", "/"},
    {"/a/b/..", "/a/", "/a/"},
    {"/a/b/../", "/a/", "/a/"},
    {"/x/../admin", "/admin", "/admin"},
    {"/a/b/c/./../../g", "/a/g", "/a/g"},
    {"/../../../etc/passwd", "/etc/passwd", "/etc/passwd"},
    {"/...", "/...", "/..."},
    {"/.a/..b/c.", "/.a/..b/c.", "/.a/..b/c."},
    {"/./..", "/", "/"},
    /* slashes */
    {"//", "/", "/"},
    {"//a///b//", "/a/b/", "/a/b/"},
    {"//ro/x", "/ro/x", "/ro/x"},
    {"/x/..//y", "/y", "/y"},
    {"/./a//b", "/a/b", "/a/b"},
    /* unreserved characters are decoded in front of dot segments */
    {"/%61dmin", "/admin", "/admin"},
    {"/%41%5a%7e%2D%5F%30", "/AZ~-_0", "/AZ~-_0"},
    {"/x/%2e%2e/admin", "/admin", "/admin"},
    {"/x/.%2E/admin", "/admin", "/admin"},
    {"/x/%2E./admin", "/admin", "/admin"},
    {"/%2e/admin", "/admin", "/admin"},
    {"/a/%2e", "/a/", "/a/"},
    {"/a/%2e%2e", "/", "/"},
    {"/x/../%61dmin", "/admin", "/admin"},
    /* each escape is decoded once */
    {"/%2561", "/%2561", "/%61"},
    {"/%252e%252e/a", "/%252e%252e/a", "/%2e%2e/a"},
    {"/%25%36%31", "/%2561", "/%61"},
    /* other escapes */
    {"/a%20b", "/a%20b", "/a%20b"},
    {"/caf%c3%a9", "/caf%C3%A9", "/caf%C3%A9"},
    {"/caf%C3%A9/../x", "/x", "/x"},
    {"/a%20b/../x", "/x", "/x"},
    {"/a%21%40%3a", "/a%21%40%3A", "/a!@:"},
    {"/a%C0b", "/a%C0b", "/a%C0b"},
    {"/%E0%A4%85", "/%E0%A4%85", "/%E0%A4%85"},
    {"/%F0%90%80%80", "/%F0%90%80%80", "/%F0%90%80%80"},
    /* encoded slashes */
    {"/a%2Fb", "/a%2Fb", "/a/b"},
    {"/a%2fb", "/a%2Fb", "/a/b"},
    {"/%2F", "/%2F", "/"},
    {"/ro%2F", "/ro%2F", "/ro/"},
    {"/a%2F%2Fb", "/a%2F%2Fb", "/a/b"},
    {"/x/..%2Fadmin", "/x/..%2Fadmin", "/admin"},
    {"/x/..%2f", "/x/..%2F", "/"},
    {"/p/http%3A%2F%2Fb%3Bc", "/p/http%3A%2F%2Fb%3Bc", "/p/http:/b"},
    /* backslashes */
    {"/a\\b", "/a\\b", "/a/b"},
    {"/a%5Cb", "/a%5Cb", "/a/b"},
    {"/\\admin", "/\\admin", "/admin"},
    {"/x/..\\admin", "/x/..\\admin", "/admin"},
    /* parameters */
    {"/a;b", "/a;b", "/a"},
    {"/a;b=c;d/e", "/a;b=c;d/e", "/a/e"},
    {"/a;", "/a;", "/a"},
    {"/;a", "/;a", "/"},
    {"/a/;b", "/a/;b", "/a/"},
    {"/;a/b", "/;a/b", "/b"},
    {"/..;/admin", "/..;/admin", "/admin"},
    {"/x/..;y/admin", "/x/..;y/admin", "/admin"},
    {"/.;/admin", "/.;/admin", "/admin"},
    {"/a%3Bb", "/a%3Bb", "/a"},
    {"/a%3bb", "/a%3Bb", "/a"},
    {"/..%3B/admin", "/..%3B/admin", "/admin"},
    {"/a;%20%41", "/a;%20A", "/a"},
    /* characters without a look: marks of direction, joiners, the byte order mark */
    {"/ad%E2%80%8Emin", "/ad%E2%80%8Emin", "/admin"},
    {"/%e2%80%aeadmin%E2%80%8f/x", "/%E2%80%AEadmin%E2%80%8F/x", "/admin/x"},
    {"/%EF%BB%BF/a", "/%EF%BB%BF/a", "/a"},
    {"/x/..%E2%80%8E/a", "/x/..%E2%80%8E/a", "/a"},
    {"/x/.%E2%80%8C./a", "/x/.%E2%80%8C./a", "/a"},
    {"/x/%C2%AD..", "/x/%C2%AD..", "/"},
    {"/a%E2%80%90b", "/a%E2%80%90b", "/a%E2%80%90b"},
    {"/a%E2%80", "/a%E2%80", "/a%E2%80"},
    /* the marks of a query and a fragment: the cut readings are the lenient ones of what is in front */
    {"/a%3Fb%23c", "/a%3Fb%23c", "/a?b#c"},
};

Test(target_readings, reads_paths_in_three_ways)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char normal[PATH_MAX_BYTES], lenient[PATH_MAX_BYTES];
        enum http_fault fault = read_copy(slice_of(paths[i].path), normal, lenient);
        cr_assert_eq(fault, FAULT_NONE, "%s refused", paths[i].path);
        cr_expect_str_eq(normal, paths[i].normal, "%s: %s", paths[i].path, normal);
        cr_expect_str_eq(lenient, paths[i].lenient, "%s: %s", paths[i].path, lenient);
    }
}

static const char *const unsafe_paths[] = {
    /* "%" that begins no escape, whatever a server makes of it */
    "/%",
    "/a%",
    "/%2",
    "/%2/a",
    "/%zz",
    "/%2g%g2",
    "/a%/../b",
    "/%%36%31",
    "/%%61",
    "/%u0061dmin",
    "/%U0061dmin",
    "/%u002e%u002e/a",
    "/%uFF0Fadmin",
    "/%uff41dmin",
    "/a%u2215b",
    "/%x61dmin",
    "/%+61dmin",
    "/% 61",
    "/%6\tdmin",
    "/%-1",
    "/%{61}",
    "/a;%u0061",
    /* encoded control bytes */
    "/a%00b",
    "/a%0d%0aX-Injected:%201",
    "/%1F",
    "/%7f",
    "/a;%00",
    /* overlong UTF-8 */
    "/%C0%AF",
    "/%c0%ae%c0%ae/a",
    "/%C1%9C",
    "/%C1%A1dmin",
    "/%E0%81%A1dmin",
    "/%F0%80%81%A1dmin",
    "/%F8%80%80%81%A1dmin",
    "/%FC%80%80%80%81%A1dmin",
    "/%E0%80%AF",
    "/%F0%80%80%AF",
    /* two of: encoded slash, backslash, parameters */
    "/admin;%2F..",
    "/a%2Fb/c;d",
    "/a\\b;c",
    "/a%5Cb%2Fc",
    "/x%2F..%2Fadmin/\\..\\..",
    "/%3B%2Fx/admin",
    "/a%3Bb\\c",
    "/a%5C%3Bc",
    /* ".." behind what the readings change */
    "/%61dmin/../x",
    "/admin;/../x",
    "/a;/..;/x",
    "/admin%2F..%2F..%2Fx",
    "/admin\\..\\x",
    "/admin%3B/../x",
    "/y/../admin//../x",
    "/a//../b",
    "//../b",
    "/caf%c3%a9/../x",
    "/%2e/../x",
    "/%2e%2e/%2e%2e/x",
    "/..;/..;/x",
    /* a ".." in disguise behind another */
    "/y/../admin/%2e%2e/z",
    "/y/../admin/..;/z",
    "/y/../admin/..%2Fz",
    "/y/../admin/..\\z",
    "/a/../b/..%E2%80%8E/x",
    "/%E2%80%8Eadmin/../x",
    "/..%E2%80%8E/..%E2%80%8E/x",
};

Test(target_readings, refuses_paths_with_more_readings)
{
    for (size_t i = 0; i < sizeof unsafe_paths / sizeof unsafe_paths[0]; i++) {
        char normal[PATH_MAX_BYTES], lenient[PATH_MAX_BYTES];
        struct slice path = slice_of(unsafe_paths[i]);
        cr_expect(target_is_ambiguous(path), "%s", path.data);
        cr_expect_eq(read_copy(path, normal, lenient), FAULT_PATH_UNSAFE, "%s", path.data);
    }
}

Test(target_readings, cuts_in_front_of_the_first_encoded_mark)
{
    static const struct {
        const char *path;
        const char *query;
        const char *fragment;
    } cases[] = {
        {"/", "/", "/"},
        {"/a", "/a", "/a"},
        {"/a%3Fb", "/a", "/a%3Fb"},
        {"/a%3fb%3Fc", "/a", "/a%3fb%3Fc"},
        {"/a%23b%3Fc%23", "/a%23b", "/a"},
        {"/%3F", "/", "/%3F"},
        {"/a%253Fb", "/a%253Fb", "/a%253Fb"},
        {"/a%3", "/a%3", "/a%3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice path = slice_of(cases[i].path);
        struct slice query = target_before_mark(path, '?');
        struct slice fragment = target_before_mark(path, '#');
        cr_expect(slice_equal(query, slice_of(cases[i].query)), "%s", cases[i].path);
        cr_expect(slice_equal(fragment, slice_of(cases[i].fragment)), "%s", cases[i].path);
    }
}

Test(target_readings, leaves_the_readings_alone_when_it_refuses)
{
    char buffer[16];
    struct target_readings readings = {SLICE("n"), SLICE("l")};
    cr_assert_eq(target_read(SLICE("/a%00"), buffer, &readings), FAULT_PATH_UNSAFE);
    cr_expect(slice_equal(readings.normal, SLICE("n")));
    cr_expect(slice_equal(readings.lenient, SLICE("l")));
}

Test(target_readings, tells_ambiguous_paths)
{
    static const char *const ambiguous[] = {"/%41", "//", "/a//b", "/.", "/a/.b", "/a\\", "/a;b"};
    static const char *const plain[] = {"/", "*", "", "/a", "/a.b/c", "/a/b/", "/a.", "/a:b@c,d=e"};
    for (size_t i = 0; i < sizeof ambiguous / sizeof ambiguous[0]; i++) {
        cr_expect(target_is_ambiguous(slice_of(ambiguous[i])), "%s", ambiguous[i]);
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        cr_expect(!target_is_ambiguous(slice_of(plain[i])), "%s", plain[i]);
    }
}

/* ---- generated paths: the same ones in each run ---- */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static struct slice make_path(unsigned *state, char *path)
{
    static const char *const pieces[] = {"a",   "b",   ".",    "..",  "/",   "/",        "//",
                                         "/.",  "/..", "%61",  "%2e", "%2F", "%2f",      "%5C",
                                         "%3B", "%25", "%",    "\\",  ";",   "x",        "%C3",
                                         "%20", ":",   "/../", "%3F", "%23", "%E2%80%8E"};
    const unsigned piece_count = sizeof pieces / sizeof pieces[0];
    unsigned count = 1 + next_random(state) % 9;
    size_t length = 1;
    path[0] = '/';
    /* Half of the paths come from the harmless first pieces, so that both kinds are common. */
    unsigned limit = next_random(state) % 2 == 0 ? 5 : piece_count;
    for (unsigned i = 0; i < count; i++) {
        const char *piece = pieces[next_random(state) % limit];
        memcpy(path + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return slice_make(path, length);
}

Test(target_readings, equal_the_path_whenever_it_is_not_ambiguous)
{
    unsigned state = 1;
    unsigned plain_count = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char path[PATH_MAX_BYTES], normal[PATH_MAX_BYTES], lenient[PATH_MAX_BYTES];
        struct slice made = make_path(&state, path);
        if (target_is_ambiguous(made)) {
            continue;
        }
        plain_count++;
        cr_assert_eq(read_copy(made, normal, lenient), FAULT_NONE, "%.*s", SLICE_PRINT(made));
        cr_assert(slice_equal(slice_of(normal), made), "%.*s", SLICE_PRINT(made));
        cr_assert(slice_equal(slice_of(lenient), made), "%.*s", SLICE_PRINT(made));
    }
    cr_expect_gt(plain_count, 2000);
}

/* Every path of up to six characters over the ones that matter, so none is forgotten. */
Test(target_readings, equal_every_short_path_that_is_not_ambiguous)
{
    static const char alphabet[] = "a./;\\%2";
    const unsigned base = sizeof alphabet - 1;
    unsigned combinations = 1;
    for (size_t length = 1; length <= 6; length++) {
        for (unsigned number = 0; number < combinations; number++) {
            char path[8] = "/", buffer[16];
            unsigned rest = number;
            for (size_t i = 1; i < length; i++, rest /= base) {
                path[i] = alphabet[rest % base];
            }
            struct slice made = slice_make(path, length);
            struct target_readings readings;
            if (target_is_ambiguous(made)) {
                continue;
            }
            cr_assert_eq(target_read(made, buffer, &readings), FAULT_NONE, "%s", path);
            cr_assert(slice_equal(readings.normal, made), "%s", path);
            cr_assert(slice_equal(readings.lenient, made), "%s", path);
        }
        combinations *= base;
    }
}

static void expect_clean(const char *path, struct slice reading)
{
    cr_assert_gt(reading.length, 0);
    cr_assert_eq(reading.data[0], '/');
    const char *text = reading.data;
    cr_assert(strstr(text, "//") == NULL, "%s: %s", path, text);
    for (const char *slash = text; slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t segment = strcspn(slash + 1, "/");
        bool is_dots = (segment == 1 || segment == 2) && strspn(slash + 1, ".") >= segment;
        cr_assert(!is_dots, "%s: %s", path, text);
    }
}

Test(target_readings, have_no_dot_segments_and_no_double_slashes)
{
    unsigned state = 2;
    unsigned read_count = 0;
    for (unsigned i = 0; i < 20000; i++) {
        char path[PATH_MAX_BYTES] = "", normal[PATH_MAX_BYTES], lenient[PATH_MAX_BYTES];
        struct slice made = make_path(&state, path);
        if (read_copy(made, normal, lenient) != FAULT_NONE) {
            continue;
        }
        read_count++;
        expect_clean(path, slice_of(normal));
        expect_clean(path, slice_of(lenient));
        cr_assert(strpbrk(lenient, ";\\") == NULL, "%s: %s", path, lenient);
        cr_assert_leq(strlen(normal), made.length);
        cr_assert_leq(strlen(lenient), strlen(normal));
    }
    cr_expect_gt(read_count, 5000);
}

/*
 * Which steps a backend takes is not known: each may be left out, and parameters may be cut before
 * or after decoding; what is decoded may end at a '?' or '#', or lose characters without a look. Whatever a backend does, a prefix under which it files the path must be the
 * prefix of one of the three readings too (or the path be refused); else a policy for that prefix
 * could be walked round.
 */
struct backend {
    bool cuts_first, decodes, decodes_slash, cuts, turns_backslash, merges, removes_dots;
    bool drops, ends_at_query, ends_at_fragment;
};

enum { BACKEND_COUNT = 1024 };

static struct backend make_backend(unsigned bits)
{
    return (struct backend){bits & 1,      bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1,
                            bits >> 4 & 1, bits >> 5 & 1, bits >> 6 & 1, bits >> 7 & 1,
                            bits >> 8 & 1, bits >> 9 & 1};
}

static int hex(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, ascii_lower(c));
    return found == NULL ? -1 : (int)(found - digits);
}

/* Cuts from ';' to the next '/' as written. */
static void cut(char *path)
{
    size_t length = 0;
    bool is_cut = false;
    for (size_t i = 0; path[i] != '\0'; i++) {
        is_cut = path[i] == ';' || (is_cut && path[i] != '/');
        if (!is_cut) {
            path[length++] = path[i];
        }
    }
    path[length] = '\0';
}

/* Decodes, turns backslashes and cuts parameters, in this order. */
static void rewrite(const struct backend *backend, const char *path, char *out)
{
    size_t length = 0;
    static const char mark[] = "%E2%80%8E";
    for (size_t i = 0; path[i] != '\0'; i++) {
        char c = path[i];
        if (backend->drops && strncmp(path + i, mark, sizeof mark - 1) == 0) {
            i += sizeof mark - 2;
            continue;
        }
        int high = c == '%' && path[i + 1] != '\0' ? hex(path[i + 1]) : -1;
        int low = high >= 0 && path[i + 2] != '\0' ? hex(path[i + 2]) : -1;
        char decoded = (char)(high * 16 + low);
        bool is_visible = low >= 0 && decoded > 0x20 && decoded < 0x7f;
        if (backend->decodes && is_visible && (decoded != '/' || backend->decodes_slash)) {
            c = decoded;
            i += 2;
            if ((c == '?' && backend->ends_at_query) || (c == '#' && backend->ends_at_fragment)) {
                break;
            }
        }
        out[length++] = c == '\\' && backend->turns_backslash ? '/' : c;
    }
    out[length] = '\0';
    if (backend->cuts) {
        cut(out);
    }
}

/* Splits at '/', then drops empty segments and dot segments as the backend does. The first two
 * segments that are left are written to `out`. */
static void walk(const struct backend *backend, const char *path, char *out)
{
    const char *segments[PATH_MAX_BYTES];
    size_t lengths[PATH_MAX_BYTES];
    size_t count = 0;
    for (const char *at = path; *at == '/';) {
        const char *segment = at + 1;
        size_t length = strcspn(segment, "/");
        at = segment + length;
        bool is_dot = length == 1 && segment[0] == '.';
        bool is_climb = length == 2 && memcmp(segment, "..", 2) == 0;
        if (backend->removes_dots && is_climb) {
            count -= count > 0;
        } else if (!(backend->removes_dots && is_dot) && !(backend->merges && length == 0)) {
            segments[count] = segment;
            lengths[count++] = length;
        }
    }
    size_t used = 0;
    for (size_t i = 0; i < count && i < 2; i++) {
        out[used++] = '/';
        memcpy(out + used, segments[i], lengths[i]);
        used += lengths[i];
    }
    out[used] = '\0';
}

static bool guards(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_guarded_cut(struct slice path, char mark, const char *prefix)
{
    char normal[PATH_MAX_BYTES], lenient[PATH_MAX_BYTES];
    struct slice cut = target_before_mark(path, mark);
    return cut.length < path.length &&
           (read_copy(cut, normal, lenient) != FAULT_NONE || guards(lenient, prefix));
}

static bool is_guarded(const char *path, const char *prefix)
{
    char normal[PATH_MAX_BYTES], lenient[PATH_MAX_BYTES];
    return read_copy(slice_of(path), normal, lenient) != FAULT_NONE || guards(path, prefix) ||
           guards(normal, prefix) || guards(lenient, prefix) ||
           is_guarded_cut(slice_of(path), '?', prefix) ||
           is_guarded_cut(slice_of(path), '#', prefix);
}

Test(target_readings, guard_a_prefix_whatever_steps_a_backend_takes)
{
    unsigned state = 3;
    unsigned reached = 0;
    for (unsigned i = 0; i < 10000; i++) {
        char path[PATH_MAX_BYTES] = "";
        make_path(&state, path);
        for (unsigned bits = 0; bits < BACKEND_COUNT; bits++) {
            struct backend backend = make_backend(bits);
            char sent[PATH_MAX_BYTES], rewritten[PATH_MAX_BYTES], seen[PATH_MAX_BYTES];
            memcpy(sent, path, sizeof sent);
            if (backend.cuts_first) {
                cut(sent);
            }
            rewrite(&backend, sent, rewritten);
            walk(&backend, rewritten, seen);
            static const char *const prefixes[] = {"/a", "/b", "/a/b"};
            for (size_t p = 0; p < 3; p++) {
                if (guards(seen, prefixes[p])) {
                    reached++;
                    cr_assert(is_guarded(path, prefixes[p]), "%s is %s for backend %u, not %s",
                              path, seen, bits, prefixes[p]);
                }
            }
        }
    }
    cr_expect_gt(reached, 10000);
}
