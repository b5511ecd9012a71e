#include "seal_readings.h"

#include "verbgate/http/folding.h"
#include "verbgate/http/target.h"
#include "verbgate/policy/route_table.h"

#include <stdlib.h>

/* A table without case, or without slashes at the end, is made only where it would differ from the
 * others: where a pattern has an upper-case letter, or a slash at its end. Most policies have neither. */

static bool is_prefix(struct slice path)
{
    return path.length > 0 && path.data[path.length - 1] == '*';
}

/* A prefix has no slash at its end, and takes its path with and without one. */
struct slice policy_fold_pattern(struct slice path, unsigned folding, char *buffer)
{
    struct slice folded = (folding & FOLDS_CASE) != 0 ? folding_without_case(path, buffer) : path;
    bool is_cut = (folding & FOLDS_SLASH) != 0 && !is_prefix(path);
    return is_cut ? folding_without_slash(folded) : folded;
}

static bool differs(struct slice folded, struct slice path)
{
    return folded.data != path.data || folded.length != path.length;
}

/* Whether a folding changes any pattern. `buffer` has room for the longest path. */
static bool changes_any(const struct route_pattern *patterns, unsigned count, unsigned folding,
                        char *buffer)
{
    for (unsigned i = 0; i < count; i++) {
        if (differs(policy_fold_pattern(patterns[i].path, folding, buffer), patterns[i].path)) {
            return true;
        }
    }
    return false;
}

/* `scratch` has room for all paths, `folded` for all patterns. */
static struct route_table *build_folded(struct policy *policy, const struct route_pattern *patterns,
                                        unsigned count, unsigned folding, char *scratch,
                                        struct route_pattern *folded)
{
    for (unsigned i = 0; i < count; i++) {
        folded[i] = patterns[i];
        folded[i].path = policy_fold_pattern(patterns[i].path, folding, scratch);
        scratch += patterns[i].path.length;
    }
    return route_table_build_folded(&policy->arena, folded, count);
}

static unsigned foldings_in_force(const struct policy *policy)
{
    unsigned left_out = policy->gateway.left_out_readings;
    return ((left_out & PATH_READING_CASE) == 0 ? FOLDS_CASE : 0) |
           ((left_out & PATH_READING_SLASH) == 0 ? FOLDS_SLASH : 0);
}

static bool make_tables(struct policy *policy, const struct route_pattern *patterns, unsigned count,
                        char *scratch, struct route_pattern *folded)
{
    unsigned in_force = foldings_in_force(policy);
    unsigned changing = 0;
    for (unsigned bit = FOLDS_CASE; bit <= FOLDS_SLASH; bit *= 2) {
        bool changes = (in_force & bit) != 0 && changes_any(patterns, count, bit, scratch);
        changing |= changes ? bit : 0;
    }
    for (unsigned folding = 1; folding < FOLDINGS; folding++) {
        if ((folding & ~in_force) != 0) {
            continue;
        }
        if ((folding & ~changing) != 0) {
            policy->tables[folding] = policy->tables[folding & changing]; /* made before */
            continue;
        }
        policy->tables[folding] = build_folded(policy, patterns, count, folding, scratch, folded);
        if (policy->tables[folding] == NULL) {
            return false;
        }
    }
    policy->reads_every_path = changing != 0;
    return true;
}

static bool has_exact(const struct route_pattern *patterns, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (patterns[i].path.length > 0 && !is_prefix(patterns[i].path)) {
            return true;
        }
    }
    return false;
}

bool seal_readings(struct policy *policy, const struct route_pattern *patterns, unsigned count)
{
    unsigned in_force = PATH_READING_ALL & ~policy->gateway.left_out_readings;
    policy->tables[0] = policy->table;
    for (unsigned folding = 1; folding < FOLDINGS; folding++) {
        policy->tables[folding] = NULL;
    }
    policy->reads_every_path = false;
    policy->reads_last_slash = false;
    policy->read_traits = 0;
    if (!policy->judges_paths || in_force == 0) {
        return true;
    }
    /* Prefixes take their path with a slash and without. */
    policy->reads_last_slash = (in_force & PATH_READING_SLASH) != 0 && has_exact(patterns, count);
    if ((in_force & (PATH_READING_NORMAL | PATH_READING_LENIENT | PATH_READING_CASE)) != 0) {
        policy->read_traits |= TARGET_HAS_READINGS;
    }
    if ((in_force & PATH_READING_CASE) != 0) {
        policy->read_traits |= TARGET_HAS_CAPITAL;
    }
    size_t bytes = 1;
    for (unsigned i = 0; i < count; i++) {
        bytes += patterns[i].path.length;
    }
    char *scratch = malloc(bytes);
    struct route_pattern *folded = malloc(count * sizeof *folded);
    bool is_made =
        scratch != NULL && folded != NULL && make_tables(policy, patterns, count, scratch, folded);
    free(folded);
    free(scratch);
    return is_made;
}
