/*
 * Environment variables in values: ${NAME}, ${NAME:-default}, and $${ for a literal "${". A '$'
 * anywhere else stands for itself. The result is a value and nothing else: it was put together
 * after the line was read, so it cannot start a comment, a key or a section.
 */
#ifndef VERBGATE_CONFIG_VARIABLES_H
#define VERBGATE_CONFIG_VARIABLES_H

#include "verbgate/base/writer.h"
#include "verbgate/config/load.h"

struct variables_problem {
    const char *sentence; /* static; a predicate of the variable when `name` is not empty */
    struct slice name;
    struct slice part; /* of the text: what to underline */
    bool is_unset;     /* the variable has neither a value nor a default */
};

/* True when `text` has anything to expand. */
bool variables_occur(struct slice text);

/* Appends `text` to `writer` with its variables filled in. False on a problem; *problem is then
 * filled. As in a shell, the default is taken for an empty variable too. */
MUST_CHECK bool variables_expand(struct slice text, const struct config_environment *environment,
                                 struct writer *writer, struct variables_problem *problem);

#endif
