/* Lists of methods: GET HEAD, @read-only, *, and -POST to take away, in any order. */
#ifndef VERBGATE_CONFIG_METHODS_H
#define VERBGATE_CONFIG_METHODS_H

#include "build.h"

struct methods_list {
    struct method_set set;   /* what the list comes to */
    struct method_set named; /* those of it that are written out, not by a preset or "*" */
};

/* Checks every list of the document, word by word, and gives ids to extension methods. It comes
 * before any methods_read, because "*" holds all methods that have an id. */
void methods_check_all(struct builder *builder);

/* Reads one list. False when it has a word that was refused, or comes to nothing (reported). */
MUST_CHECK bool methods_read(struct builder *builder, const struct config_entry *entry,
                             struct methods_list *list);

/* What "*" means: every method but CONNECT and PRI. */
struct method_set methods_any(const struct builder *builder);

/* Takes the next word off the list, without the '-' of one that is taken away. False at the end. */
bool methods_next_word(struct slice *rest, struct slice *word, bool *is_taken_away);

#endif
