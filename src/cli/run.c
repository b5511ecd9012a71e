#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/server/gateway.h"

int command_run(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read_with_file(argc, argv, 0, 0, "run -c FILE", &arguments)) {
        return COMMAND_USAGE;
    }
    return gateway_run(arguments.file) == 0 ? COMMAND_OK : COMMAND_FAILED;
}
