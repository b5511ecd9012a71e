#include <criterion/criterion.h>

#include "verbgate/cli/quick_policy.h"
#include "verbgate/config/load.h"

#include <string.h>

static char text[QUICK_POLICY_MAX];
static struct diagnostics diagnostics;

static const char *get_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return "filled-in";
}

/* The policy that the options make; NULL when it has errors. */
static struct policy *load(const struct quick_policy *quick)
{
    const struct config_environment environment = {.get_variable = get_variable};
    struct writer writer = writer_make(text, sizeof text);
    cr_assert_null(quick_policy_write(&writer, quick));
    diagnostics_init(&diagnostics);
    return config_load_text(QUICK_POLICY_NAME, writer_slice(&writer), &environment, &diagnostics);
}

Test(quick_policy, makes_a_listener_and_an_upstream)
{
    struct policy *policy = load(&(struct quick_policy){.listen = ":8081",
                                                        .implements = "GET HEAD POST",
                                                        .servers = {"a.test:1", "unix:/b"},
                                                        .server_count = 2});
    cr_assert_not_null(policy);
    cr_expect_eq(diagnostics.warning_count, 0);
    cr_expect_eq(policy->listeners[0].bind.kind, ADDRESS_ANY);
    cr_expect_eq(policy->listeners[0].bind.port, 8081);
    cr_expect_eq(policy->upstreams[0].server_count, 2);
    cr_expect(method_set_has(&policy->implemented, METHOD_POST));
    cr_expect_not(method_set_has(&policy->implemented, METHOD_PUT));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(quick_policy, has_defaults)
{
    struct policy *policy =
        load(&(struct quick_policy){.servers = {"a.test:1"}, .server_count = 1});
    cr_assert_not_null(policy);
    cr_expect(slice_equal(policy->listeners[0].bind_text, SLICE("127.0.0.1:8080")));
    cr_expect(method_set_has(&policy->implemented, METHOD_PUT));
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

/* What the grammar would read as something else reaches the policy byte for byte. */
Test(quick_policy, a_value_stays_a_value)
{
    static const char *const values[] = {
        "unix:/a;b",     "unix:/a #b",     "unix:/a\"b",      "unix:/a\\b",      "unix:/a\\\"b ;c",
        "unix:/${NAME}", "unix:/$${NAME}", "unix:/${N}\";#x", "unix:/a [x] = y", "unix:/$",
    };
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct policy *policy =
            load(&(struct quick_policy){.servers = {values[i]}, .server_count = 1});
        cr_assert_not_null(policy, "%s:\n%s", values[i], text);
        cr_expect(slice_equal(policy->upstreams[0].servers[0].text, slice_of(values[i])),
                  "%s became %.*s", values[i], SLICE_PRINT(policy->upstreams[0].servers[0].text));
        policy_release(policy);
        diagnostics_finish(&diagnostics);
    }
}

Test(quick_policy, a_bad_value_is_told_like_that_of_a_file)
{
    struct policy *policy = load(&(struct quick_policy){
        .listen = "nowhere", .implements = "GET POSTT", .servers = {""}, .server_count = 1});
    cr_assert_null(policy);
    cr_expect_geq(diagnostics.error_count, 2);
    cr_expect(slice_equal(diagnostics.items[0].file, SLICE(QUICK_POLICY_NAME)));
    cr_expect(slice_equal(diagnostics.items[0].line_text, SLICE("bind = nowhere")));
    diagnostics_finish(&diagnostics);
}

Test(quick_policy, control_characters_are_refused)
{
    struct writer writer = writer_make(text, sizeof text);
    cr_expect_not_null(quick_policy_write(
        &writer, &(struct quick_policy){.servers = {"a:1\n[route x]"}, .server_count = 1}));
    cr_expect_not_null(quick_policy_write(
        &writer, &(struct quick_policy){.listen = "\t:1", .servers = {"a:1"}, .server_count = 1}));
    cr_expect_eq(writer.length, 0);
}
