#include <criterion/criterion.h>

#include "verbgate/policy/method_set.h"

static struct method_set set_of(const enum method *methods, size_t count)
{
    struct method_set set = {.any = false};
    for (size_t i = 0; i < count; i++) {
        method_set_add(&set, methods[i]);
    }
    return set;
}

#define SET(...)                               \
    set_of((const enum method[]){__VA_ARGS__}, \
           sizeof((const enum method[]){__VA_ARGS__}) / sizeof(enum method))

static void expect_text(const struct method_set *set, const struct method_extensions *extensions,
                        const char *wanted)
{
    char text[METHOD_SET_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    method_set_write(&writer, set, extensions);
    cr_assert_not(writer.overflow);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(wanted)), "got \"%.*s\", wanted \"%s\"",
              SLICE_PRINT(writer_slice(&writer)), wanted);
}

Test(method_set, adds_and_removes_every_id)
{
    for (unsigned id = 0; id < METHOD_UNKNOWN; id++) {
        struct method_set set = {.any = false};
        cr_assert(method_set_is_empty(&set));
        method_set_add(&set, (enum method)id);
        for (unsigned other = 0; other <= METHOD_UNKNOWN; other++) {
            cr_assert_eq(method_set_has(&set, (enum method)other), other == id);
        }
        method_set_remove(&set, (enum method)id);
        cr_assert(method_set_is_empty(&set));
    }
}

Test(method_set, any_takes_only_tokens_without_an_id)
{
    struct method_set set = {.any = true};
    cr_assert(method_set_has(&set, METHOD_UNKNOWN));
    cr_assert_not(method_set_has(&set, METHOD_GET));
    cr_assert_not(method_set_is_empty(&set));
}

Test(method_set, unites_intersects_and_subtracts)
{
    const enum method extension = METHOD_EXTENSION_LAST;
    struct method_set a = SET(METHOD_GET, METHOD_PUT, extension);
    struct method_set b = SET(METHOD_PUT, METHOD_POST);
    b.any = true;

    struct method_set both = a;
    method_set_unite(&both, &b);
    cr_assert(method_set_has(&both, METHOD_GET) && method_set_has(&both, METHOD_POST));
    cr_assert(method_set_has(&both, extension) && both.any);

    struct method_set common = a;
    method_set_intersect(&common, &b);
    cr_assert(method_set_has(&common, METHOD_PUT));
    method_set_remove(&common, METHOD_PUT);
    cr_assert(method_set_is_empty(&common));

    struct method_set left = method_set_without(&a, &b);
    cr_assert(method_set_has(&left, METHOD_GET) && method_set_has(&left, extension));
    cr_assert_not(method_set_has(&left, METHOD_PUT));
    struct method_set right = method_set_without(&b, &a);
    cr_assert(right.any && method_set_has(&right, METHOD_POST));
    right = method_set_without(&b, &b);
    cr_assert(method_set_is_empty(&right));
}

Test(method_set, writes_get_and_head_first_then_by_name)
{
    const struct method_extensions none = {.count = 0};
    struct method_set set = SET(METHOD_PUT, METHOD_ACL, METHOD_HEAD, METHOD_DELETE, METHOD_GET);
    expect_text(&set, &none, "GET, HEAD, ACL, DELETE, PUT");
    set = SET(METHOD_POST);
    expect_text(&set, &none, "POST");
    set = (struct method_set){.any = true};
    expect_text(&set, &none, "");
}

Test(method_set, never_writes_connect_pri_or_ids_not_given_out)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct method_extensions extensions = {.count = 0};
    cr_assert_eq(method_extensions_add(&extensions, &arena, SLICE("PURGE")),
                 METHOD_EXTENSION_FIRST);
    struct method_set set = SET(METHOD_CONNECT, METHOD_PRI, METHOD_GET, METHOD_EXTENSION_FIRST,
                                METHOD_EXTENSION_FIRST + 1, METHOD_EXTENSION_LAST);
    expect_text(&set, &extensions, "GET, PURGE");
    arena_finish(&arena);
}

Test(method_set, the_largest_text_fits_its_maximum)
{
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    struct method_extensions extensions = {.count = 0};
    struct method_set set = {.bits = {UINT64_MAX, UINT64_MAX}, .any = true};
    char token[METHOD_TOKEN_MAX];
    memset(token, 'X', sizeof token);
    for (unsigned i = 0; i < METHOD_EXTENSION_MAX; i++) {
        token[0] = (char)('0' + i / 10);
        token[1] = (char)('0' + i % 10);
        enum method id =
            method_extensions_add(&extensions, &arena, slice_make(token, sizeof token));
        cr_assert_eq((unsigned)id, METHOD_EXTENSION_FIRST + i);
    }
    char text[METHOD_SET_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    method_set_write(&writer, &set, &extensions);
    cr_assert_not(writer.overflow);
    cr_assert_gt(writer.length, METHOD_EXTENSION_MAX * METHOD_TOKEN_MAX);
    arena_finish(&arena);
}

Test(method_extensions, finds_registered_extension_and_unknown_tokens)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct method_extensions extensions = {.count = 0};
    char brew[] = "BREW";
    enum method id = method_extensions_add(&extensions, &arena, SLICE("PURGE"));
    enum method second = method_extensions_add(&extensions, &arena, slice_of(brew));
    brew[0] = 'X'; /* the name was copied */
    cr_assert_eq(id, METHOD_EXTENSION_FIRST);
    cr_assert_eq((unsigned)second, METHOD_EXTENSION_FIRST + 1u);
    cr_assert_eq(method_extensions_add(&extensions, &arena, SLICE("PURGE")), id);
    cr_assert_eq(method_extensions_add(&extensions, &arena, SLICE("GET")), METHOD_GET);
    cr_assert_eq(extensions.count, 2);
    cr_assert_eq(method_extensions_find(&extensions, SLICE("BREW")), second);
    cr_assert_eq(method_extensions_find(&extensions, SLICE("purge")), METHOD_UNKNOWN);
    cr_assert_eq(method_extensions_find(&extensions, SLICE("")), METHOD_UNKNOWN);
    cr_assert(slice_equal(method_extensions_name(&extensions, second), SLICE("BREW")));
    cr_assert(slice_equal(method_extensions_name(&extensions, METHOD_PATCH), SLICE("PATCH")));
    cr_assert_eq(method_extensions_name(&extensions, METHOD_EXTENSION_LAST).length, 0);
    arena_finish(&arena);
}

/* A server that folds case runs DELETE for "delete". */
Test(method_set, what_a_list_takes_away_is_away_in_every_case)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct method_extensions extensions = {.count = 0};
    enum method purge = method_extensions_add(&extensions, &arena, SLICE("PURGE"));
    cr_assert_eq(purge, METHOD_EXTENSION_FIRST);
    struct method_set set = SET(METHOD_GET, METHOD_HEAD, METHOD_POST);
    set.any = true;
    static const char *const taken[] = {"GET", "get", "Post", "hEAD",
                                        "FOO", "foo", "GETT", "DELETED"};
    static const char *const away[] = {"DELETE",  "delete", "Delete",   "dELETE",
                                       "PURGE",   "purge",  "Purge",    "patch",
                                       "connect", "Pri",    "propfind", "tRACE"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        struct slice name = slice_of(taken[i]);
        enum method id = method_extensions_find(&extensions, name);
        cr_assert(method_set_takes(&set, &extensions, id, name), "%s", taken[i]);
    }
    for (size_t i = 0; i < sizeof away / sizeof *away; i++) {
        struct slice name = slice_of(away[i]);
        enum method id = method_extensions_find(&extensions, name);
        cr_assert_not(method_set_takes(&set, &extensions, id, name), "%s", away[i]);
    }
    set.any = false;
    cr_assert_not(method_set_takes(&set, &extensions, METHOD_UNKNOWN, SLICE("get")));
    arena_finish(&arena);
}

Test(method_extensions, twins_differ_by_case_and_nothing_else)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct method_extensions extensions = {.count = 0};
    cr_assert_neq(method_extensions_add(&extensions, &arena, SLICE("zap")), METHOD_UNKNOWN);
    cr_assert_neq(method_extensions_add(&extensions, &arena, SLICE("ZAP")), METHOD_UNKNOWN);
    struct method_set twins = method_extensions_twins(&extensions, SLICE("Zap"));
    expect_text(&twins, &extensions, "zap, ZAP");
    twins = method_extensions_twins(&extensions, SLICE("zap"));
    expect_text(&twins, &extensions, "ZAP");
    twins = method_extensions_twins(&extensions, SLICE("version-control"));
    expect_text(&twins, &extensions, "VERSION-CONTROL");
    twins = method_extensions_twins(&extensions, SLICE("version_control"));
    cr_assert(method_set_is_empty(&twins));
    twins = method_extensions_twins(&extensions, SLICE("DELETE"));
    cr_assert(method_set_is_empty(&twins));
    arena_finish(&arena);
}

Test(method_extensions, refuses_long_tokens_a_full_table_and_a_full_arena)
{
    struct arena arena;
    arena_init(&arena, 16 * 1024);
    struct method_extensions extensions = {.count = 0};
    char token[METHOD_TOKEN_MAX + 1];
    memset(token, 'M', sizeof token);
    cr_assert_eq(method_extensions_add(&extensions, &arena, slice_make(token, sizeof token)),
                 METHOD_UNKNOWN);
    for (size_t length = 1; length <= METHOD_EXTENSION_MAX; length++) {
        cr_assert_neq(method_extensions_add(&extensions, &arena, slice_make(token, length)),
                      METHOD_UNKNOWN);
    }
    cr_assert_eq(method_extensions_add(&extensions, &arena, SLICE("NEW")), METHOD_UNKNOWN);
    arena_finish(&arena);

    struct arena tiny;
    arena_init(&tiny, 4);
    extensions.count = 0;
    cr_assert_eq(method_extensions_add(&extensions, &tiny, SLICE("PURGE")), METHOD_UNKNOWN);
    cr_assert_eq(extensions.count, 0);
    arena_finish(&tiny);
}

Test(method_set, presets_hold_what_the_header_says)
{
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {
        {"@rfc9110", "GET, HEAD, DELETE, OPTIONS, POST, PUT, TRACE"},
        {"@read-only", "GET, HEAD, OPTIONS"},
        {"@webhook", "POST"},
        {"@webdav", "GET, HEAD, BASELINE-CONTROL, CHECKIN, CHECKOUT, COPY, DELETE, LABEL, LOCK, "
                    "MERGE, MKACTIVITY, MKCOL, MKWORKSPACE, MOVE, OPTIONS, POST, PROPFIND, "
                    "PROPPATCH, PUT, REPORT, SEARCH, UNCHECKOUT, UNLOCK, UPDATE, VERSION-CONTROL"},
    };
    const struct method_extensions none = {.count = 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct method_set set;
        cr_assert(method_set_preset(slice_of(cases[i].name), &set));
        expect_text(&set, &none, cases[i].text);
    }
    struct method_set all;
    cr_assert(method_set_preset(SLICE("@all"), &all));
    for (unsigned id = 0; id <= METHOD_UNKNOWN; id++) {
        bool wanted = id < METHOD_REGISTERED_COUNT && id != METHOD_CONNECT && id != METHOD_PRI;
        cr_assert_eq(method_set_has(&all, (enum method)id), wanted);
    }
}

Test(method_set, every_listed_preset_exists_and_no_other)
{
    size_t count = 0;
    for (const char *const *name = method_set_preset_names(); *name != NULL; name++) {
        struct method_set set = {.any = false};
        cr_assert(method_set_preset(slice_of(*name), &set));
        cr_assert_not(method_set_is_empty(&set));
        count++;
    }
    cr_assert_eq(count, 5);
    struct method_set untouched = {.bits = {7, 7}};
    cr_assert_not(method_set_preset(SLICE("@rfc9111"), &untouched));
    cr_assert_not(method_set_preset(SLICE("rfc9110"), &untouched));
    cr_assert_not(method_set_preset(SLICE(""), &untouched));
    cr_assert(untouched.bits[0] == 7 && untouched.bits[1] == 7);
}
