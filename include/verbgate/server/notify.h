/*
 * What the process tells its service manager (sd_notify(3)): datagrams to the Unix socket that NOTIFY_SOCKET names, a
 * path or an abstract name with '@'. Without that variable nothing is sent. A socket that is gone costs one warning;
 * serving goes on. Sockets of the vsock family, which virtual machines use, are not supported.
 *
 * The variables stay in the environment: verbgate starts no program but its own successor (server/upgrade), which is
 * meant to have them.
 */
#ifndef VERBGATE_SERVER_NOTIFY_H
#define VERBGATE_SERVER_NOTIFY_H

#include "verbgate/base/attributes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

enum {
    NOTIFY_TEXT_MAX = 768,
    NOTIFY_SEND_MS =
        1000, /* a manager that does not read holds a message up for at most this long */
};

struct notify {
    struct sockaddr_un address;
    socklen_t address_length;
    int descriptor; /* -1: nobody is told anything */
    atomic_bool has_warned;
};

/* Reads NOTIFY_SOCKET. A name that cannot be used is logged, and nobody is told anything. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* The following send one message each, with STATUS=`status`, of which line ends are blanks. Any thread. */

/* READY=1: the process serves; also after a reload, whether it succeeded or not. */
void notify_ready(struct notify *notify, const char *status);

/* RELOADING=1 with MONOTONIC_USEC, as Type=notify-reload wants it. notify_ready follows. */
void notify_reloading(struct notify *notify, const char *status);

/* STOPPING=1: the process accepts nobody any more. */
void notify_stopping(struct notify *notify, const char *status);

/* The status alone. */
void notify_status(struct notify *notify, const char *status);

/* MAINPID and READY=1: `successor` is the service's main process from here on. It is a sign of life, too, so that the
 * successor has the whole time for its first one. */
void notify_successor(struct notify *notify, pid_t successor, const char *status);

/* WATCHDOG=1, a sign of life. */
void notify_alive(struct notify *notify);

/* Microseconds within which the service manager wants a sign of life, from WATCHDOG_USEC; 0: it wants none, or
 * WATCHDOG_PID says that it wants it of another process. */
uint64_t notify_watchdog_usec(void);

#endif
