/* Fixed policies, made once. */
#ifndef VERBGATE_FUZZ_SMALL_POLICY_H
#define VERBGATE_FUZZ_SMALL_POLICY_H

#include "verbgate/policy/policy.h"

/* One upstream that implements every method, and no route. */
const struct policy *small_policy_open(void);

/* The same upstream; /ro/ and all below it takes GET only, all else takes every method. */
const struct policy *small_policy_read_only(void);

#endif
