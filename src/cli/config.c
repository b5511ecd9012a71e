#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/server/policy_file.h"

int command_config(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read_with_file(argc, argv, 0, 0, "config -c FILE", &arguments)) {
        return COMMAND_USAGE;
    }
    struct sink sink = standard_output_sink();
    bool is_written = policy_file_write_effective(arguments.file, &sink);
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}
