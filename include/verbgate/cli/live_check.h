/*
 * `verbgate check --live`: what a start does with a policy, and what can fail there, tried without changing anything.
 * Names are looked up, servers are connected to, addresses of listeners are tried, and paths are looked at.
 */
#ifndef VERBGATE_CLI_LIVE_CHECK_H
#define VERBGATE_CLI_LIVE_CHECK_H

#include "verbgate/config/diagnostics.h"
#include "verbgate/policy/policy.h"

/* All look-ups and connections together take at most LIVE_MOST_MS; each connection at most LIVE_CONNECT_MS. */
enum { LIVE_MOST_MS = 15000, LIVE_CONNECT_MS = 3000, LIVE_THREADS_MAX = 16 };

/*
 * Adds a finding for each server, listener and path, with the file and line of its key. An error: a start would fail.
 * A warning: requests would fail. A note: it would work. A job that hangs for longer than LIVE_MOST_MS is an error; its
 * thread goes on, so the process should end soon. Once in a process.
 */
void live_check(const struct policy *policy, struct diagnostics *diagnostics);

#endif
