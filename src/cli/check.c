#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

/* Nobody has said what these backends can do. */
static void print_notes(const char *file, const struct policy *policy)
{
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        const struct policy_upstream *upstream = &policy->upstreams[i];
        if (upstream->implements_source.line == 0) {
            printf("%s: note: [upstream %.*s] has no `implements`: it gets every method, "
                   "registered or "
                   "not, but CONNECT, PRI and TRACE\n",
                   file, SLICE_PRINT(upstream->name));
        }
    }
}

int command_check(const struct arguments *arguments)
{
    const char *path = arguments_policy(arguments);
    if (path == NULL) {
        return COMMAND_USAGE;
    }
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load(path, &warnings, &errors);
    if (policy == NULL) {
        fprintf(stderr, "%s: %u error%s, %u warning%s\n", path, errors, errors == 1 ? "" : "s",
                warnings, warnings == 1 ? "" : "s");
        return COMMAND_FAILED;
    }
    if (arguments_have(arguments, OPTION_STRICT) && warnings > 0) {
        fprintf(stderr, "%s: %u warning%s, which --strict takes for errors\n", path, warnings,
                warnings == 1 ? "" : "s");
        policy_release(policy);
        return COMMAND_FAILED;
    }
    print_notes(path, policy);
    printf("%s: fine: %u listener%s, %u upstream%s, %u route%s, %u warning%s\n", path,
           policy->listener_count, policy->listener_count == 1 ? "" : "s", policy->upstream_count,
           policy->upstream_count == 1 ? "" : "s", policy->route_count,
           policy->route_count == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    policy_release(policy);
    return standard_output_end() ? COMMAND_OK : COMMAND_FAILED;
}
