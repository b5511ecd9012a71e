#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/policy/matrix.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

int command_methods(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read_with_file(argc, argv, 0, ARGUMENTS_JSON | ARGUMENTS_HTML,
                                  "methods -c FILE [--json|--html]", &arguments)) {
        return COMMAND_USAGE;
    }
    if (arguments.wants_json && arguments.wants_html) {
        fprintf(stderr, "verbgate: --json and --html exclude each other: pick one\n");
        return COMMAND_USAGE;
    }
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load(arguments.file, &warnings, &errors);
    if (policy == NULL) {
        return COMMAND_FAILED;
    }
    enum matrix_format format = arguments.wants_json   ? MATRIX_JSON
                                : arguments.wants_html ? MATRIX_HTML
                                                       : MATRIX_TEXT;
    struct sink sink = standard_output_sink();
    bool is_written = matrix_write(policy, format, &sink);
    policy_release(policy);
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}
