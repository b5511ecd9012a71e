/* What every fuzz target is: one function that libFuzzer, or the replay program, calls. */
#ifndef VERBGATE_FUZZ_FUZZ_H
#define VERBGATE_FUZZ_FUZZ_H

#include "verbgate/base/slice.h"

#include <stdlib.h>

/* Longer inputs are passed over: they cost time and show nothing that shorter ones do not. */
enum { FUZZ_INPUT_MAX = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input in a heap block of exactly its size, so that a read past its end is seen. The caller
 * frees it. */
static inline char *fuzz_copy(struct slice input)
{
    char *copy = malloc(input.length);
    if (copy == NULL) {
        abort();
    }
    if (input.length > 0) {
        memcpy(copy, input.data, input.length);
    }
    return copy;
}

#endif
