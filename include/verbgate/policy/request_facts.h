/*
 * What a complete head says, beside its words: everything between a parsed head and the decision. The
 * gateway and `verbgate explain` call the same function, so that both know the same of a request.
 */
#ifndef VERBGATE_POLICY_REQUEST_FACTS_H
#define VERBGATE_POLICY_REQUEST_FACTS_H

#include "verbgate/http/connection.h"
#include "verbgate/http/framing.h"
#include "verbgate/http/request_line.h"
#include "verbgate/policy/decide.h"

struct request_facts {
    struct framing framing;
    struct connection_info connection;
    struct target target;
    struct slice
        received_host;     /* the target's authority, else the Host field; data NULL: neither */
    bool expects_continue; /* Expect: 100-continue, and there is content to wait with */
    struct options_fields options; /* of OPTIONS */
    struct decide_request request; /* what decide is asked; it points to the two above */
};

/*
 * Judges everything about a head that has nothing to do with the policy, and marks the fields that are
 * not forwarded (connection_read). Slices point where those of `line` and `fields` do. Returns
 * FAULT_NONE, or the first fault: framing, Connection, target, Host, Expect. *facts is filled as far as
 * the head was good. Of another major version than 1 only the line is looked at: what follows it is in
 * another language. *facts must not move while its request is in use.
 */
MUST_CHECK enum http_fault request_facts_read(struct request_facts *facts,
                                              const struct request_line *line,
                                              struct fields *fields);

#endif
