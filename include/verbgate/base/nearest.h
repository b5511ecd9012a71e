/*
 * "Did you mean": of several words, the one that somebody meant who wrote another.
 *
 *   struct nearest nearest = nearest_start(written);
 *   nearest_try(&nearest, SLICE("upstream"));
 *   ... nearest.word is the best so far, or empty
 */
#ifndef VERBGATE_BASE_NEAREST_H
#define VERBGATE_BASE_NEAREST_H

#include "verbgate/base/slice.h"

struct nearest {
    struct slice written;
    struct slice word; /* the best candidate, a view of what was tried; empty: none is near */
    unsigned distance; /* of `word`: 0 when only the case differs */
};

/* Starts a search for the word that `written` stands for. `written` must outlive the search. */
struct nearest nearest_start(struct slice written);

/* Keeps `candidate` if it is nearer than what was tried before: one typing error in a word of up to four
 * letters, two in a longer one, or `written` begins with the whole word. */
void nearest_try(struct nearest *nearest, struct slice candidate);

#endif
