/* How refusals are answered, from the sections to the policy. */
#include "policy_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct policy *load_files(const struct memory_file *files)
{
    struct memory_environment memory = {files, no_variables};
    struct config_environment environment = memory_environment_of(&memory);
    diagnostics_init(&diagnostics);
    return config_load("etc/gateway.ini", &environment, &diagnostics);
}

static void expect_problem(const char *gateway, const char *part)
{
    char text[8192];
    snprintf(text, sizeof text, "[gateway]\n%s\n" LISTENER UPSTREAM, gateway);
    const struct memory_file files[] = {
        {"etc/empty.txt", ""}, {"etc/gateway.ini", text}, {NULL, NULL}};
    cr_assert_null(load_files(files));
    cr_assert_eq(diagnostics.error_count, 1, "%s", memory_report(&diagnostics));
    cr_assert(strstr(memory_report(&diagnostics), part) != NULL, "not \"%s\" in:\n%s", part,
              memory_report(&diagnostics));
    diagnostics_finish(&diagnostics);
}

Test(answers, are_those_of_the_rfcs_by_default)
{
    struct policy *policy = memory_load(LISTENER UPSTREAM, &diagnostics);
    cr_assert_not_null(policy);
    const struct policy_answers *answers = &policy->upstreams[0].settings.answers;
    static const unsigned statuses[REFUSAL_COUNT] = {501, 405, 505, 404, 413};
    for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
        cr_assert_eq(answers->status[i], statuses[i], "%u", i);
    }
    cr_assert_eq(answers->docs.length, 0);
    cr_assert_eq(answers->max_age, 0);
    cr_assert_eq(answers->bodies[MEDIA_TEXT].length, 0);
    drop(policy);
}

Test(answers, are_inherited_and_set_anew)
{
    struct policy *policy =
        memory_load("[gateway]\non-no-route = close\non-unimplemented = 405\n"
                    "docs = https://a.example/\ncache-refusals = 2m\n" LISTENER UPSTREAM
                    "on-version = 400\non-not-allowed = 404\n"
                    "[route one]\npath = /one\non-too-large = 403\n"
                    "docs =\ncache-refusals = off\n"
                    "[route two]\npath = /two\non-not-allowed = 501\n"
                    "cache-refusals = 1500ms\n",
                    &diagnostics);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    const struct policy_answers *one = &policy->routes[0].settings.answers;
    const struct policy_answers *two = &policy->routes[1].settings.answers;
    cr_assert_eq(policy->gateway.settings.answers.status[REFUSAL_NO_ROUTE], ANSWERS_CLOSE);
    cr_assert_eq(one->status[REFUSAL_UNIMPLEMENTED], 405);
    cr_assert_eq(one->status[REFUSAL_VERSION], 400);
    cr_assert_eq(one->status[REFUSAL_NOT_ALLOWED], 404);
    cr_assert_eq(one->status[REFUSAL_TOO_LARGE], 403);
    cr_assert_eq(one->docs.length, 0, "an empty value takes it away");
    cr_assert_eq(one->max_age, 0);
    cr_assert_eq(two->status[REFUSAL_NOT_ALLOWED], 501);
    cr_assert_eq(two->status[REFUSAL_TOO_LARGE], 413);
    cr_assert(slice_equal(two->docs, SLICE("https://a.example/")));
    cr_assert_eq(two->max_age, 1);
    cr_assert_eq(policy->upstreams[0].settings.answers.max_age, 120);
    drop(policy);
}

Test(answers, take_their_bodies_from_files_beside_the_file_that_names_them)
{
    static const struct memory_file files[] = {
        {"/srv/all.html", "<p>{detail}</p>"},
        {"etc/conf.d/one.ini", "[route one]\npath = /one\nbody-text = ./refused.txt\n"
                               "[route two]\npath = /two\nbody-text = refused.txt\nbody-html =\n"},
        {"etc/conf.d/refused.txt", "{status}"},
        {"etc/gateway.ini", "[gateway]\nbody-html = /srv/all.html\nbody-json = more/refused.json\n"
                            "include = conf.d/*.ini\n" LISTENER UPSTREAM},
        {"etc/more/refused.json", "{}"},
        {NULL, NULL}};
    struct policy *policy = load_files(files);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    const struct policy_answers *one = &policy->routes[0].settings.answers;
    const struct policy_answers *two = &policy->routes[1].settings.answers;
    cr_assert(slice_equal(one->bodies[MEDIA_TEXT], SLICE("{status}")));
    cr_assert(slice_equal(one->bodies[MEDIA_HTML], SLICE("<p>{detail}</p>")));
    cr_assert(slice_equal(one->bodies[MEDIA_PROBLEM], SLICE("{}")));
    cr_assert_eq(two->bodies[MEDIA_TEXT].data, one->bodies[MEDIA_TEXT].data, "read once");
    cr_assert_eq(two->bodies[MEDIA_HTML].length, 0);
    cr_assert_eq(policy->gateway.settings.answers.bodies[MEDIA_TEXT].length, 0);
    drop(policy);
}

Test(answers, a_body_has_at_most_64k)
{
    char *text = malloc(ANSWERS_BODY_MAX + 2);
    memset(text, 'x', ANSWERS_BODY_MAX + 1);
    text[ANSWERS_BODY_MAX] = '\0';
    const struct memory_file files[] = {
        {"etc/body.txt", text},
        {"etc/gateway.ini", "[gateway]\nbody-text = body.txt\n" LISTENER UPSTREAM},
        {NULL, NULL}};
    struct policy *policy = load_files(files);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    cr_assert_eq(policy->gateway.settings.answers.bodies[MEDIA_TEXT].length, ANSWERS_BODY_MAX);
    drop(policy);
    text[ANSWERS_BODY_MAX] = 'x';
    text[ANSWERS_BODY_MAX + 1] = '\0';
    cr_assert_null(load_files(files));
    cr_assert(strstr(memory_report(&diagnostics),
                     "etc/gateway.ini:2:13: error: cannot use \"etc/body.txt\" for body-text: the "
                     "file is larger than 64k") != NULL,
              "%s", memory_report(&diagnostics));
    diagnostics_finish(&diagnostics);
    free(text);
}

Test(answers, what_is_wrong_is_named_with_its_place)
{
    static const struct {
        const char *line;
        const char *report;
    } cases[] = {
        {"body-html = none.html", "etc/gateway.ini:2:13: error: cannot use \"etc/none.html\" for "
                                  "body-html: no such file or directory"},
        {"body-text = empty.txt", "the file is empty"},
        {"on-not-allowed = 406", "allowed: 405, 404, 403, 400, 501, close"},
        {"on-unimplemented = 400 405", "there is no such choice"},
        {"on-version = Close", "did you mean close?"},
        {"cache-refusals = 999ms", "out of range (allowed: off, or 1s to 24h)"},
        {"cache-refusals = 25h", "out of range"},
        {"cache-refusals = 10", "the time has no unit"},
        {"docs = ftp://a.example/", "it does not start with http:// or https://"},
        {"docs = a.example/", "(allowed: an http or https URL)"},
        {"docs = https:///x", "it has no host"},
        {"docs = https://", "it has no host"},
        {"docs = https://a.example/<b>", "it has a character that no URL has"},
        {"docs = \"https://a.example/\\\"\"", "it has a character that no URL has"},
        {"docs = \"https://a.example/ x\"", "it has a character that no URL has"},
        {"docs = https://a.example/\xc3\xa9", "it has a character that no URL has"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_problem(cases[i].line, cases[i].report);
    }
    char line[ANSWERS_DOCS_MAX + 64] = "docs = https://a.example/";
    size_t start = strlen("docs = ");
    memset(line + strlen(line), 'x', start + ANSWERS_DOCS_MAX + 1 - strlen(line));
    line[start + ANSWERS_DOCS_MAX + 1] = '\0';
    expect_problem(line, "it is longer than 1024 bytes");
}

Test(answers, a_path_that_no_route_takes_is_the_gateways_matter)
{
    cr_assert_null(memory_load(LISTENER UPSTREAM "on-no-route = 403\n", &diagnostics));
    cr_assert(strstr(memory_report(&diagnostics), "it belongs in [gateway]") != NULL, "%s",
              memory_report(&diagnostics));
    diagnostics_finish(&diagnostics);
}

Test(answers, bounds_the_files_of_one_configuration)
{
    enum { FILES = 257, NAME_BYTES = 16 };
    static char names[FILES][NAME_BYTES];
    static struct memory_file files[FILES + 2];
    static char text[64 * 1024];
    struct writer writer = writer_make(text, sizeof text - 1);
    writer_literal(&writer, LISTENER UPSTREAM);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(names[i], NAME_BYTES, "etc/%03u", i);
        files[i] = (struct memory_file){names[i], "x"};
        writer_format(&writer, "[route r%u]\npath = /r%u\nbody-text = %03u\n", i, i, i);
    }
    files[FILES] = (struct memory_file){"etc/gateway.ini", text};
    cr_assert_null(load_files(files));
    cr_assert_eq(diagnostics.error_count, 1);
    cr_assert(strstr(memory_report(&diagnostics), "at most 256 files for bodies") != NULL);
    diagnostics_finish(&diagnostics);
}
