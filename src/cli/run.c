#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/server/gateway.h"

int command_run(const struct arguments *arguments)
{
    const char *path = arguments_policy(arguments);
    if (path == NULL) {
        return COMMAND_USAGE;
    }
    return gateway_run(path) == 0 ? COMMAND_OK : COMMAND_FAILED;
}
