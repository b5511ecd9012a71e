#include "verbgate/cli/commands.h"

#include <stdio.h>

void command_help(void *stream)
{
    fputs("verbgate: a reverse proxy that knows what each backend can do\n"
          "\n"
          "  verbgate run -c FILE        serve; also: verbgate -c FILE; FILE is - for standard "
          "input\n"
          "  verbgate check -c FILE [--strict]\n"
          "                              check a policy; exit 0, or 1 with all errors, and with\n"
          "                              --strict for warnings too\n"
          "  verbgate explain -c FILE METHOD URL [--field 'Name: value']... [--version 1.0] "
          "[--json]\n"
          "                              what would happen to a request, and why; URL is\n"
          "                              http://host/path or /path\n"
          "  verbgate explain -c FILE --batch\n"
          "                              the same, in JSON, for heads on standard input, each\n"
          "                              behind a line with its length in bytes\n"
          "  verbgate methods -c FILE [--json|--html]\n"
          "                              every route with every method, and what is answered\n"
          "  verbgate config -c FILE     the policy as it is in force: defaults and what is\n"
          "                              inherited filled in, with the place that each is from\n"
          "  verbgate learn RECORD.json [--min-count N]\n"
          "  verbgate learn --openapi FILE.json [--server ADDRESS]\n"
          "  verbgate learn --probe URL [--unsafe no]\n"
          "                              propose a policy from observed traffic, from a\n"
          "                              description, or from safe requests to a backend\n"
          "  verbgate --help | --version\n"
          "\n"
          "Exit status of explain: 0 forwarded or answered, 10 for 501, 11 for 405, 12 for 505,\n"
          "13 for 404, 14 for any other refusal, 1 for a policy with errors, 2 for wrong usage.\n"
          "\n"
          "Signals while serving: SIGHUP reloads the policy, whole or not at all; SIGUSR1 opens\n"
          "the access log again and writes what was observed; SIGTERM, SIGINT and SIGQUIT finish "
          "what\n"
          "runs, then end; a second one, more than a second later, ends at once.\n",
          stream);
}
