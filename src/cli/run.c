#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/quick_policy.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/server/gateway.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

static int refuse(const struct arguments *arguments, const char *sentence)
{
    fprintf(stderr, "verbgate: %s\n", sentence);
    arguments_print_usage(arguments->command);
    return COMMAND_USAGE;
}

static bool is_quick(const struct arguments *arguments)
{
    return arguments_have(arguments, OPTION_LISTEN) || arguments_have(arguments, OPTION_SERVER) ||
           arguments_have(arguments, OPTION_IMPLEMENTS) ||
           arguments_have(arguments, OPTION_PRINT_CONFIG);
}

/* Only a policy without errors is printed: what is printed can be served. */
static int print_policy(struct slice text)
{
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load_text(QUICK_POLICY_NAME, text, &warnings, &errors);
    if (policy == NULL) {
        return COMMAND_FAILED;
    }
    policy_release(policy);
    bool is_written = standard_output_write(text);
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}

_Static_assert((int)QUICK_POLICY_SERVERS_MAX >= (int)ARGUMENTS_REPEATS_MAX, "all of --server fit");

static struct quick_policy read_quick(const struct arguments *arguments)
{
    struct quick_policy quick = {.listen = arguments_value(arguments, OPTION_LISTEN),
                                 .implements = arguments_value(arguments, OPTION_IMPLEMENTS)};
    unsigned position = 0;
    const char *server;
    while ((server = arguments_next(arguments, OPTION_SERVER, &position)) != NULL) {
        quick.servers[quick.server_count++] = server;
    }
    return quick;
}

static int run_quick(const struct arguments *arguments)
{
    static char text[QUICK_POLICY_MAX]; /* the gateway reads it as long as it runs */
    if (arguments_have(arguments, OPTION_CONFIG) || arguments->plain_count > 0) {
        return refuse(arguments, "a file and options in place of one exclude each other: pick one");
    }
    const struct quick_policy quick = read_quick(arguments);
    if (quick.server_count == 0) {
        return refuse(arguments, "without a file, run needs --server HOST:PORT");
    }
    struct writer writer = writer_make(text, sizeof text - 1); /* a NUL stands behind it */
    const char *problem = quick_policy_write(&writer, &quick);
    if (problem != NULL) {
        return refuse(arguments, problem);
    }
    if (arguments_have(arguments, OPTION_PRINT_CONFIG)) {
        return print_policy(writer_slice(&writer));
    }
    return gateway_run(QUICK_POLICY_NAME, text) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

int command_run(const struct arguments *arguments)
{
    if (is_quick(arguments)) {
        return run_quick(arguments);
    }
    const char *path = arguments_policy(arguments);
    if (path == NULL) {
        return COMMAND_USAGE;
    }
    return gateway_run(path, NULL) == 0 ? COMMAND_OK : COMMAND_FAILED;
}
