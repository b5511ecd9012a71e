#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/server/gateway.h"

#include <stdio.h>

int command_run(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read(argc, argv, 0, &arguments)) {
        return COMMAND_USAGE;
    }
    if (arguments.file == NULL) {
        fprintf(stderr, "verbgate: run needs a policy: verbgate run -c FILE\n");
        return COMMAND_USAGE;
    }
    return gateway_run(arguments.file) == 0 ? COMMAND_OK : COMMAND_FAILED;
}
