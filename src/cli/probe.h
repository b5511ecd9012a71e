/* Asks a backend what it can do, with safe requests over plain sockets that wait a bounded time. */
#ifndef VERBGATE_CLI_PROBE_H
#define VERBGATE_CLI_PROBE_H

#include "verbgate/learn/probe.h"

enum { PROBE_CONTROL_BYTES = 24, PROBE_TIMEOUT_MS = 5000 };

/* Sends the requests to http://host[:port]/path or unix:/path and fills `probe`; its texts point into
 * `url` and `control`. Returns NULL, or why nothing could be asked. */
MUST_CHECK const char *probe_run(const char *url, char control[PROBE_CONTROL_BYTES],
                                 struct probe *probe);

#endif
