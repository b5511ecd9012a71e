/* What the files of the admin and the health listener share: admin.c (sockets), admin_connection.c (a request and its
 * answer), admin_pages.c (what is to be seen). */
#ifndef VERBGATE_ADMIN_ADMIN_STEPS_H
#define VERBGATE_ADMIN_ADMIN_STEPS_H

#include "verbgate/admin/admin.h"
#include "verbgate/base/writer.h"

/* Serves the accepted connection, which is its own from here on. `checks_host`: a Host field that
 * names neither this machine nor an address is refused. */
void admin_serve(struct admin *admin, int descriptor, int family, bool checks_host);

/* Ends the oldest connection that has its answer, or, where none has, the one that has been silent for longest: a
 * probe must not wait for those who ask nothing. One whose answer is being sent stays. */
void admin_make_room(struct admin *admin);

/* Ends every connection. */
void admin_close_connections(struct admin *admin);

struct admin_page {
    const char *path;
    bool is_of_health; /* the health listener has it, too */
    const char *content_type;
    /* Writes the content and returns the status; what did not fit leaves the writer overflown. */
    unsigned (*write)(struct writer *writer, const struct gateway_status *status);
};

/* The page that this kind of listener has at a path, byte for byte; NULL: there is none. */
const struct admin_page *admin_page_find(enum admin_kind kind, struct slice path);

#endif
