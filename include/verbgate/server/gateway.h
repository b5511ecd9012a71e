/*
 * The process: a control thread (this one) and workers. The control thread loads and publishes
 * policies, owns the listening sockets' life, hears signals, and ends it all.
 *
 *   SIGHUP            reload: whole or not at all; listeners that stay keep their sockets
 *   SIGUSR1           open the access log again; write what was observed
 *   SIGUSR2           start the program anew and hand over to it, once it is ready (server/upgrade)
 *   SIGTERM, SIGINT, SIGQUIT
 *                     stop accepting, finish what runs up to drain-timeout, exit 0; a second one, a second or more
 *                     later, exits at once (server/ending)
 */
#ifndef VERBGATE_SERVER_GATEWAY_H
#define VERBGATE_SERVER_GATEWAY_H

/* Runs until it is told to end. The policy is the file at `policy_path`, or, unless it is NULL, `text`, which
 * `policy_path` is the name of in messages. Returns the process's exit status: 0, or 1 when it could not start
 * (standard error says why). */
int gateway_run(const char *policy_path, const char *text);

#endif
