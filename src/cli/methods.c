#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/policy/matrix.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

int command_methods(const struct arguments *arguments)
{
    bool wants_json = arguments_have(arguments, OPTION_JSON);
    bool wants_html = arguments_have(arguments, OPTION_HTML);
    if (wants_json && wants_html) {
        fprintf(stderr, "verbgate: --json and --html exclude each other: pick one\n");
        return COMMAND_USAGE;
    }
    const char *path = arguments_policy(arguments);
    if (path == NULL) {
        return COMMAND_USAGE;
    }
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load(path, &warnings, &errors);
    if (policy == NULL) {
        return COMMAND_FAILED;
    }
    enum matrix_format format = wants_json ? MATRIX_JSON : wants_html ? MATRIX_HTML : MATRIX_TEXT;
    struct sink sink = standard_output_sink();
    bool is_written = matrix_write(policy, format, &sink);
    policy_release(policy);
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}
