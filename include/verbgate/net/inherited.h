/*
 * Listening sockets that the process was started with (systemd socket activation): descriptors from
 * 3 on, described by LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES. They stay open for the process's
 * life, so that a reload may drop a listener and a later one take it again.
 */
#ifndef VERBGATE_NET_INHERITED_H
#define VERBGATE_NET_INHERITED_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

enum { INHERITED_SOCKETS_MAX = 64 };

/*
 * Finds the socket called `name`. `*descriptor` stays the process's; it is non-blocking and closed on
 * exec. Returns NULL, or a sentence (static) that says what is wrong. Control thread only: it reads the
 * environment.
 */
MUST_CHECK const char *inherited_find(struct slice name, int *descriptor);

#endif
