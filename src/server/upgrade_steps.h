/* What the files of an upgrade share: upgrade.c (both ends of the channel) and upgrade_launch.c (how the program is
 * started anew). */
#ifndef VERBGATE_SERVER_UPGRADE_STEPS_H
#define VERBGATE_SERVER_UPGRADE_STEPS_H

#include "verbgate/server/upgrade.h"

#include <stdint.h>

#define UPGRADE_VARIABLE "VERBGATE_UPGRADE"

enum upgrade_kind {
    UPGRADE_STARTED = 1, /* value: the successor's process id; before its program runs */
    UPGRADE_REFUSED = 2, /* value: why the kernel does not run the program, as errno */
    UPGRADE_READY = 3,   /* value: the successor's process id */
};

struct upgrade_message {
    int32_t kind;
    int32_t value;
};

/* Where the program is, found again as it was started. False: that cannot be told. */
MUST_CHECK bool upgrade_find_program(char *path, size_t size);

/* Starts the program at `path` as a process of init's, with the sockets and the channel's other end, which stays open
 * here. False: `problem` says why. A problem that comes later is said on the channel. */
MUST_CHECK bool upgrade_launch(const char *path, const struct passed_sockets *sockets, int channel,
                               char problem[UPGRADE_PROBLEM_MAX]);

#endif
