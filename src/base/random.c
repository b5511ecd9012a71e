#include "verbgate/base/random.h"

static uint64_t rotate(uint64_t value, int count)
{
    return (value << count) | (value >> (64 - count));
}

void random_seed(struct random *random, const unsigned char seed[RANDOM_SEED_BYTES])
{
    memcpy(random->state, seed, sizeof random->state);
    random->state[0] |= 1; /* all zeros would stay so for ever */
}

uint64_t random_next(struct random *random)
{
    uint64_t *state = random->state;
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

void random_write(struct random *random, char out[16])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = random_next(random);
    while (number == 0) {
        number = random_next(random);
    }
    for (int i = 0; i < 16; i++) {
        out[i] = digits[(number >> (60 - 4 * i)) & 15];
    }
}
