/* The files of the tree: samples load, bad ones are refused in the very words beside them. */
#include <criterion/criterion.h>

#include "memory_environment.h"
#include "verbgate/config/schema.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct memory_variable variables[] = {{"NAME_WITH_LINE_FEED", "two\nlines"},
                                                   {NULL, NULL}};
static struct memory_environment memory = {no_files, variables};

static char *read_whole(const char *path, size_t *length)
{
    static char text[1024 * 1024];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    *length = fread(text, 1, sizeof text, file);
    fclose(file);
    return text;
}

static const char *read_file(void *context, const char *path, struct arena *arena,
                             struct slice *text)
{
    (void)context;
    size_t length;
    const char *found = read_whole(path, &length);
    if (found == NULL) {
        return "no such file or directory";
    }
    *text = arena_copy(arena, slice_make(found, length));
    return NULL;
}

static struct policy *load(const char *path, struct diagnostics *diagnostics)
{
    struct config_environment environment = memory_environment_of(&memory);
    environment.read_file = read_file;
    diagnostics_init(diagnostics);
    return config_load(path, &environment, diagnostics);
}

static void expect_clean(const char *path)
{
    static struct diagnostics diagnostics;
    struct policy *policy = load(path, &diagnostics);
    cr_assert_str_eq(memory_report(&diagnostics), "");
    cr_assert_not_null(policy);
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(samples, quickstart_loads_without_a_word)
{
    expect_clean(TEST_SOURCE_DIR "/config/quickstart.ini");
}

Test(samples, quickstart_says_what_its_comments_teach)
{
    static struct diagnostics diagnostics;
    struct policy *policy = load(TEST_SOURCE_DIR "/config/quickstart.ini", &diagnostics);
    cr_assert_not_null(policy);
    cr_assert_eq(policy->listeners[0].bind.port, 8080);
    cr_assert_eq(policy->upstreams[0].servers[0].address.kind, ADDRESS_BUILTIN);
    cr_assert(method_set_has(&policy->implemented, METHOD_POST));
    cr_assert_not(method_set_has(&policy->implemented, METHOD_PATCH));
    cr_assert_eq(policy->route_count, 2);
    cr_assert_not(method_set_has(&policy->routes[0].allow, METHOD_POST));
    cr_assert(method_set_has(&policy->routes[1].allow, METHOD_POST));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

/* The file `name` of config is what `write` makes of the option table; where not, the right one is left in the build
 * folder, to be looked at and copied. */
static void expect_made_from_table(const char *name, void (*write)(struct writer *writer))
{
    static char expected[256 * 1024];
    struct writer writer = writer_make(expected, sizeof expected);
    write(&writer);
    cr_assert_not(writer.overflow);
    char path[256];
    snprintf(path, sizeof path, TEST_SOURCE_DIR "/config/%s", name);
    size_t length = 0;
    const char *found = read_whole(path, &length);
    if (found != NULL && slice_equal(slice_make(found, length), writer_slice(&writer))) {
        return;
    }
    FILE *file = fopen(name, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(expected, 1, writer.length, file), writer.length);
    fclose(file);
    cr_assert_fail("config/%s is not what the option table says: see %s in the build folder", name,
                   name);
}

Test(samples, reference_is_what_the_table_says_and_loads)
{
    expect_made_from_table("reference.ini", schema_write_reference);
    expect_clean(TEST_SOURCE_DIR "/config/reference.ini");
}

Test(samples, page_of_options_is_what_the_table_says)
{
    expect_made_from_table("reference.md", schema_write_page);
}

/* Every line of a default must say the default: a file without options gives the same values. */
Test(samples, reference_gives_the_defaults)
{
    static struct diagnostics diagnostics;
    static struct diagnostics other_diagnostics;
    struct policy *written = load(TEST_SOURCE_DIR "/config/reference.ini", &diagnostics);
    struct policy *plain = memory_load("[listener public]\nbind = 127.0.0.1:8080\n[upstream app]\n"
                                       "server = 127.0.0.1:9000\n[route everything]\n",
                                       &other_diagnostics);
    cr_assert_not_null(written);
    cr_assert_not_null(plain);
    const struct policy_gateway *a = &written->gateway;
    const struct policy_gateway *b = &plain->gateway;
    const struct policy_process *process_a = &written->process;
    const struct policy_process *process_b = &plain->process;
    cr_assert(slice_equal(process_a->access_log, process_b->access_log));
    cr_assert(slice_equal(a->name, b->name));
    cr_assert_eq(process_a->workers, process_b->workers);
    cr_assert_eq(process_a->log_level, process_b->log_level);
    cr_assert_eq(a->observation.access_format.count, b->observation.access_format.count);
    cr_assert_eq(a->observation.makes_request_ids, b->observation.makes_request_ids);
    cr_assert_eq(a->observation.makes_trace_parents, b->observation.makes_trace_parents);
    cr_assert_eq(a->observation.trusted.count, b->observation.trusted.count);
    cr_assert_eq(a->forwarded, b->forwarded);
    cr_assert_eq(process_a->drain_timeout_ms, process_b->drain_timeout_ms);
    cr_assert_eq(a->head_timeout_ms, b->head_timeout_ms);
    cr_assert_eq(a->idle_timeout_ms, b->idle_timeout_ms);
    cr_assert_eq(a->body_timeout_ms, b->body_timeout_ms);
    cr_assert_eq(a->linger_timeout_ms, b->linger_timeout_ms);
    cr_assert_eq(a->half_close_timeout_ms, b->half_close_timeout_ms);
    cr_assert_eq(process_a->max_connections, process_b->max_connections);
    cr_assert_eq(a->max_requests, b->max_requests);
    cr_assert_eq(a->max_head, b->max_head);
    cr_assert_eq(a->max_target, b->max_target);
    cr_assert_eq(a->max_fields, b->max_fields);
    cr_assert_eq(a->drain_body, b->drain_body);
    cr_assert_eq(written->listeners[0].backlog, plain->listeners[0].backlog);
    cr_assert_eq(written->listeners[0].mode, plain->listeners[0].mode);
    cr_assert_eq(written->upstreams[0].implements.bits[0], plain->upstreams[0].implements.bits[0]);
    cr_assert(written->upstreams[0].implements.any && plain->upstreams[0].implements.any);
    cr_assert_eq(written->upstreams[0].versions, plain->upstreams[0].versions);
    cr_assert_eq(written->upstreams[0].connect_timeout_ms, plain->upstreams[0].connect_timeout_ms);
    cr_assert_eq(written->upstreams[0].response_timeout_ms,
                 plain->upstreams[0].response_timeout_ms);
    cr_assert_eq(written->upstreams[0].idle_timeout_ms, plain->upstreams[0].idle_timeout_ms);
    cr_assert_eq(written->upstreams[0].max_idle, plain->upstreams[0].max_idle);
    cr_assert_eq(written->routes[0].settings.limits.max_body,
                 plain->routes[0].settings.limits.max_body);
    policy_release(written);
    policy_release(plain);
    diagnostics_finish(&diagnostics);
    diagnostics_finish(&other_diagnostics);
}

static int is_bad_sample(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".ini") == 0;
}

Test(samples, bad_files_are_refused_in_the_words_beside_them)
{
    static struct diagnostics diagnostics;
    /* Names of files stand in the messages: they are to be short and the same everywhere. */
    cr_assert_eq(chdir(TEST_SOURCE_DIR "/tests/config/bad"), 0);
    struct dirent **entries;
    int count = scandir(".", &entries, is_bad_sample, alphasort);
    cr_assert_geq(count, 10, "the samples are missing");
    for (int i = 0; i < count; i++) {
        struct policy *policy = load(entries[i]->d_name, &diagnostics);
        char path[512];
        snprintf(path, sizeof path, "%.*s.txt", (int)strlen(entries[i]->d_name) - 4,
                 entries[i]->d_name);
        size_t length = 0;
        const char *expected = read_whole(path, &length);
        cr_assert_not_null(expected, "%s is missing", path);
        const char *found = memory_report(&diagnostics);
        cr_assert_null(policy, "%s was taken", entries[i]->d_name);
        cr_assert(slice_equal(slice_of(found), slice_make(expected, length)),
                  "%s: other words than in %s:\n%s", entries[i]->d_name, path, found);
        diagnostics_finish(&diagnostics);
        free(entries[i]);
    }
    free(entries);
}
