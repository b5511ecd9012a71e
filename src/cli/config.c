#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/server/policy_file.h"

int command_config(const struct arguments *arguments)
{
    const char *path = arguments_policy(arguments);
    if (path == NULL) {
        return COMMAND_USAGE;
    }
    struct sink sink = standard_output_sink();
    bool is_written = policy_file_write_effective(path, &sink);
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}
