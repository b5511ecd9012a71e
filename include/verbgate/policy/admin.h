/* The listeners for those who watch the process, as the policy has them: `admin` serves every page, `health` two. */
#ifndef VERBGATE_POLICY_ADMIN_H
#define VERBGATE_POLICY_ADMIN_H

#include "verbgate/base/address.h"

struct policy_admin {
    bool is_on;
    bool
        is_public; /* addresses that are not loopback are allowed, and any Host; always so for `health` */
    struct slice bind_text; /* as written */
    struct address bind;
    unsigned mode;    /* permission bits of a Unix socket */
    const char *file; /* where it is set; NULL when it is not */
    unsigned line;
};

#endif
