#include "verbgate/server/notify.h"

#include "verbgate/base/log.h"
#include "verbgate/base/slice.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ---- the socket */

/* Why `name` cannot be used, or NULL. The length of an abstract name counts: it ends with no NUL. */
static const char *read_address(struct notify *notify, const char *name)
{
    size_t length = strlen(name);
    if (name[0] != '/' && name[0] != '@') {
        return "only a path or a name with @ is supported";
    }
    if (length >= sizeof notify->address.sun_path) {
        return "it is too long for a Unix socket";
    }
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, name, length + 1);
    bool is_abstract = name[0] == '@';
    if (is_abstract) {
        notify->address.sun_path[0] = '\0';
    }
    size_t used = offsetof(struct sockaddr_un, sun_path) + length + (is_abstract ? 0 : 1);
    notify->address_length = (socklen_t)used;
    return NULL;
}

/* It blocks, so that no message is lost, and for a bounded time only. */
static int open_socket(void)
{
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct timeval most = {.tv_sec = NOTIFY_SEND_MS / 1000,
                           .tv_usec = NOTIFY_SEND_MS % 1000 * 1000};
    if (descriptor >= 0 &&
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

void notify_open(struct notify *notify)
{
    *notify = (struct notify){.descriptor = -1};
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || name[0] == '\0') {
        return;
    }
    const char *problem = read_address(notify, name);
    if (problem == NULL) {
        notify->descriptor = open_socket();
        problem = notify->descriptor < 0 ? strerror(errno) : NULL;
    }
    if (problem != NULL) {
        log_warn("NOTIFY_SOCKET=%.100s: %s; the service manager is told nothing", name, problem);
    }
}

void notify_close(struct notify *notify)
{
    if (notify->descriptor >= 0) {
        close(notify->descriptor);
        notify->descriptor = -1;
    }
}

/* ---- messages */

static void warn_once(struct notify *notify, int error)
{
    if (!atomic_exchange(&notify->has_warned, true)) {
        log_warn("the service manager cannot be told anything (NOTIFY_SOCKET): %s; serving goes on",
                 strerror(error));
    }
}

static void send_text(struct notify *notify, const char *text, int flags)
{
    const struct sockaddr *address = (const void *)&notify->address;
    ssize_t sent;
    do {
        sent = sendto(notify->descriptor, text, strlen(text), MSG_NOSIGNAL | flags, address,
                      notify->address_length);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        warn_once(notify, errno);
    }
}

/* One line for each assignment: a line end in the status would begin another one. */
static void send_status(struct notify *notify, const char *assignments, const char *status)
{
    if (notify->descriptor < 0) {
        return;
    }
    char text[NOTIFY_TEXT_MAX];
    int before = snprintf(text, sizeof text, "%sSTATUS=", assignments);
    snprintf(text + before, sizeof text - (size_t)before, "%s", status);
    for (char *byte = text + before; *byte != '\0'; byte++) {
        if ((unsigned char)*byte < ' ') {
            *byte = ' ';
        }
    }
    send_text(notify, text, 0);
}

void notify_ready(struct notify *notify, const char *status)
{
    send_status(notify, "READY=1\n", status);
}

void notify_reloading(struct notify *notify, const char *status)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t usec = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    char assignments[64];
    snprintf(assignments, sizeof assignments, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n", usec);
    send_status(notify, assignments, status);
}

void notify_stopping(struct notify *notify, const char *status)
{
    send_status(notify, "STOPPING=1\n", status);
}

void notify_status(struct notify *notify, const char *status)
{
    send_status(notify, "", status);
}

void notify_successor(struct notify *notify, pid_t successor, const char *status)
{
    char assignments[64];
    snprintf(assignments, sizeof assignments, "MAINPID=%ld\nREADY=1\nWATCHDOG=1\n",
             (long)successor);
    send_status(notify, assignments, status);
}

void notify_alive(struct notify *notify)
{
    if (notify->descriptor >= 0) {
        send_text(notify, "WATCHDOG=1", MSG_DONTWAIT); /* another one follows */
    }
}

/* ---- the watchdog's time */

static bool read_number(const char *variable, uint64_t *number)
{
    const char *text = getenv(variable);
    return text != NULL && slice_to_number(slice_of(text), number);
}

uint64_t notify_watchdog_usec(void)
{
    uint64_t usec = 0;
    uint64_t pid = 0;
    if (!read_number("WATCHDOG_USEC", &usec)) {
        return 0;
    }
    if (getenv("WATCHDOG_PID") != NULL &&
        (!read_number("WATCHDOG_PID", &pid) || pid != (uint64_t)getpid())) {
        return 0;
    }
    return usec;
}
