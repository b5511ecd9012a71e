#include "verbgate/base/nearest.h"

enum { FAR = 3, SHORT_WORD = 4 };

struct nearest nearest_start(struct slice written)
{
    return (struct nearest){.written = written, .distance = FAR};
}

static unsigned distance_of(struct slice candidate, struct slice written)
{
    if (slice_equal_ignoring_case(candidate, written)) {
        return 0;
    }
    if (candidate.length >= SHORT_WORD && slice_starts_with(written, candidate)) {
        return 2; /* "warning" for "warn" */
    }
    unsigned tolerance = candidate.length <= SHORT_WORD ? 1 : 2;
    unsigned distance = slice_distance(candidate, written, tolerance);
    return distance > tolerance ? FAR : distance;
}

void nearest_try(struct nearest *nearest, struct slice candidate)
{
    unsigned distance = distance_of(candidate, nearest->written);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->word = candidate;
    }
}
