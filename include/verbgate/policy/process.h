/* What the policy says of the process as a whole: where it listens, how many threads it has, what it writes, how it ends. */
#ifndef VERBGATE_POLICY_PROCESS_H
#define VERBGATE_POLICY_PROCESS_H

#include "verbgate/base/address.h"
#include "verbgate/base/log.h"
#include "verbgate/policy/admin.h"
#include "verbgate/policy/method_rules.h"

struct policy_listener {
    struct slice name;
    struct slice bind_text; /* as written, for messages */
    struct address bind;
    unsigned backlog;
    unsigned mode; /* permission bits of a Unix socket */
    struct rule_source source;
};

struct policy_process {
    unsigned workers;         /* 0: auto */
    unsigned max_connections; /* client connections, all workers together */
    enum log_level log_level;
    struct slice access_log; /* "off", "stdout" or a path */
    struct slice observe;    /* "off" or a path */
    /* Where they are set; line 0 when left at their defaults. */
    struct rule_source access_log_source, observe_source;
    struct policy_admin admin;
    struct policy_admin health;
    uint32_t watch_ms;         /* between two looks at the policy's files; 0: none */
    uint32_t drain_delay_ms;   /* accepting after SIGTERM */
    uint32_t drain_timeout_ms; /* life after that */
};

#endif
