#include "verbgate/server/reload.h"

/* The last part first: a later one may stand on an earlier one. */
static void roll_back_first(const struct reload_table *table, void *owner, unsigned count)
{
    while (count > 0) {
        const struct reload_part *part = &table->parts[--count];
        if (part->roll_back != NULL) {
            part->roll_back(owner);
        }
    }
}

bool reload_prepare(const struct reload_table *table, void *owner, const struct policy *policy,
                    char problem[RELOAD_PROBLEM_MAX])
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct reload_part *part = &table->parts[i];
        if (part->prepare != NULL && !part->prepare(owner, policy, problem)) {
            roll_back_first(table, owner, i);
            return false;
        }
    }
    return true;
}

bool reload_attach(const struct reload_table *table, void *owner, char problem[RELOAD_PROBLEM_MAX])
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct reload_part *part = &table->parts[i];
        if (part->attach != NULL && !part->attach(owner, problem)) {
            reload_roll_back(table, owner);
            return false;
        }
    }
    return true;
}

void reload_roll_back(const struct reload_table *table, void *owner)
{
    roll_back_first(table, owner, table->count);
}

void reload_commit(const struct reload_table *table, void *owner, const struct policy *policy)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (table->parts[i].commit != NULL) {
            table->parts[i].commit(owner, policy);
        }
    }
}
