/* Files, includes and environment variables. */
#include <criterion/criterion.h>

#include "memory_environment.h"

#include <stdio.h>
#include <stdlib.h>

static struct diagnostics diagnostics;

static struct policy *load(const char *path, const struct memory_file *files,
                           const struct memory_variable *variables)
{
    struct memory_environment memory = {files, variables};
    struct config_environment environment = memory_environment_of(&memory);
    diagnostics_init(&diagnostics);
    return config_load(path, &environment, &diagnostics);
}

static void expect_report(const char *part)
{
    cr_assert(strstr(memory_report(&diagnostics), part) != NULL, "not \"%s\" in:\n%s", part,
              memory_report(&diagnostics));
}

#define LISTENER "[listener public]\nbind = 127.0.0.1:8080\n"
#define UPSTREAM "[upstream app]\nserver = 127.0.0.1:9000\n"

Test(load, reports_a_main_file_that_is_missing)
{
    cr_assert_null(load("etc/none.ini", no_files, no_variables));
    cr_assert_str_eq(memory_report(&diagnostics),
                     "etc/none.ini: error: cannot read the file: no such file or directory\n");
    cr_assert_eq(diagnostics.error_count, 1);
    diagnostics_finish(&diagnostics);
}

Test(load, follows_includes_from_the_directory_of_their_file)
{
    static const struct memory_file files[] = {
        {"etc/conf.d/a.ini", "[route a]\npath = /a\ninclude = ../upstreams.ini\n"},
        {"etc/conf.d/b.ini", "[route b]\npath = /b\n"},
        {"etc/conf.d/c.txt", "nonsense"},
        {"etc/conf.d/../upstreams.ini", UPSTREAM},
        {"etc/gateway.ini", "include = ./conf.d/*.ini\n[listener public]\n"
                            "include = /srv/none-*.ini ; matches nothing\n"
                            "bind = 127.0.0.1:8080\n"},
        {NULL, NULL}};
    struct policy *policy = load("etc/gateway.ini", files, no_variables);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    cr_assert_eq(policy->route_count, 2);
    cr_assert_str_eq(policy->routes[1].source.file, "etc/conf.d/b.ini");
    cr_assert_eq(policy->routes[1].source.line, 1);
    cr_assert_str_eq(policy->upstreams[0].source.file, "etc/conf.d/../upstreams.ini");
    cr_assert_eq(policy->listeners[0].bind.port, 8080, "the section goes on after an include");
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(load, does_not_continue_a_section_across_files)
{
    static const struct memory_file files[] = {
        {"a.ini", "[upstream app]\ninclude = b.ini\n" LISTENER},
        {"b.ini", "server = 127.0.0.1:9000\n"},
        {NULL, NULL}};
    cr_assert_null(load("a.ini", files, no_variables));
    expect_report("b.ini:1:1: error: the key \"server\" stands outside a section");
    diagnostics_finish(&diagnostics);
}

Test(load, refuses_cycles_with_both_places)
{
    static const struct memory_file files[] = {{"a.ini", "\ninclude = b.ini\n" LISTENER UPSTREAM},
                                               {"b.ini", "\n\ninclude = c.ini\n"},
                                               {"c.ini", "include = b.ini\ninclude = a.ini\n"},
                                               {NULL, NULL}};
    cr_assert_null(load("a.ini", files, no_variables));
    cr_assert_eq(diagnostics.error_count, 2);
    expect_report("c.ini:1:11: error: the file includes itself: b.ini");
    expect_report("hint: it is being read since a.ini:2");
    expect_report("c.ini:2:11: error: the file includes itself: a.ini");
    expect_report("hint: it is the main file");
    diagnostics_finish(&diagnostics);
}

Test(load, stops_at_the_depth_of_includes)
{
    static char texts[CONFIG_DEPTH_MAX + 2][64];
    static char paths[CONFIG_DEPTH_MAX + 2][16];
    static struct memory_file files[CONFIG_DEPTH_MAX + 3];
    for (unsigned i = 0; i < CONFIG_DEPTH_MAX + 2; i++) {
        snprintf(paths[i], sizeof paths[i], "%u.ini", i);
        snprintf(texts[i], sizeof texts[i], "include = %u.ini\n", i + 1);
        files[i] = (struct memory_file){paths[i], texts[i]};
    }
    files[CONFIG_DEPTH_MAX].text = LISTENER UPSTREAM;
    struct policy *policy = load("0.ini", files, no_variables);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
    files[CONFIG_DEPTH_MAX].text = texts[CONFIG_DEPTH_MAX];
    cr_assert_null(load("0.ini", files, no_variables));
    expect_report("8.ini:1:11: error: includes go deeper than 8 files: 9.ini");
    diagnostics_finish(&diagnostics);
}

/* The main file is one of the files that count. */
Test(load, stops_at_the_number_of_files)
{
    enum { TEXT_MAX = CONFIG_FILES_MAX * 20 };
    static const struct memory_file files[] = {{"e.ini", "; empty\n"}, {NULL, NULL}};
    struct memory_environment memory = {files, no_variables};
    struct config_environment environment = memory_environment_of(&memory);
    for (unsigned includes = CONFIG_FILES_MAX - 1; includes <= CONFIG_FILES_MAX; includes++) {
        char *text = malloc(TEXT_MAX);
        struct writer writer = writer_make(text, TEXT_MAX);
        for (unsigned i = 0; i < includes; i++) {
            writer_literal(&writer, "include = e.ini\n");
        }
        writer_literal(&writer, LISTENER UPSTREAM);
        cr_assert_not(writer.overflow);
        diagnostics_init(&diagnostics);
        struct policy *policy =
            config_load_text("m.ini", writer_slice(&writer), &environment, &diagnostics);
        cr_assert_eq(policy != NULL, includes < CONFIG_FILES_MAX);
        cr_assert_eq(diagnostics.error_count, includes < CONFIG_FILES_MAX ? 0 : 1);
        policy_release(policy);
        diagnostics_finish(&diagnostics);
        free(text);
    }
}

Test(load, reports_a_pattern_that_cannot_be_looked_for)
{
    static const struct memory_file files[] = {
        {"a.ini", "include = forbidden/*.ini\n" LISTENER UPSTREAM}, {NULL, NULL}};
    cr_assert_null(load("a.ini", files, no_variables));
    expect_report("a.ini:1:11: error: cannot look for \"forbidden/*.ini\": permission denied");
    diagnostics_finish(&diagnostics);
}

Test(load, refuses_a_file_above_the_limit)
{
    char *text = malloc(CONFIG_FILE_MAX + 1);
    memset(text, '\n', CONFIG_FILE_MAX + 1);
    struct config_environment environment = memory_environment_of(&empty_memory);
    diagnostics_init(&diagnostics);
    cr_assert_null(config_load_text("big.ini", slice_make(text, CONFIG_FILE_MAX + 1), &environment,
                                    &diagnostics));
    expect_report("big.ini: error: cannot read the file: the file is larger than 4 MiB");
    diagnostics_finish(&diagnostics);
    free(text);
}

Test(load, fills_in_variables)
{
    static const struct {
        const char *written;
        const char *expected;
    } cases[] = {
        {"/${A}", "/alpha"},
        {"/a${A}b${A}", "/aalphabalpha"},
        {"/${NONE:-gamma}", "/gamma"},
        {"${NONE:-/gamma}", "/gamma"},
        {"/${EMPTY:-gamma}", "/gamma"},
        {"/a${EMPTY}b", "/ab"},
        {"/${A:-gamma}", "/alpha"},
        {"/a${NONE:-}b", "/ab"},
        {"\"/${A} ; b\"", "/alpha ; b"},
        {"/${COLONS}", "/a:-b"},
        {"/${NONE:-a:-b}", "/a:-b"},
        {"${PAD}", "/padded"},
        {"\"${PAD}\"", "  /padded "},
        {"/a$b$", "/a$b$"},
        {"/$A", "/$A"},
        {"/$$", "/$$"},
    };
    static const struct memory_variable variables[] = {
        {"A", "alpha"}, {"EMPTY", ""}, {"COLONS", "a:-b"}, {"PAD", "  /padded "}, {NULL, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        /* access-log takes any text with a slash. */
        snprintf(text, sizeof text, "[gateway]\naccess-log = %s\n" LISTENER UPSTREAM,
                 cases[i].written);
        const struct memory_file files[] = {{"a.ini", text}, {NULL, NULL}};
        struct policy *policy = load("a.ini", files, variables);
        cr_assert(policy != NULL, "%s: %s", cases[i].written, memory_report(&diagnostics));
        cr_assert(slice_equal(policy->process.access_log, slice_of(cases[i].expected)),
                  "%s: \"%.*s\"", cases[i].written, SLICE_PRINT(policy->process.access_log));
        policy_release(policy);
        diagnostics_finish(&diagnostics);
    }
}

Test(load, escapes_a_variable_with_a_second_dollar_sign)
{
    static const struct memory_file files[] = {
        {"a.ini", "[gateway]\naccess-log = \"/\\\"$${A}\\\\/${A:-x}\"\n" LISTENER UPSTREAM},
        {NULL, NULL}};
    struct policy *policy = load("a.ini", files, no_variables);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    cr_assert(slice_equal(policy->process.access_log, SLICE("/\"${A}\\/x")));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

/* What a variable holds is a value: never a comment, a key, a section, or more variables. */
Test(load, takes_the_content_of_a_variable_as_it_is)
{
    static const struct memory_variable variables[] = {{"TEXT", "/a ; ${B} # [route x] \"q\" \\"},
                                                       {NULL, NULL}};
    static const struct memory_file files[] = {
        {"a.ini", "[gateway]\naccess-log = ${TEXT}\n" LISTENER UPSTREAM}, {NULL, NULL}};
    struct policy *policy = load("a.ini", files, variables);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    cr_assert(slice_equal(policy->process.access_log, slice_of(variables[0].value)));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(load, leaves_keys_sections_and_comments_alone)
{
    static const struct memory_file files[] = {
        {"a.ini", "; ${NONE}\n" LISTENER UPSTREAM "[gateway] # ${NONE}\n${KEY} = 1\n"},
        {NULL, NULL}};
    static const struct memory_variable variables[] = {{"KEY", "workers"}, {NULL, NULL}};
    cr_assert_null(load("a.ini", files, variables));
    expect_report("a.ini:7:1: error: unknown key \"${KEY}\" in [gateway]");
    cr_assert_eq(diagnostics.error_count, 1);
    diagnostics_finish(&diagnostics);
}

Test(load, refuses_a_value_that_grows_too_long)
{
    static char value[5000];
    memset(value, 'x', sizeof value - 1);
    const struct memory_variable variables[] = {{"LONG", value}, {NULL, NULL}};
    static const struct memory_file files[] = {
        {"a.ini", "[gateway]\naccess-log = /${LONG}${LONG}\n" LISTENER UPSTREAM}, {NULL, NULL}};
    cr_assert_null(load("a.ini", files, variables));
    expect_report("with its variables filled in, the value is too long");
    diagnostics_finish(&diagnostics);
}

Test(load, finds_included_files_by_variables)
{
    static const struct memory_variable variables[] = {{"DIR", "conf.d"}, {NULL, NULL}};
    static const struct memory_file files[] = {
        {"a.ini", "include = ${DIR}/*.ini\n" LISTENER}, {"conf.d/b.ini", UPSTREAM}, {NULL, NULL}};
    struct policy *policy = load("a.ini", files, variables);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(load, takes_crlf_and_a_byte_order_mark)
{
    struct policy *policy = memory_load("\xef\xbb\xbf[listener a]\r\nbind = unix:/a\r\n"
                                        "[upstream b]\r\nserver = \"c:1\"\r\n",
                                        &diagnostics);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(load, reports_all_errors_in_the_order_of_lines)
{
    cr_assert_null(memory_load("[listener a]\nbind = nonsense\nbacklog\n[route r]\nallow = get\n"
                               "[upstream u]\nserver = x:1\nversions = 3\n[gateway]\nworkers = 0\n"
                               "workerz = 1\n[route q]\nupstream = v\n[what]\n[gateway]\n",
                               &diagnostics));
    cr_assert_eq(diagnostics.count, 9, "%s", memory_report(&diagnostics));
    for (unsigned i = 1; i < diagnostics.count; i++) {
        cr_assert_leq(diagnostics.items[i - 1].line, diagnostics.items[i].line);
    }
    diagnostics_finish(&diagnostics);
}

/* Megabytes of errors must cost neither time nor memory. */
Test(load, survives_a_file_of_errors, .timeout = 20 * TEST_PATIENCE)
{
    enum { SIZE = CONFIG_FILE_MAX };
    char *text = malloc(SIZE);
    static const char *const lines[] = {"workres = 1\n", "[x\n", "x\n", "[route a]\n", "\x01\n"};
    struct config_environment environment = memory_environment_of(&empty_memory);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct writer writer = writer_make(text, SIZE);
        writer_literal(&writer, "[gateway]\n");
        while (!writer.overflow) {
            writer_string(&writer, lines[i]);
        }
        diagnostics_init(&diagnostics);
        cr_assert_null(
            config_load_text("m.ini", writer_slice(&writer), &environment, &diagnostics));
        cr_assert_gt(diagnostics.error_count, 0u);
        diagnostics_finish(&diagnostics);
    }
    free(text);
}
