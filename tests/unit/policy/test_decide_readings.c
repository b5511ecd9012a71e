/* Readings of a path without case and without a slash at its end, and hosts that have more than one spelling. */
#include <criterion/criterion.h>

#include "../config/policy_fixture.h"
#include "verbgate/policy/decide.h"

#include <stdio.h>

#define SECOND UPSTREAM "[upstream other]\nserver = 127.0.0.1:9001\n"

static void ask(const struct policy *policy, const char *method, const char *host, const char *path,
                struct verdict *verdict)
{
    struct target target = {
        .form = TARGET_ORIGIN, .path = slice_of(path), .path_query = slice_of(path)};
    struct decide_request request = {
        .method = slice_of(method),
        .version_major = 1,
        .version_minor = 1,
        .target = &target,
        .host = slice_of(host),
        .max_forwards = -1,
    };
    decide(policy, &request, verdict);
}

/* "POST /path STATUS", or "POST //host/path STATUS"; status 0 is forwarded. */
struct wish {
    const char *method;
    const char *path;
    unsigned status;
    const char *reading; /* NULL: as written, or of no interest */
};

static void expect_all(const char *text, const struct wish *wishes, size_t count)
{
    struct policy *policy = load(text);
    for (size_t i = 0; i < count; i++) {
        struct verdict verdict;
        ask(policy, wishes[i].method, "a.test", wishes[i].path, &verdict);
        cr_expect_eq(verdict.status, wishes[i].status, "%s %s: %u %s", wishes[i].method,
                     wishes[i].path, verdict.status, verdict_rule_name(verdict.rule));
        char reading[80];
        struct writer writer = writer_make(reading, sizeof reading - 1);
        verdict_write_reading(&writer, &verdict);
        reading[writer.length] = '\0';
        if (wishes[i].reading != NULL) {
            cr_expect_str_eq(reading, wishes[i].reading, "%s %s", wishes[i].method, wishes[i].path);
        }
    }
    drop(policy);
}

#define EXPECT_ALL(text, wishes) expect_all(text, wishes, sizeof(wishes) / sizeof *(wishes))

static const char guarded[] = LISTENER UPSTREAM
    "[route admin]\npath = /admin/*\nallow = GET\n[route report]\npath = /report\n"
    "allow = GET\n[route folder]\npath = /folder/\nallow = GET\n"
    "[route cafe]\npath = /caf%C3%A9\nallow = GET\n"
    "[route mixed]\npath = /Mixed/Case\nallow = GET\n[route rest]\npath = /*\n";

Test(decide_readings, without_case_no_spelling_walks_round_a_rule)
{
    static const struct wish wishes[] = {
        {"POST", "/admin/users", 405, "as written"},
        {"POST", "/Admin/users", 405, "as written, without case"},
        {"POST", "/ADMIN", 405, "as written, without case"},
        {"POST", "/aDMIN/", 405, NULL},
        {"POST", "/%41dmin/users", 405, "normal, without case"},
        {"POST", "/%41%44MIN/users", 405, NULL},
        {"POST", "/x/../ADMIN/users", 405, NULL},
        {"POST", "/x/%2e%2e/ADMIN/", 405, NULL},
        {"POST", "//ADMIN/x", 405, NULL},
        {"POST", "//x/ADMIN/x", 405, "lenient, as a URL without a scheme, without case"},
        {"POST", "/ADMIN;v=1/x", 405, "lenient, without case"},
        {"POST", "/ADMIN%2Fx", 405, NULL},
        {"POST", "/Admin\\x", 405, NULL},
        {"POST", "/adm%C4%B1n/x", 405, NULL},    /* dotless i */
        {"POST", "/ADM%c4%b0N/x", 405, NULL},    /* dotted I */
        {"POST", "/%EF%BD%81dmin/x", 405, NULL}, /* full width */
        {"POST", "/CAF%C3%89", 405, "as written, without case"},
        {"POST", "/caf%c3%89", 405, NULL},
        {"POST", "/CAF%c3%a9", 405, NULL},
        {"POST", "/mixed/case", 405, "as written, without case"},
        {"POST", "/MIXED/CASE/", 405, "as written, without case and the slash at its end"},
        {"POST", "/Mixed/Case", 405, "as written"},
        {"GET", "/Admin/users", 0, NULL},
        {"POST", "/Administrator", 0, NULL},
        {"POST", "/Other/Path", 0, NULL},
        {"POST", "/adm%C3%ADn/x", 0, NULL},
        {"POST", "/", 0, NULL},
    };
    EXPECT_ALL(guarded, wishes);
}

Test(decide_readings, with_or_without_a_slash_at_the_end_no_spelling_walks_round_a_rule)
{
    static const struct wish wishes[] = {
        {"POST", "/report", 405, "as written"},
        {"POST", "/report/", 405, "as written, without the slash at its end"},
        {"POST", "/report//", 405, NULL},
        {"POST", "/report/.", 405, NULL},
        {"POST", "/report/./", 405, NULL},
        {"POST", "/report/x/..", 405, NULL},
        {"POST", "/report%2F", 405, NULL},
        {"POST", "/report%2f/", 405, NULL},
        {"POST", "/report\\", 405, NULL},
        {"POST", "/report/;x", 405, NULL},
        {"POST", "/report;x/", 405, NULL},
        {"POST", "/Report/", 405, "as written, without case and the slash at its end"},
        {"POST", "/folder/", 405, "as written"},
        {"POST", "/folder", 405, "as written, without the slash at its end"},
        {"POST", "/FOLDER", 405, NULL},
        {"POST", "/folder//", 405, NULL},
        {"GET", "/report/", 0, NULL},
        {"POST", "/report/x", 0, NULL},
        {"POST", "/reports/", 0, NULL},
    };
    EXPECT_ALL(guarded, wishes);
}

/* Some make a URL of the target before they decode it, and end its host at the first real slash. */
Test(decide_readings, a_slash_in_disguise_ends_no_host_in_the_path)
{
    static const struct wish wishes[] = {
        {"DELETE", "//a%2fb/admin/x", 400, NULL},   {"DELETE", "//a%5Cb/admin/x", 400, NULL},
        {"DELETE", "//a\\b/report", 400, NULL},     {"DELETE", "//a..\\b/admin/x", 400, NULL},
        {"DELETE", "//%2fa%2Fb/report", 400, NULL}, {"DELETE", "///a%2fb/admin/x", 400, NULL},
        {"DELETE", "//a:80\\b/admin/x", 400, NULL}, {"DELETE", "//[::1]\\x/admin", 400, NULL},
        {"DELETE", "/\\a%2fb/admin/x", 400, NULL},  {"DELETE", "//a/admin/x", 405, NULL},
        {"DELETE", "//a%20b/other", 0, NULL},       {"DELETE", "//files/a%2fb", 0, NULL},
    };
    EXPECT_ALL(guarded, wishes);
}

/* System.Uri of .NET drops marks of direction; comparisons by the rules of a language drop more. */
Test(decide_readings, characters_without_a_look_hide_no_path)
{
    static const struct wish wishes[] = {
        {"POST", "/ad%E2%80%8Emin/x", 405, "lenient"},
        {"POST", "/%e2%80%8Fadmin", 405, NULL},
        {"POST", "/%E2%80%AE/admin/x", 405, NULL},
        {"POST", "/admin%E2%80%8E/x", 405, NULL},
        {"POST", "/x/..%E2%80%8E/admin/x", 405, "lenient"},
        {"POST", "/x/.%E2%80%8E./admin/x", 405, NULL},
        {"POST", "/x/%E2%80%AD..%2Fadmin/x", 405, NULL},
        {"POST", "/x/../y/..%E2%80%8E/admin", 400, NULL},
        {"POST", "//x/ad%E2%80%8Emin/y", 405, NULL},
        {"POST", "/AD%E2%80%8EMIN/x", 405, "lenient, without case"},
        {"POST", "/report%E2%80%8E/", 405, "lenient, without the slash at its end"},
        {"POST", "/report/%EF%BB%BF", 405, NULL},
        {"POST", "/ad%C2%ADmin", 405, NULL},
        {"POST", "/adm%E1%A0%8Ein", 405, NULL},
        {"POST", "/admin%EF%BF%B9", 405, NULL},
        {"POST", "/%F3%A0%81%A1admin", 405, NULL},
        {"GET", "/ad%E2%80%8Emin/x", 0, NULL},
        {"POST", "/ad%E2%80%90min/x", 0, NULL},
        {"POST", "/%E2%80%8Eother", 0, NULL},
    };
    EXPECT_ALL(guarded, wishes);
}

/* Who decodes a path before looking for its query or fragment does not see what is behind them. */
Test(decide_readings, an_encoded_mark_hides_no_path)
{
    static const struct wish wishes[] = {
        {"POST", "/report%3Fx", 405, "lenient, up to an encoded '?' or '#'"},
        {"POST", "/report%3f", 405, NULL},
        {"POST", "/report%23x", 405, NULL},
        {"POST", "/Report%23", 405, "lenient, up to an encoded '?' or '#', without case"},
        {"POST", "/admin%3Fx/y", 405, NULL},
        {"POST", "/Admin%23", 405, NULL},
        {"POST", "/report%23a%3Fb", 405, NULL},
        {"POST", "/report%3Fa%23b", 405, NULL},
        {"POST", "/x%3F/../report%23b", 400, NULL},
        {"POST", "/x/..%3F", 0, NULL},
        {"POST", "/x/../report%3Fx", 405, NULL},
        {"POST", "/x%2F..%2Freport%3Fx%2F..", 400, NULL},
        {"POST", "/report;v=1%3Fx", 405, NULL},
        {"POST", "/%3F/admin", 0, NULL},
        {"POST", "/ad%E2%80%8Emin%3Fx", 405, NULL},
        {"POST", "//x/report%3Fx", 405, NULL},
        {"POST", "/x%3F%2F..;%2Fadmin", 400, NULL},
        {"POST", "/reports%3Fx", 0, NULL},
        {"POST", "/report%253Fx", 0, NULL},
        {"POST", "/x/https%3A%2F%2Fa.test%2Freport%3Fq%3D%2F%23y", 0, NULL},
        {"GET", "/report%3Fx", 0, NULL},
    };
    EXPECT_ALL(guarded, wishes);
}

/* The most common policy of an API: the collection and its members. */
Test(decide_readings, harmless_policies_stay_as_they_are)
{
    static const struct wish wishes[] = {
        {"POST", "/orders", 0, NULL},     {"PUT", "/orders/7", 0, NULL},
        {"POST", "/orders/7", 405, NULL}, {"PUT", "/orders", 405, NULL},
        {"PUT", "/orders/", 405, NULL}, /* run as /orders by a server that drops the slash */
        {"POST", "/orders/", 405, NULL},  {"GET", "/orders/", 0, NULL},
        {"GET", "/Orders", 404, NULL},    {"GET", "/ORDERS/7", 404, NULL},
    };
    EXPECT_ALL(LISTENER UPSTREAM "[route collection]\npath = /orders\nallow = GET POST\n"
                                 "[route member]\npath = /orders/*\nallow = GET PUT DELETE\n",
               wishes);
}

Test(decide_readings, other_upstreams_are_ambiguous_unless_the_operator_wrote_both)
{
    static const struct wish wishes[] = {
        {"GET", "/admin/x", 0, NULL},
        {"GET", "/Admin/x", 400, "as written, without case"},
        {"GET", "/app", 0, NULL},
        {"GET", "/app/", 0, NULL}, /* this spelling has a route of its own */
        {"GET", "/APP", 400, NULL},
        {"GET", "/App/x", 0, NULL},
        {"GET", "/A/x", 0, NULL},
        {"GET", "/a/x", 0, NULL},
        {"GET", "/report/", 400, "as written, without the slash at its end"},
        {"GET", "/Other", 0, NULL},
    };
    EXPECT_ALL(LISTENER SECOND
               "[route admin]\npath = /admin/* /app/ /a/* /report\nupstream = other\n"
               "[route rest]\npath = /* /app /A/*\nupstream = app\n",
               wishes);
}

/* On one upstream the strictest of both holds: the server may take them for one. */
Test(decide_readings, the_strictest_of_two_spellings_holds_on_one_upstream)
{
    static const struct wish wishes[] = {
        {"POST", "/a/x", 405, NULL}, {"POST", "/A/x", 405, NULL}, {"PUT", "/A/x", 405, NULL},
        {"PUT", "/a/x", 405, NULL},  {"GET", "/a/x", 0, NULL},    {"GET", "/A/x", 0, NULL},
        {"POST", "/b", 405, NULL},   {"POST", "/b/", 405, NULL},  {"GET", "/b/", 0, NULL},
    };
    static const char text[] = UPSTREAM
        "[route a]\npath = /a/*\nallow = GET POST\n[route A]\npath = /A/*\nallow = GET PUT\n"
        "[route b]\npath = /b\nallow = GET\n[route c]\npath = /b/\nallow = GET POST\n" LISTENER;
    EXPECT_ALL(text, wishes);
    static const struct wish apart[] = {
        {"POST", "/a/x", 0, NULL}, {"POST", "/A/x", 405, NULL}, {"PUT", "/A/x", 0, NULL},
        {"POST", "/b/", 0, NULL},  {"POST", "/b", 405, NULL},   {"GET", "/B", 404, NULL},
    };
    char with_option[512];
    snprintf(with_option, sizeof with_option, "%s[gateway]\npath-readings = all -case -slash\n",
             text);
    EXPECT_ALL(with_option, apart);
}

/* Each reading alone: a server that ignores case minds the slash, perhaps. */
Test(decide_readings, each_combination_of_what_servers_do_not_see_is_judged)
{
    static const struct wish wishes[] = {
        {"POST", "/ORDERS/", 405, "as written, without case"},
        {"POST", "/ORDERS", 0, NULL},
        {"POST", "/orders/", 405, "as written"},
        {"POST", "/orders", 0, NULL},
    };
    EXPECT_ALL(LISTENER UPSTREAM "[route exact]\npath = /orders\nallow = GET POST\n"
                                 "[route below]\npath = /orders/*\nallow = GET\n[route rest]\n",
               wishes);
}

Test(decide_readings, each_reading_can_be_left_out)
{
    static const struct {
        const char *words;
        unsigned statuses[5]; /* of the paths below */
    } cases[] = {
        {"all", {405, 405, 405, 405, 405}},
        {"all -case", {0, 405, 405, 405, 0}},
        {"all -slash", {405, 0, 405, 405, 0}},
        {"all -lenient", {405, 405, 0, 405, 405}},
        {"-normal all", {405, 405, 405, 405, 405}},
        {"normal", {0, 0, 0, 405, 0}},
        {"written", {0, 0, 0, 0, 0}},
        {"written case", {405, 0, 0, 0, 0}},
        {"slash", {0, 405, 0, 0, 0}},
        {"normal case slash", {405, 405, 0, 405, 405}},
        {"lenient", {0, 0, 405, 405, 0}},
    };
    static const char *const paths[] = {"/Report", "/report/", "/report;v=1", "/%72eport",
                                        "/x/../Report/"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 LISTENER UPSTREAM "[route report]\npath = /report\nallow = GET\n[route rest]\n"
                                   "[gateway]\npath-readings = %s\n",
                 cases[i].words);
        struct wish wishes[5];
        for (size_t j = 0; j < 5; j++) {
            wishes[j] = (struct wish){"POST", paths[j], cases[i].statuses[j], NULL};
        }
        EXPECT_ALL(text, wishes);
    }
}

Test(decide_readings, hold_for_each_host)
{
    struct policy *policy =
        load(LISTENER UPSTREAM "[route a]\nhost = a.test\npath = /admin/*\nallow = GET\n"
                               "[route b]\nhost = *.test\npath = /Admin/*\n[route rest]\n");
    struct verdict verdict;
    ask(policy, "POST", "a.test", "/ADMIN/x", &verdict);
    cr_expect_eq(verdict.status, 405);
    ask(policy, "POST", "A.TEST.", "/Admin/x", &verdict);
    cr_expect_eq(verdict.status, 405);
    ask(policy, "POST", "b.test", "/admin/x", &verdict);
    cr_expect_eq(verdict.status, 0);
    ask(policy, "POST", "c.other", "/admin/x", &verdict);
    cr_expect_eq(verdict.status, 0);
    drop(policy);
}

/* Longer than all buffers: a path with an upper-case letter is looked up all the same. */
Test(decide_readings, a_long_path_is_judged_by_its_beginning)
{
    struct policy *policy = load(guarded);
    static char path[3 * DECIDE_PATH_MAX];
    memset(path, 'A', sizeof path - 1);
    path[0] = '/';
    struct verdict verdict;
    ask(policy, "POST", "a.test", path, &verdict);
    cr_expect_eq(verdict.status, 0);
    memcpy(path, "/ADMIN/", 7);
    ask(policy, "POST", "a.test", path, &verdict);
    cr_expect_eq(verdict.status, 405);
    path[sizeof path - 2] = '/';
    ask(policy, "POST", "a.test", path, &verdict);
    cr_expect_eq(verdict.status, 405);
    drop(policy);
}

static const char hosts[] =
    LISTENER UPSTREAM "[route admin]\nhost = admin.test [::1] 127.0.0.1 *.inner.test\nallow = GET\n"
                      "[route rest]\n";

Test(decide_readings, every_spelling_of_a_host_gets_its_rule_or_400)
{
    static const struct {
        const char *host;
        unsigned status;
    } cases[] = {
        {"admin.test", 405},
        {"ADMIN.Test", 405},
        {"admin.test.", 405},
        {"x.inner.test", 405},
        {"x.INNER.test.", 405},
        {"[::1]", 405},
        {"[::0001]", 405},
        {"[0:0:0:0:0:0:0:1]", 405},
        {"127.0.0.1", 405},
        {"127.0.0.1.", 405},
        {"other.test", 0},
        {"[::2]", 0},
        {"", 0},
        {"xn--dmin-moa0i.test", 0},
        {"127.0.0.2", 0},
        {"%EF%BD%81dmin.test", 400},
        {"admin%E3%80%82test", 400},
        {"ad%C2%ADmin.test", 400},
        {"admin.test..", 400},
        {".inner.test", 400},
        {"127.1", 400},
        {"0x7f.1", 400},
        {"0177.0.0.1", 400},
        {"2130706433", 400},
        {"xn--admin-.test", 400},
        {"admin.test!", 400},
        {"[v1.a]", 400},
    };
    struct policy *policy = load(hosts);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict;
        ask(policy, "POST", cases[i].host, "/", &verdict);
        cr_expect_eq(verdict.status, cases[i].status, "%s: %u %s", cases[i].host, verdict.status,
                     verdict_rule_name(verdict.rule));
        cr_expect(verdict.status != 400 || verdict.rule == VERDICT_HOST_UNSAFE_RULE);
    }
    drop(policy);
}

/* What makes a URL of the target finds another host in it than Host says. */
Test(decide_readings, a_host_in_the_path_is_not_another_one_that_a_rule_is_about)
{
    static const struct {
        const char *host;
        const char *path;
        unsigned status;
    } cases[] = {
        {"other.test", "//admin.test/x", 400},
        {"other.test", "/\\admin.test/x", 400},
        {"other.test", "/\\/admin.test/x", 400},
        {"other.test", "///ADMIN.test:80/x", 400},
        {"other.test", "//admin.test", 400},
        {"other.test", "//u@admin.test/x", 400},
        {"other.test", "//%61dmin.test/x", 400},
        {"other.test", "//%EF%BD%81dmin.test/x", 400},
        {"other.test", "//x.inner.test/admin/y", 400},
        {"other.test", "//[0:0::1]/x", 400},
        {"other.test", "//other.test\\@admin.test/x", 400},
        {"other.test", "//other.test:80\\@admin.test./x", 400},
        {"other.test", "//other.test\\y@ADMIN.test:80/x", 400},
        {"other.test", "//other.test\\\\@admin.test/x", 400},
        {"", "//admin.test/x", 400},
        {"", "/admin.test/x", 400},
        {"", "/admin.test", 400},
        {"", "/%61dmin.test:80/x", 400},
        {"", "/u@admin.test/x", 400},
        {"", "/x.inner.test\\y", 400},
        {"", "/other.test/x", 0},
        {"", "/admin/x", 0},
        {"", "/", 0},
        {"other.test", "/admin.test/x", 0},
        {"admin.test", "//admin.test./x", 405},
        {"admin.test", "//other.test/x", 405},
        {"other.test", "//index.html", 0},
        {"other.test", "//", 0},
        {"other.test", "/x//admin.test/", 0},
    };
    struct policy *policy = load(hosts);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict;
        ask(policy, "POST", cases[i].host, cases[i].path, &verdict);
        cr_expect_eq(verdict.status, cases[i].status, "%s %s: %u %s", cases[i].host, cases[i].path,
                     verdict.status, verdict_rule_name(verdict.rule));
    }
    drop(policy);
}

/* A request without a host goes onward with an empty one where a rule depends on hosts. */
Test(decide_readings, without_a_host_the_path_may_begin_with_one)
{
    static const struct {
        const char *host;
        const char *path;
        unsigned status;
    } cases[] = {
        {"", "/x/admin/y", 405},
        {"", "/x/Admin", 405},
        {"", "/x/y/../admin", 405},
        {"", "/x/..//admin", 405},
        {"", "/x//admin", 405},
        {"", "/x%2Fadmin/y", 400},
        {"", "/x/admin", 405},
        {"", "/admin", 405},
        {"", "/x/y/admin", 0},
        {"", "/x", 0},
        {"", "/", 0},
        {"a.test", "/x/admin/y", 0},
    };
    struct policy *policy =
        load(LISTENER UPSTREAM "[route b]\nhost = b.test\n[route admin]\npath = /admin/*\n"
                               "allow = GET\n[route rest]\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict;
        ask(policy, "DELETE", cases[i].host, cases[i].path, &verdict);
        cr_expect_eq(verdict.status, cases[i].status, "%s %s: %u", cases[i].host, cases[i].path,
                     verdict.status);
    }
    drop(policy);
    policy = load(guarded); /* where no rule is about hosts, the server's name goes onward */
    struct verdict verdict;
    ask(policy, "DELETE", "", "/x/admin/y", &verdict);
    cr_expect_eq(verdict.status, 0);
    drop(policy);
    policy = load(LISTENER UPSTREAM "[route b]\nhost = b.test\n[route admin]\npath = /admin/*\n"
                                    "allow = GET\n[route rest]\n"
                                    "[gateway]\npath-readings = all -lenient\n");
    ask(policy, "DELETE", "", "/x/admin/y", &verdict);
    cr_expect_eq(verdict.status, 0);
    drop(policy);
}

Test(decide_readings, hosts_are_free_where_no_rule_depends_on_them)
{
    struct policy *policy = load(guarded);
    struct verdict verdict;
    ask(policy, "POST", "admin%E3%80%82test", "/", &verdict);
    cr_expect_eq(verdict.status, 0);
    drop(policy);
}

static void expect_sentence(const struct policy *policy, const char *host, const char *path,
                            const char *wanted)
{
    struct target target = {.form = TARGET_ORIGIN, .path = slice_of(path)};
    struct decide_request request = {.method = SLICE("POST"),
                                     .version_major = 1,
                                     .version_minor = 1,
                                     .target = &target,
                                     .host = slice_of(host),
                                     .max_forwards = -1};
    struct verdict verdict;
    decide(policy, &request, &verdict);
    char text[VERDICT_SENTENCE_MAX + 1];
    struct writer writer = writer_make(text, sizeof text - 1);
    verdict_write_sentence(&writer, policy, &verdict, &request);
    text[writer.length] = '\0';
    cr_expect_str_eq(text, wanted, "%s %s: %s", host, path, text);
}

Test(decide_readings, a_refusal_says_what_is_wrong_with_the_host)
{
    struct policy *policy = load(hosts);
    expect_sentence(
        policy, "127.1", "/x",
        "Servers read the host in different ways: it is an IPv4 address, not written as "
        "four decimal numbers.");
    expect_sentence(policy, "other.test", "//admin.test/q",
                    "Servers read the host in different ways: the path may name another than Host "
                    "does (path-readings).");
    expect_sentence(policy, "", "/admin.test/q",
                    "Servers read the host in different ways: there is none, and the path may name "
                    "one (path-readings).");
    drop(policy);
}

Test(decide_readings, a_refusal_says_which_option_would_let_it_pass)
{
    struct policy *policy = load(guarded);
    expect_sentence(policy, "a", "/Report",
                    "POST is not allowed for this resource. Allowed: GET, HEAD. The path was read "
                    "without case (path-readings).");
    drop(policy);
}

Test(decide_readings, check_warns_of_rules_that_servers_may_not_tell_apart)
{
    expect_only(
        LISTENER UPSTREAM "[route a]\npath = /a\nallow = GET\n[route b]\npath = /A/\n",
        "warning: /a and /A/ differ only by case, or by a slash at the end: what one of their "
        "routes refuses is refused for both");
    expect_only("[gateway]\npath-readings = all normall\n" LISTENER UPSTREAM,
                "did you mean normal?");
    expect_only("[gateway]\npath-readings = all -written\n" LISTENER UPSTREAM,
                "a path is always judged as it is written");
    expect_only("[gateway]\npath-readings = -case\n" LISTENER UPSTREAM,
                "to leave one out, write all -case");
    expect_only(LISTENER UPSTREAM "[route a]\nhost = 127.1\n",
                "no request comes here: this host is refused");
    expect_only(LISTENER UPSTREAM "[route a]\nhost = [::1]\n[route b]\nhost = [0::01]\n",
                "two routes have the same host and path");
    char text[1024];
    struct writer writer = writer_make(text, sizeof text - 1);
    writer_literal(&writer, LISTENER UPSTREAM "[route a]\npath =");
    for (unsigned i = 0; i < 17; i++) {
        writer_format(&writer, " /%c%c%c%c%c", i & 1 ? 'a' : 'A', i & 2 ? 'b' : 'B',
                      i & 4 ? 'c' : 'C', i & 8 ? 'd' : 'D', i & 16 ? 'e' : 'E');
    }
    text[writer.length] = '\0';
    expect_only(text, "more than 16 paths of one host differ only by case");
}
