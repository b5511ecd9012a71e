/* Statuses that the operator chose, and what clients are told with them. */
#include <criterion/criterion.h>

#include "../config/memory_environment.h"
#include "verbgate/policy/decide.h"

#include <stdio.h>

static struct diagnostics diagnostics;
static struct policy *policy;
static struct target target;
static struct decide_request request;

#define TWO_UPSTREAMS                                                                      \
    "[listener public]\nbind = 127.0.0.1:8080\n"                                           \
    "[upstream old]\nserver = 127.0.0.1:1\nimplements = GET HEAD POST PUT OPTIONS TRACE\n" \
    "versions = 1.1\n"                                                                     \
    "[upstream new]\nserver = 127.0.0.1:2\nimplements = GET HEAD PATCH\n"                  \
    "[upstream hook]\nserver = 127.0.0.1:3\nimplements = POST PATCH\n"

/* A policy of these options of the gateway and these routes. */
static void load(const char *gateway, const char *routes)
{
    char text[4096];
    struct writer writer = writer_make(text, sizeof text - 1);
    writer_format(&writer, "[gateway]\n%s\n" TWO_UPSTREAMS "%s", gateway, routes);
    cr_assert_not(writer.overflow);
    text[writer.length] = '\0';
    policy = memory_load(text, &diagnostics);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
}

#define ROUTES                                                  \
    "[route old]\npath = /old/*\nupstream = old\nallow = GET\n" \
    "[route new]\npath = /new/*\nupstream = new\n"              \
    "[route hook]\npath = /hook/*\nupstream = hook\nallow = POST\n"

static void drop(void)
{
    policy_release(policy);
    policy = NULL;
    diagnostics_finish(&diagnostics);
}

static struct verdict judge(const char *method, const char *path)
{
    request = (struct decide_request){.method = slice_of(method),
                                      .version_major = 1,
                                      .version_minor = 1,
                                      .target = &target,
                                      .host = SLICE("a.example"),
                                      .max_forwards = -1};
    cr_assert_eq(target_parse(slice_of(path), method_find(request.method), &target), FAULT_NONE);
    struct verdict verdict;
    memset(&verdict, 0xa5, sizeof verdict);
    decide(policy, &request, &verdict);
    return verdict;
}

static const char *told(const struct verdict *verdict)
{
    static char text[VERDICT_SENTENCE_MAX + 1];
    struct writer writer = writer_make(text, sizeof text - 1);
    verdict_write_told(&writer, policy, verdict, &request);
    text[writer.length] = '\0';
    return text;
}

static const char *allow_of(const struct verdict *verdict)
{
    static char text[METHOD_SET_TEXT_MAX + 1];
    struct writer writer = writer_make(text, sizeof text - 1);
    method_set_write(&writer, &verdict->allow, &policy->extensions);
    text[writer.length] = '\0';
    return verdict->has_allow ? text : NULL;
}

static void expect(const char *method, const char *path, enum verdict_rule rule, unsigned status,
                   const char *allow, const char *sentence)
{
    struct verdict verdict = judge(method, path);
    cr_assert_eq(verdict.rule, rule, "%s %s: %s", method, path, verdict_rule_name(verdict.rule));
    cr_assert_eq(verdict.status, status, "%s %s: %u", method, path, verdict.status);
    cr_assert_eq(verdict.kind, VERDICT_REFUSE);
    const char *got = allow_of(&verdict);
    cr_assert_eq(got == NULL, allow == NULL, "%s %s: Allow", method, path);
    if (allow != NULL) {
        cr_assert_str_eq(got, allow, "%s %s", method, path);
    }
    if (status != ANSWERS_CLOSE) {
        cr_assert_str_eq(told(&verdict), sentence, "%s %s", method, path);
    }
}

Test(answers, a_501_that_becomes_405_lists_what_is_taken_there)
{
    load("on-unimplemented = 405", ROUTES);
    expect("PATCH", "/old/x", VERDICT_METHOD_UPSTREAM_RULE, 405, "GET, HEAD",
           "PATCH is not allowed for this resource. Allowed: GET, HEAD.");
    expect("DELETE", "/old/x", VERDICT_METHOD_NOWHERE_RULE, 405, "GET, HEAD",
           "DELETE is not allowed for this resource. Allowed: GET, HEAD.");
    expect("DELETE", "/new/x", VERDICT_METHOD_NOWHERE_RULE, 405, "GET, HEAD, PATCH",
           "DELETE is not allowed for this resource. Allowed: GET, HEAD, PATCH.");
    expect("DELETE", "/none", VERDICT_METHOD_NOWHERE_RULE, 405,
           "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE",
           "DELETE is not allowed for this resource. Allowed: GET, HEAD, OPTIONS, PATCH, POST, "
           "PUT, TRACE.");
    /* Nobody looks where a path leads that can be read in more than one way. */
    expect("DELETE", "/x/../old/x", VERDICT_METHOD_NOWHERE_RULE, 405,
           "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE",
           "DELETE is not allowed for this resource. Allowed: GET, HEAD, OPTIONS, PATCH, POST, "
           "PUT, TRACE.");
    drop();
}

Test(answers, a_hint_is_given_only_for_what_is_taken_there)
{
    load("on-unimplemented = 405", ROUTES);
    expect("patch", "/new/x", VERDICT_METHOD_NOWHERE_RULE, 405, "GET, HEAD, PATCH",
           "patch is not allowed for this resource. Allowed: GET, HEAD, PATCH. Did you mean PATCH? "
           "Methods are case-sensitive.");
    expect("patch", "/old/x", VERDICT_METHOD_NOWHERE_RULE, 405, "GET, HEAD",
           "patch is not allowed for this resource. Allowed: GET, HEAD.");
    drop();
}

Test(answers, a_405_that_becomes_another_status_has_no_allow)
{
    static const struct {
        const char *option;
        unsigned status;
        const char *sentence;
        const char *error;
    } cases[] = {
        {"on-not-allowed = 404", 404, "Nothing is served under this host and path.",
         "destination_not_found"},
        {"on-not-allowed = 403", 403, "This request is refused here.", "http_request_denied"},
        {"on-not-allowed = 400", 400, "This request is not accepted here.", "http_request_error"},
        {"on-not-allowed = 501", 501, "PUT is not implemented here.", "http_request_denied"},
        {"on-not-allowed = close", ANSWERS_CLOSE, NULL, "http_request_denied"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        load(cases[i].option, ROUTES);
        expect("PUT", "/old/x", VERDICT_METHOD_ROUTE_RULE, cases[i].status, NULL,
               cases[i].sentence);
        struct verdict verdict = judge("PUT", "/old/x");
        cr_assert_str_eq(verdict_proxy_error(&verdict), cases[i].error);
        cr_assert(verdict_is_overridden(&verdict));
        drop();
    }
}

Test(answers, get_and_head_are_never_501)
{
    load("on-not-allowed = 501\non-unimplemented = 404", ROUTES);
    expect("GET", "/hook/x", VERDICT_METHOD_GENERAL_RULE, 405, "POST",
           "GET is not allowed for this resource. Allowed: POST.");
    expect("HEAD", "/hook/x", VERDICT_METHOD_GENERAL_RULE, 405, "POST",
           "HEAD is not allowed for this resource. Allowed: POST.");
    expect("PATCH", "/hook/x", VERDICT_METHOD_ROUTE_RULE, 501, NULL,
           "PATCH is not implemented here.");
    drop();
    load("on-not-allowed = 404", ROUTES);
    expect("GET", "/hook/x", VERDICT_METHOD_GENERAL_RULE, 404, NULL,
           "Nothing is served under this host and path.");
    drop();
}

Test(answers, a_hidden_405_looks_like_a_true_404)
{
    load("docs = https://a.example/gateway\ncache-refusals = 9s",
         "[route old]\npath = /old/*\nupstream = old\nallow = GET\non-not-allowed = 404\n"
         "docs = https://a.example/old\ncache-refusals = 5s\n");
    struct verdict hidden = judge("PUT", "/old/x");
    char sentence[VERDICT_SENTENCE_MAX + 1];
    snprintf(sentence, sizeof sentence, "%s", told(&hidden));
    struct verdict missing = judge("PUT", "/none");
    cr_assert_eq(missing.rule, VERDICT_NO_ROUTE_RULE);
    cr_assert_eq(hidden.status, missing.status);
    cr_assert_str_eq(sentence, told(&missing));
    cr_assert_str_eq(verdict_proxy_error(&hidden), verdict_proxy_error(&missing));
    cr_assert_eq(verdict_settings(policy, &hidden), verdict_settings(policy, &missing));
    cr_assert_eq(verdict_is_cacheable(&hidden), verdict_is_cacheable(&missing));
    cr_assert_eq(hidden.has_allow, missing.has_allow);
    drop();
}

Test(answers, an_operator_is_told_the_rule_that_decided)
{
    load("on-not-allowed = 404", ROUTES);
    struct verdict verdict = judge("PUT", "/old/x");
    char text[VERDICT_SENTENCE_MAX];
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_sentence(&writer, policy, &verdict, &request);
    verdict_write_rule(&writer, &verdict);
    writer_byte(&writer, '\0');
    cr_assert_not_null(strstr(text, "PUT is not allowed for this resource. Allowed: GET, HEAD."));
    cr_assert_not_null(strstr(text, "method-route: route \"old\""));
    drop();
}

Test(answers, every_level_sets_its_own_status)
{
    load("on-unimplemented = 403\non-not-allowed = 404",
         "[route old]\npath = /old/*\nupstream = old\nallow = GET\non-unimplemented = 400\n"
         "[route new]\npath = /new/*\nupstream = new\n");
    cr_assert_eq(judge("PATCH", "/old/x").status, 400);
    cr_assert_eq(judge("DELETE", "/old/x").status, 400);
    cr_assert_eq(judge("POST", "/new/x").status, 403);
    cr_assert_eq(judge("DELETE", "/new/x").status, 403);
    cr_assert_eq(judge("DELETE", "/none").status, 403);
    cr_assert_eq(judge("PUT", "/old/x").status, 404);
    drop();
}

Test(answers, connect_follows_the_gateway)
{
    load("on-unimplemented = 405", ROUTES);
    request = (struct decide_request){.method = SLICE("CONNECT"),
                                      .version_major = 1,
                                      .version_minor = 1,
                                      .target = &target,
                                      .max_forwards = -1};
    struct verdict verdict;
    decide(policy, &request, &verdict);
    cr_assert_eq(verdict.rule, VERDICT_METHOD_CONNECT_RULE);
    cr_assert_eq(verdict.status, 405);
    cr_assert_str_eq(allow_of(&verdict), "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE");
    drop();
}

Test(answers, versions_and_paths_have_statuses_of_their_own)
{
    load("on-version = 403\non-no-route = 421",
         "[route old]\npath = /old/*\nupstream = old\non-version = close\n"
         "[route new]\npath = /new/*\nupstream = new\n");
    expect("GET", "/none", VERDICT_NO_ROUTE_RULE, 421, NULL,
           "This server does not answer for this host and path.");
    judge("GET", "/old/x");
    request.version_minor = 0;
    struct verdict verdict;
    decide(policy, &request, &verdict);
    cr_assert_eq(verdict.rule, VERDICT_VERSION_UPSTREAM_RULE);
    cr_assert_eq(verdict.status, ANSWERS_CLOSE);
    request.version_major = 2;
    request.target = NULL;
    decide(policy, &request, &verdict);
    cr_assert_eq(verdict.rule, VERDICT_VERSION_MAJOR_RULE);
    cr_assert_eq(verdict.status, 403);
    cr_assert_str_eq(told(&verdict), "This request is refused here.");
    cr_assert_not(verdict_is_cacheable(&verdict));
    drop();
}

Test(answers, content_that_grows_too_large_is_refused_like_announced_content)
{
    load("", "[route old]\npath = /old/*\nupstream = old\nmax-body = 10\non-too-large = 404\n");
    struct verdict verdict = judge("POST", "/old/x");
    cr_assert_eq(verdict.kind, VERDICT_FORWARD);
    decide_too_large(&verdict, verdict_max_body(&verdict, false));
    cr_assert_eq(verdict.rule, VERDICT_BODY_TOO_LARGE_RULE);
    cr_assert_eq(verdict.status, 404);
    cr_assert_not(verdict_is_cacheable(&verdict), "it depends on the content");
    request.content_length = 11;
    struct verdict announced;
    decide(policy, &request, &announced);
    cr_assert_eq(announced.status, verdict.status);
    cr_assert_eq(announced.source.line, verdict.source.line);
    drop();
}

Test(answers, only_404_405_and_501_for_method_and_target_may_be_kept)
{
    load("cache-refusals = 10s", ROUTES);
    static const struct {
        const char *method;
        const char *path;
        bool may_be_kept;
    } cases[] = {
        {"DELETE", "/old/x", true}, {"PUT", "/old/x", true},    {"GET", "/none", true},
        {"GET", "/old/x", false},   {"GET", "/old/%00", false}, {"OPTIONS", "*", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict verdict = judge(cases[i].method, cases[i].path);
        cr_assert_eq(verdict_is_cacheable(&verdict), cases[i].may_be_kept, "%s %s", cases[i].method,
                     cases[i].path);
    }
    drop();
    load("on-not-allowed = 403", ROUTES);
    struct verdict verdict = judge("PUT", "/old/x");
    cr_assert_not(verdict_is_cacheable(&verdict));
    drop();
}

Test(answers, a_version_that_nobody_takes_is_answered_as_the_place_wants_it)
{
    policy = memory_load("[listener public]\nbind = 127.0.0.1:8080\n"
                         "[upstream app]\nserver = 127.0.0.1:1\nversions = 1.1\non-version = 400\n"
                         "[route a]\npath = /a\non-version = 403\n[route b]\npath = /b\n",
                         &diagnostics);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    static const struct {
        const char *path;
        unsigned status;
    } cases[] = {{"/a", 403}, {"/b", 400}, {"/none", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verdict verdict = judge("GET", cases[i].path);
        request.version_minor = 0;
        decide(policy, &request, &verdict);
        cr_assert_eq(verdict.rule, VERDICT_VERSION_UPSTREAM_RULE, "%s", cases[i].path);
        cr_assert_eq(verdict.status, cases[i].status, "%s", cases[i].path);
    }
    drop();
}
