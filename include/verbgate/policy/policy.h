/*
 * The policy: everything that the configuration says, as one immutable snapshot in one arena. It is
 * built by config, checked whole, sealed, and then only read, by any number of threads. Whoever
 * keeps a pointer holds a reference; the last one to let go frees it.
 *
 * The control thread fills in what only it knows (addresses, generation) while it alone has the policy.
 * Every other holder has a pointer to const: nothing of a policy is written once it was handed over.
 * The count of references is all that changes later, and it is atomic and stands outside the policy.
 */
#ifndef VERBGATE_POLICY_POLICY_H
#define VERBGATE_POLICY_POLICY_H

#include "verbgate/base/arena.h"
#include "verbgate/base/attributes.h"
#include "verbgate/http/forwarded.h"
#include "verbgate/policy/answers.h"
#include "verbgate/policy/method_rules.h"
#include "verbgate/policy/method_set.h"
#include "verbgate/policy/observation.h"
#include "verbgate/policy/process.h"
#include "verbgate/policy/translation.h"
#include "verbgate/policy/upgrades.h"

/* Limits of one policy. */
enum {
    POLICY_LISTENERS_MAX = 64,
    POLICY_UPSTREAMS_MAX = 1024,
    POLICY_SERVERS_MAX = 64, /* of one upstream */
    POLICY_ROUTES_MAX = 65536,
    POLICY_PATH_DEPTH_MAX = 64, /* segments of one path pattern */
};

/* Versions of the request line that an upstream takes: a set of bits. */
enum { POLICY_VERSION_1_0 = 1, POLICY_VERSION_1_1 = 2, POLICY_VERSION_ALL = 3 };

struct policy_server {
    struct slice text; /* as written, for logs and Host */
    struct address address;
    /* In the arena; set before the policy is published. A name may have several ("localhost"). */
    struct socket_address *sockets;
    unsigned socket_count;
    struct rule_source source;
};

/* Limits of a request; sizes in bytes. */
struct policy_limits {
    uint64_t max_body;                  /* content of one request; UINT64_MAX: no limit */
    struct rule_source max_body_source; /* the key that says so; line 0: none */
    uint32_t upgrades;    /* protocols that are offered, and a 101 makes a tunnel for */
    bool forwards_expect; /* Expect: 100-continue is the backend's to meet */
};

/* Takes another limit of content where it is the stricter one. */
static inline void policy_limits_lower(struct policy_limits *limits, uint64_t max_body,
                                       struct rule_source source)
{
    if (max_body < limits->max_body) {
        limits->max_body = max_body;
        limits->max_body_source = source;
    }
}

/* What a section may set and those below it inherit: [gateway], then [upstream], then [route]. */
struct policy_settings {
    struct policy_limits limits;
    struct policy_answers answers;
    struct method_rules methods;
    struct policy_translation translation;
};

struct policy_upstream {
    unsigned index; /* in policy->upstreams */
    struct slice name;
    struct policy_server *servers;
    unsigned server_count; /* >= 1 */
    struct method_set implements;
    unsigned versions;        /* POLICY_VERSION_* bits */
    bool sends_http_10;       /* it gets requests in HTTP/1.0, each on a connection of its own */
    struct slice host_header; /* empty: the client's Host is kept */
    uint32_t connect_timeout_ms;
    uint32_t response_timeout_ms;
    uint32_t idle_timeout_ms; /* of a pooled connection */
    uint32_t reuse_delay_ms;  /* of silence, behind a response that a server may add to; 0: none */
    unsigned max_idle;        /* pooled connections per worker and server */
    struct policy_settings settings;
    struct method_set answer;  /* what it takes and Allow lists where there is no route */
    struct rule_source source; /* the section */
    struct rule_source implements_source; /* the key; line 0 when left at its default */
    struct rule_source versions_source;
    struct method_set takes; /* what it implements, and what is sent to it as POST */
};

/* The members that a decision reads stand first, so that a request to one of thousands of routes brings few lines
 * of memory into the processor's caches. */
struct policy_route {
    unsigned index; /* in policy->routes */
    bool has_allow; /* false: everything that it takes */
    const struct policy_upstream *upstream;
    const struct policy_settings *in_force; /* `settings`, or the upstream's that are the same */
    struct method_set takes;   /* what the upstream implements, and what is sent to it as POST */
    struct method_set allow;   /* as configured, already cut down to `takes` */
    struct method_set answer;  /* what it takes and Allow lists: `allow` as HEAD and OPTIONS go */
    struct rule_source source; /* the section */
    struct rule_source allow_source; /* the key; line 0 when left at its default */
    struct slice name;
    const struct slice *hosts; /* its patterns, in lower case; none: any host */
    unsigned host_count;
    const struct slice *paths; /* none: any path */
    unsigned path_count;
    struct policy_settings settings;
};

/* Readings under which a path is judged beside the one as written, as bits. */
enum path_reading {
    PATH_READING_NORMAL = 1, /* http/target.h */
    PATH_READING_LENIENT = 2,
    PATH_READING_CASE = 4,  /* each of the others without case (http/folding.h) */
    PATH_READING_SLASH = 8, /* each of the others without the slash at its end */
    PATH_READING_ALL = 15,
};

/* What a table of routes does not see of paths: its index in policy->tables, as bits. */
enum { FOLDS_CASE = 1, FOLDS_SLASH = 2, FOLDINGS = 4 };

/* What [gateway] says of requests and connections; policy/process.h has what it says of the process. */
struct policy_gateway {
    struct policy_observation observation;
    struct slice name; /* in Via and Proxy-Status; a token */
    enum forwarded_mode forwarded;
    unsigned left_out_readings;     /* PATH_READING_* bits */
    bool normalises_methods;        /* a method in another case is the method */
    uint32_t head_timeout_ms;       /* first byte of a request to the end of its head */
    uint32_t idle_timeout_ms;       /* client connection between requests */
    uint32_t body_timeout_ms;       /* between two pieces of content, either direction */
    uint32_t linger_timeout_ms;     /* reading on after a final answer, so that it arrives */
    uint32_t half_close_timeout_ms; /* a client that sent FIN waits this long for its answer */
    uint32_t reuse_delay_ms;        /* what upstreams inherit */
    uint32_t tunnel_timeout_ms;     /* an upgraded connection without a byte in either direction */
    unsigned max_requests;          /* per client connection; 0: no limit */
    size_t max_head;                /* bytes of a request's or response's head */
    size_t max_target;
    unsigned max_fields;
    struct policy_settings settings; /* for what no upstream was found for, and to be inherited */
    uint64_t drain_body;             /* content of a refused request that is read and dropped */
    const char *buffer_directory;    /* where buffered content goes that is too large for memory */
    struct rule_source buffer_directory_source; /* line 0 when left at its default */
};

struct route_table;
struct policy_life; /* the count of references */

struct policy {
    struct policy_life *life;
    uint64_t generation;  /* counts the policies in force; set before the policy is handed over */
    uint64_t fingerprint; /* of the files that it was made from; set when it was loaded */
    bool is_read_once;    /* its file was a pipe or a terminal; set when it was loaded */
    struct arena arena;   /* owns everything below */
    struct policy_process process;
    struct policy_gateway gateway;
    struct policy_listener *listeners;
    unsigned listener_count;
    struct policy_upstream *upstreams;
    unsigned upstream_count;
    struct policy_route *routes;
    unsigned route_count;
    struct method_extensions extensions;
    struct upgrade_protocols protocols; /* whose bits limits.upgrades has */
    /* Made by policy_seal: */
    struct method_set implemented; /* by any upstream */
    unsigned versions;             /* taken by any upstream */
    bool judges_hosts;             /* any rule depends on the host */
    bool judges_paths;             /* any rule depends on the path */
    bool reads_every_path;         /* every path is to be looked up in a folded table, too */
    bool reads_last_slash;         /* a path with a slash at its end is */
    unsigned read_traits;          /* a path with one of these target_traits is, or has readings */
    bool has_lenient_rules; /* what no upstream takes may be reported only, or answered here */
    struct route_table *table;
    /* By FOLDS_* bits; [0] is `table`, others may be the same. NULL: paths are not judged so. */
    struct route_table *tables[FOLDINGS];
};

/* Gives a server its socket addresses (copied into the arena). False: out of memory. */
MUST_CHECK bool policy_set_sockets(struct policy *policy, struct policy_server *server,
                                   const struct socket_address *sockets, unsigned count);

/* The method that a token is treated and sent as: itself, or, under `method-case = normalise`, the
 * registered or configured method that has the same letters in another case. */
struct slice policy_method(const struct policy *policy, struct slice token);

/* An empty policy with one reference, or NULL. `max_bytes` bounds its arena. */
MUST_CHECK struct policy *policy_create(size_t max_bytes);

/* One more, one less reference; any thread. The last one frees the policy and its arena. */
void policy_reference(const struct policy *policy);
void policy_release(const struct policy *policy);

/* How many references there are now: for tests. */
unsigned policy_references(const struct policy *policy);

/*
 * Host and path pattern of a route, for the table. `host` is lower case: "api.example.com",
 * "*.example.com", or empty for any. `path` is "/exact", "/prefix/" + "*" or empty for any. Their
 * syntax is checked by policy_host_problem and policy_path_problem before.
 */
struct route_pattern {
    struct slice host;
    struct slice path;
    struct policy_route *route;
    struct rule_source source;
};

/*
 * What is wrong with a host or path pattern, static text; NULL when nothing is. A host: labels of
 * letters, digits, '-' and '_', in lower case, an optional "*." in front; or [IPv6]. A path: in normal form (RFC 3986 section 6.2.2), as it will be compared.
 */
MUST_CHECK const char *policy_host_problem(struct slice host);
MUST_CHECK const char *policy_path_problem(struct slice path);

/* The path of a pattern as the table that folds so has it. `buffer` has at least path.length bytes. */
struct slice policy_fold_pattern(struct slice path, unsigned folding, char *buffer);

enum policy_seal_status { POLICY_SEALED, POLICY_SEAL_MEMORY, POLICY_SEAL_CONFLICT };

/*
 * Makes the derived parts: `implemented`, `versions`, each `takes` and `answer`, and the route table
 * over `patterns` (copied, texts too). A policy without routes sends everything to its only
 * upstream. Returns POLICY_SEAL_CONFLICT when two patterns are equal; *first and *second are then
 * their indexes.
 */
MUST_CHECK enum policy_seal_status policy_seal(struct policy *policy,
                                               const struct route_pattern *patterns,
                                               unsigned pattern_count, unsigned *first,
                                               unsigned *second);

#endif
