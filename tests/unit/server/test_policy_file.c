#include <criterion/criterion.h>

#include "../temporary.h"

#include "verbgate/server/policy_file.h"

static unsigned warnings, errors;

static struct policy *load(const char *name)
{
    warnings = errors = 77;
    return policy_file_load(temporary_path(name), &warnings, &errors);
}

/* Standard error goes to a file while `name` is loaded, which must fail. */
static const char *load_to_fail(const char *name)
{
    int kept = dup(STDERR_FILENO);
    int file = open(temporary_path("stderr"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(kept >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    struct policy *policy = load(name);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(file);
    cr_assert(policy == NULL);
    cr_assert(errors > 0);
    const char *text = temporary_read("stderr");
    temporary_remove("stderr");
    return text;
}

#define LISTENER "[listener public]\nbind = 127.0.0.1:8080\n"
#define UPSTREAM "[upstream app]\nserver = 127.0.0.1:9000\n"

Test(policy_file, loads_a_file_with_its_includes_in_order)
{
    temporary_make();
    temporary_write("b.ini", "[route b]\npath = /b\n");
    temporary_write("a.ini", "[route a]\npath = /a\n");
    temporary_write("other.txt", "nonsense");
    temporary_write("gateway.conf", LISTENER UPSTREAM "include = *.ini\n");
    struct policy *policy = load("gateway.conf");
    cr_assert(policy != NULL);
    cr_assert_eq(errors, 0);
    cr_assert_eq(policy->route_count, 2);
    cr_assert(slice_equal(policy->routes[0].name, SLICE("a")));
    policy_release(policy);
    temporary_remove("a.ini");
    temporary_remove("b.ini");
    temporary_remove("other.txt");
    temporary_remove("gateway.conf");
    temporary_finish();
}

Test(policy_file, takes_variables_from_the_environment)
{
    temporary_make();
    temporary_write("gateway.ini",
                    "[listener public]\nbind = 127.0.0.1:${VERBGATE_TEST_PORT}\n" UPSTREAM);
    unsetenv("VERBGATE_TEST_PORT");
    cr_assert(strstr(load_to_fail("gateway.ini"), "VERBGATE_TEST_PORT") != NULL);
    setenv("VERBGATE_TEST_PORT", "8123", 1);
    struct policy *policy = load("gateway.ini");
    cr_assert(policy != NULL);
    cr_assert_eq(policy->listeners[0].bind.port, 8123);
    policy_release(policy);
    temporary_remove("gateway.ini");
    temporary_finish();
}

Test(policy_file, writes_every_error_with_its_place_to_standard_error)
{
    temporary_make();
    temporary_write("gateway.ini", LISTENER "[upstream app]\nserver = 127.0.0.1:9000\n"
                                            "implement = GET\nmax-idle = many\n");
    const char *text = load_to_fail("gateway.ini");
    cr_assert(strstr(text, "gateway.ini:5:1: error: ") != NULL, "%s", text);
    cr_assert(strstr(text, "gateway.ini:6:") != NULL, "%s", text);
    cr_assert_eq(errors, 2);
    temporary_remove("gateway.ini");
    temporary_finish();
}

Test(policy_file, refuses_what_is_no_file)
{
    temporary_make();
    cr_assert(strstr(load_to_fail("none.ini"), "No such file") != NULL);
    cr_assert(strstr(load_to_fail("."), "not a regular file") != NULL);
    temporary_finish();
}

Test(policy_file, refuses_a_file_that_is_too_large)
{
    temporary_make();
    temporary_write("gateway.ini", LISTENER UPSTREAM);
    cr_assert_eq(truncate(temporary_path("gateway.ini"), CONFIG_FILE_MAX + 1), 0);
    cr_assert(strstr(load_to_fail("gateway.ini"), "larger than") != NULL);
    temporary_remove("gateway.ini");
    temporary_finish();
}
