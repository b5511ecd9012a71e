/*
 * The decision: one pure function from a request's facts and a policy to a verdict, in the order of
 * src/README.md "Order of decisions". The gateway, `verbgate explain` and the tests all call it.
 */
#ifndef VERBGATE_POLICY_DECIDE_H
#define VERBGATE_POLICY_DECIDE_H

#include "verbgate/http/fault.h"
#include "verbgate/http/target.h"
#include "verbgate/policy/policy.h"
#include "verbgate/policy/verdict.h"

/* What a request says. Slices belong to the caller. */
struct decide_request {
    struct slice method;
    unsigned version_major;
    unsigned version_minor;
    const struct target *target; /* parsed; may be NULL only when version_major is not 1 */
    struct slice host;           /* without port: of the absolute form, else of the Host field */
    uint64_t content_length;     /* announced; 0 when none or chunked */
    int64_t max_forwards;        /* of OPTIONS and TRACE; -1: no such field */
    const struct options_fields *options; /* of OPTIONS; NULL: it has none of these fields */
    bool asks_other_method; /* a field of GUARDED_METHODS, in any spelling, names another method */
    bool has_odd_name;      /* a field's name folds into one of GUARDED_ALL */
};

/*
 * Decides. Always fills *verdict. `policy` is sealed. Never allocates.
 *
 * If any rule of the policy depends on paths, a path is judged under each reading that
 * `path-readings` names: as written, normal, lenient and cut (http/target.h), and each of them also
 * without case and without the slash at its end (http/folding.h). Where it may begin with a host, as "//host/path"
 * does, it is judged as what stands behind that, too. Readings that lead to different
 * upstreams are PATH_AMBIGUOUS. Else the first refusal is the verdict; without one, the first answer.
 * The readings are made in buffers on the stack: an ambiguous path (target_is_ambiguous) that is
 * longer than DECIDE_PATH_MAX is refused (PATH_UNSAFE). Where a rule depends on hosts, a host that
 * servers read in different ways is HOST_UNSAFE, and so is a path that may begin with another host than Host says. There
 * any path may begin with a host when Host has none, since the request goes onward with an empty one.
 */
enum { DECIDE_PATH_MAX = 8192 };
void decide(const struct policy *policy, const struct decide_request *request,
            struct verdict *verdict);

/* The second decision, about content whose length was not known before: makes the verdict to forward the refusal of
 * more than `most` bytes (verdict_max_body). */
void decide_too_large(struct verdict *verdict, uint64_t most);

#endif
