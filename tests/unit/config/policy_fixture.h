/* Policies from texts, and what the loader says of them. */
#ifndef VERBGATE_TEST_POLICY_FIXTURE_H
#define VERBGATE_TEST_POLICY_FIXTURE_H

#include <criterion/criterion.h>

#include "memory_environment.h"

#define LISTENER "[listener public]\nbind = 127.0.0.1:8080\n"
#define UPSTREAM "[upstream app]\nserver = 127.0.0.1:9000\n"

static struct diagnostics diagnostics;

static inline struct policy *load(const char *text)
{
    struct policy *policy = memory_load(text, &diagnostics);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    return policy;
}

static inline void drop(struct policy *policy)
{
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

/* One diagnostic, with `part` in it. */
static inline void expect_only(const char *text, const char *part)
{
    struct policy *policy = memory_load(text, &diagnostics);
    cr_assert_eq(diagnostics.count, 1, "%s%s", text, memory_report(&diagnostics));
    cr_assert(strstr(memory_report(&diagnostics), part) != NULL, "%s", memory_report(&diagnostics));
    cr_assert_eq(policy == NULL, diagnostics.error_count > 0);
    drop(policy);
}

#endif
