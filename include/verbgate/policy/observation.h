/* What the policy says about how requests are seen: log lines, ids, and whom to believe. */
#ifndef VERBGATE_POLICY_OBSERVATION_H
#define VERBGATE_POLICY_OBSERVATION_H

#include "verbgate/base/network.h"
#include "verbgate/policy/access_format.h"

enum { POLICY_NETWORKS_MAX = 256 }; /* of trusted-proxies */

struct policy_observation {
    struct access_format access_format;
    bool makes_request_ids;      /* X-Request-ID is the gateway's, or a trusted proxy's */
    bool sets_real_ip;           /* X-Real-IP is the client that the log has */
    bool makes_trace_parents;    /* a valid traceparent is made where none came */
    struct network_list trusted; /* proxies that may say who the client is */
};

#endif
