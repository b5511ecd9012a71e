/*
 * Numbers that do not repeat, for ids: xoshiro256** 1.0 (Blackman and Vigna). Not for secrets: who
 * sees some of them can tell the next ones. One thread each.
 */
#ifndef VERBGATE_BASE_RANDOM_H
#define VERBGATE_BASE_RANDOM_H

#include "verbgate/base/slice.h"

enum { RANDOM_SEED_BYTES = 32 };

struct random {
    uint64_t state[4];
};

/* Starts from bytes that the system's generator gave. */
void random_seed(struct random *random, const unsigned char seed[RANDOM_SEED_BYTES]);

uint64_t random_next(struct random *random);

/* Writes 16 lower-case hexadecimal digits that are not all 0. */
void random_write(struct random *random, char out[16]);

#endif
