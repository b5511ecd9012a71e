#include <criterion/criterion.h>

#include "verbgate/policy/cors.h"

static const struct slice listed[] = {
    {"https://app.example.com", 23},
    {"https://*.example.org", 21},
    {"http://*.example.net:8080", 25},
    {"http://[::1]:3000", 17},
};
static const struct cors_rules rules = {
    .origins = listed,
    .origin_count = 4,
    .headers = SLICE("X-Token, Content-Type"),
    .expose = SLICE("ETag"),
    .max_age_s = 60,
};
static const struct method_extensions extensions = {.names = {{"Purge", 5}}, .count = 1};

static struct method_set some_methods(void)
{
    struct method_set set = {.any = false};
    method_set_add(&set, METHOD_GET);
    method_set_add(&set, METHOD_PATCH);
    method_set_add(&set, METHOD_EXTENSION_FIRST);
    return set;
}

Test(cors, takes_listed_origins_and_whole_labels_only)
{
    static const struct {
        const char *origin;
        bool is_taken;
    } cases[] = {
        {"https://app.example.com", true},
        {"https://APP.example.com", false}, /* no browser writes it so */
        {"https://app.example.com:443", false},
        {"https://app.example.com.", false},
        {"https://app.example.com.evil", false},
        {"https://xapp.example.com", false},
        {"https://app.example.co", false},
        {"http://app.example.com", false},
        {"https://a.example.org", true},
        {"https://a-1.b_2.example.org", true},
        {"https://example.org", false},
        {"https://.example.org", false},
        {"https://a..example.org", false},
        {"https://aexample.org", false},
        {"https://evil/.example.org", false},
        {"https://evil:1.example.org", false},
        {"https://u@a.example.org", false},
        {"https://a.example.org:8080", false},
        {"https://A.example.org", false},
        {"http://a.example.net:8080", true},
        {"http://a.example.net", false},
        {"http://a.example.net:80801", false},
        {"http://[::1]:3000", true},
        {"null", false},
        {"*", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(cors_takes_origin(&rules, slice_of(cases[i].origin)), cases[i].is_taken, "%s",
                     cases[i].origin);
    }
}

Test(cors, takes_no_origin_that_is_too_long_to_echo)
{
    static char origin[CORS_ORIGIN_MAX + 2];
    static const struct cors_rules any = {.takes_any_origin = true};
    memset(origin, 'a', sizeof origin);
    memcpy(origin, "https://", 8);
    memcpy(origin + CORS_ORIGIN_MAX + 1 - 12, ".example.org", 12);
    struct slice longest = slice_make(origin + 1, CORS_ORIGIN_MAX);
    cr_assert(cors_takes_origin(&any, longest));
    cr_assert_not(cors_takes_origin(&any, slice_make(origin, CORS_ORIGIN_MAX + 1)));
    cr_assert_not(cors_takes_origin(&rules, slice_make(origin, CORS_ORIGIN_MAX + 1)));
}

Test(cors, judges_patterns)
{
    static const char *const good[] = {"null",
                                       "https://example.com",
                                       "https://*.example.com",
                                       "http://localhost:3000",
                                       "http://[2001:db8::1]:8080",
                                       "app+x://x",
                                       "https://127.0.0.1"};
    static const char *const bad[] = {
        "",
        "example.com",
        "https:/example.com",
        "://example.com",
        "HTTPS://example.com",
        "https://Example.com",
        "https://",
        "https://*",
        "https://*.",
        "https://a.*.com",
        "https://a*.com",
        "https://example.com/",
        "https://example.com/x",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:08080",
        "https://example.com:65536",
        "https://example.com:x",
        "https://example.com:443",
        "http://example.com:80",
        "https://u@example.com",
        "https://a..b",
        "https://[::1",
        "1http://x",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *problem = cors_origin_problem(slice_of(good[i]));
        cr_assert_null(problem, "%s: %s", good[i], problem);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_not_null(cors_origin_problem(slice_of(bad[i])), "%s", bad[i]);
    }
}

static bool grants(const struct cors_rules *of, const char *method, const char *headers)
{
    struct method_set allow = some_methods();
    const struct options_fields request = {
        .origin = SLICE("https://app.example.com"),
        .request_method = slice_of(method),
        .request_headers = slice_of(headers),
    };
    return cors_grants(of, &allow, method_extensions_find(&extensions, request.request_method),
                       &request);
}

Test(cors, grants_only_listed_methods_and_fields)
{
    cr_assert(grants(&rules, "GET", NULL));
    cr_assert(grants(&rules, "PATCH", "x-token"));
    cr_assert(grants(&rules, "Purge", "content-type, X-TOKEN"));
    cr_assert(grants(&rules, "GET", ",, x-token ,"));
    cr_assert_not(grants(&rules, "PUT", NULL));
    cr_assert_not(grants(&rules, "get", NULL));
    cr_assert_not(grants(&rules, "UNKNOWN", NULL));
    cr_assert_not(grants(&rules, "GET", "x-tokens"));
    cr_assert_not(grants(&rules, "GET", "x-token, x-other"));
    cr_assert_not(grants(&rules, "GET", "x token"));
    cr_assert_not(grants(&rules, "GET", "*"));
}

Test(cors, a_star_for_fields_leaves_authorization_out)
{
    struct cors_rules any = rules;
    any.takes_any_header = true;
    cr_assert(grants(&any, "GET", "x-other, y"));
    cr_assert_not(grants(&any, "GET", "x-other, Authorization"));
    cr_assert_not(grants(&any, "GET", "b@d"));
    any.headers = SLICE("authorization");
    cr_assert(grants(&any, "GET", "x-other, Authorization"));
    any.headers = SLICE("");
    any.takes_credentials = true;
    cr_assert(grants(&any, "GET", "x-other, Authorization"));
}

Test(cors, bounds_the_fields_that_it_looks_at)
{
    static char names[4096];
    struct cors_rules any = rules;
    any.takes_any_header = true;
    any.takes_credentials = true;
    memset(names, 'a', sizeof names - 1);
    names[CORS_LIST_MAX] = '\0';
    cr_assert(grants(&any, "GET", names));
    names[CORS_LIST_MAX] = 'a';
    names[CORS_LIST_MAX + 1] = '\0';
    cr_assert_not(grants(&any, "GET", names));
    any.takes_credentials = false;
    cr_assert(grants(&any, "GET", names));
    names[CORS_LIST_MAX + 1] = 'a';
    cr_assert_not(grants(&any, "GET", names));
}

static void expect_preflight(const struct cors_rules *of, bool is_granted,
                             const struct method_set *allow, const char *method, const char *wanted)
{
    const struct options_fields request = {
        .origin = SLICE("https://a.example.org"),
        .request_method = slice_of(method),
        .request_headers = SLICE("a, b"),
    };
    char text[CORS_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    cors_write_preflight(&writer, of, is_granted, allow, &extensions, &request);
    cr_assert_not(writer.overflow);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(wanted)), "%.*s",
              SLICE_PRINT(writer_slice(&writer)));
}

#define VARY "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"

Test(cors, writes_what_a_preflight_is_granted)
{
    struct method_set allow = some_methods();
    expect_preflight(&rules, false, &allow, "GET", VARY);
    expect_preflight(&rules, true, &allow, "GET",
                     "Access-Control-Allow-Origin: https://a.example.org\r\n"
                     "Access-Control-Allow-Methods: GET, PATCH, Purge\r\n"
                     "Access-Control-Allow-Headers: X-Token, Content-Type\r\n"
                     "Access-Control-Max-Age: 60\r\n" VARY);
    static const struct cors_rules any = {.takes_any_origin = true, .takes_any_header = true};
    expect_preflight(&any, true, &allow, "patch", /* let in under method-case = normalise */
                     "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: patch\r\n"
                     "Access-Control-Allow-Headers: *\r\nAccess-Control-Max-Age: 0\r\n" VARY);
    static const struct cors_rules trusting = {
        .origins = listed, .origin_count = 4, .takes_any_header = true, .takes_credentials = true};
    expect_preflight(&trusting, true, &allow, "GET",
                     "Access-Control-Allow-Origin: https://a.example.org\r\n"
                     "Access-Control-Allow-Credentials: true\r\n"
                     "Access-Control-Allow-Methods: GET, PATCH, Purge\r\n"
                     "Access-Control-Allow-Headers: a, b\r\nAccess-Control-Max-Age: 0\r\n" VARY);
}

Test(cors, names_one_method_where_all_are_too_many)
{
    static char name[METHOD_TOKEN_MAX + 1];
    static struct method_extensions many;
    struct method_set allow = {.any = false};
    memset(name, 'X', METHOD_TOKEN_MAX);
    many.count = METHOD_EXTENSION_MAX;
    for (unsigned i = 0; i < many.count; i++) {
        many.names[i] = slice_make(name, METHOD_TOKEN_MAX);
        method_set_add(&allow, (enum method)(METHOD_EXTENSION_FIRST + i));
    }
    method_set_add(&allow, METHOD_GET);
    const struct options_fields request = {.origin = SLICE("null"), .request_method = SLICE("GET")};
    char text[CORS_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text - 1);
    cors_write_preflight(&writer, &rules, true, &allow, &many, &request);
    text[writer.length] = '\0';
    cr_assert_not(writer.overflow);
    cr_assert_not_null(strstr(text, "Allow-Methods: GET\r\n"), "%s", text);
}

static void expect_actual(const struct cors_rules *of, const char *origin, const char *wanted)
{
    char text[CORS_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    cors_write_actual(&writer, of, slice_of(origin));
    cr_assert_not(writer.overflow);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(wanted)), "%.*s",
              SLICE_PRINT(writer_slice(&writer)));
}

Test(cors, other_responses_vary_unless_all_origins_get_the_same)
{
    expect_actual(&rules, "https://app.example.com",
                  "Access-Control-Allow-Origin: https://app.example.com\r\n"
                  "Access-Control-Expose-Headers: ETag\r\nVary: Origin\r\n");
    expect_actual(&rules, "https://evil.example", "Vary: Origin\r\n");
    expect_actual(&rules, NULL, "Vary: Origin\r\n");
    static const struct cors_rules any = {.takes_any_origin = true};
    expect_actual(&any, "https://app.example.com", "Access-Control-Allow-Origin: *\r\n");
    expect_actual(&any, NULL, "Access-Control-Allow-Origin: *\r\n");
}

Test(cors, webhooks_are_granted_by_host_in_any_case)
{
    static const struct slice hosts[] = {{"events.example.com", 18}};
    struct webhook_rules webhook = {.origins = hosts, .origin_count = 1, .rate = 7};
    struct options_fields request = {.webhook_origin = SLICE("Events.example.com")};
    char text[WEBHOOK_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    cr_assert(webhook_takes_origin(&webhook, request.webhook_origin));
    cr_assert_not(webhook_takes_origin(&webhook, SLICE("x.events.example.com")));
    webhook_write(&writer, &webhook, &request);
    cr_assert(
        slice_equal(writer_slice(&writer), SLICE("WebHook-Allowed-Origin: events.example.com\r\n"
                                                 "WebHook-Allowed-Rate: 7\r\n")));
    static const struct webhook_rules any = {.takes_any_origin = true};
    writer.length = 0;
    webhook_write(&writer, &any, &request);
    cr_assert(slice_equal(writer_slice(&writer), SLICE("WebHook-Allowed-Origin: *\r\n")));
    request.webhook_rate = SLICE("100");
    writer.length = 0;
    webhook_write(&writer, &any, &request);
    cr_assert(slice_equal(writer_slice(&writer),
                          SLICE("WebHook-Allowed-Origin: *\r\nWebHook-Allowed-Rate: *\r\n")));
}
