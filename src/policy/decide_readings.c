#include "decide_steps.h"
#include "verbgate/http/escape.h"
#include "verbgate/http/folding.h"

enum { PLACES_MAX = 32 };

/* Where a reading leads. */
struct place {
    struct destination destination;
    struct path_spelling spelling;
};

/* Where all readings of a path lead, each route once, in the order in which they are judged. */
struct places {
    const struct policy *policy;
    struct slice host;
    unsigned count;
    bool is_full; /* there are more */
    struct place items[PLACES_MAX];
};

/* Some servers take "//x/admin" for a URL without a scheme, whose path is "/admin". They take "/x/admin" for one, too,
 * when they write an empty Host in front of it. */
static bool may_have_host(const struct places *places, struct slice path)
{
    return decide_may_have_host(places->policy, places->host, path);
}

static struct slice behind_host(struct slice lenient)
{
    size_t end = slice_find(slice_after(lenient, 1), '/') + 1;
    return end < lenient.length ? slice_after(lenient, end) : SLICE("/");
}

/* Whether what stands between "//" and the next '/' has a slash in disguise. Who makes a URL of the target before it
 * decodes finds another path behind it than who decodes first. */
static bool has_odd_authority(struct slice path)
{
    if (!decide_is_like_url(path)) {
        return false;
    }
    size_t start = decide_host_start(path);
    size_t end = start + slice_find(slice_after(path, start), '/');
    for (size_t i = start; i < end; i++) {
        int byte = escape_byte(path, i);
        if (path.data[i] == '\\' || byte == '/' || byte == '\\') {
            return true;
        }
    }
    return false;
}

/* Where readings differ about CORS: no origin is listed. */
static const struct cors_rules grants_nobody = {.origins = NULL};

/* No spelling of a path gets more than the strictest of its readings. */
static void tighten(struct verdict *verdict, const struct verdict *other)
{
    struct policy_limits *limits = &verdict->limits;
    policy_limits_lower(limits, other->limits.max_body, other->limits.max_body_source);
    limits->upgrades &= other->limits.upgrades;
    verdict->strips_override |= other->strips_override;
    verdict->drops_odd_names |= other->drops_odd_names;
    verdict->reported_max_body = decide_least(verdict->reported_max_body, other->reported_max_body);
    if (verdict->kind == VERDICT_FORWARD && other->is_reported) {
        verdict_report(verdict, other->reported.rule, other->reported.source);
    }
    verdict->is_granted = verdict->is_granted && other->is_granted;
    if (verdict->has_allow && other->has_allow) {
        method_set_intersect(&verdict->allow, &other->allow);
    }
    if (verdict->cors != other->cors) {
        verdict->cors = &grants_nobody; /* nor does the backend on its own */
        verdict->is_granted = false;
    }
}

static void add_place(struct places *places, const struct policy_route *route, enum path_form form,
                      unsigned folding)
{
    for (unsigned i = 0; i < places->count; i++) {
        if (places->items[i].destination.route == route) {
            return;
        }
    }
    if (places->count == PLACES_MAX) {
        places->is_full = true;
        return;
    }
    places->items[places->count++] = (struct place){
        .destination = {.upstream = route == NULL ? NULL : route->upstream, .route = route},
        .spelling = {form, folding},
    };
}

static bool has_pattern(const struct route_match *twins, const struct route_match *match)
{
    while (match != NULL && twins != NULL && twins->number != match->number) {
        twins = twins->twin;
    }
    return match != NULL && twins != NULL;
}

/*
 * The patterns that take a path when its case, or the slash at its end, is not seen. `match` is what takes it
 * as it is. Where that is among them, the operator has written both spellings: of the others only those with
 * the same upstream count, since no other server is asked.
 */
static void add_folded(struct places *places, struct slice path, enum path_form form,
                       unsigned folding, const struct route_match *match)
{
    const struct route_match *twin =
        route_table_match(places->policy->tables[folding], places->host, path);
    bool is_told_apart = has_pattern(twin, match);
    for (; twin != NULL; twin = twin->twin) {
        if (!is_told_apart || twin->route->upstream == match->route->upstream) {
            add_place(places, twin->route, form, folding);
        }
    }
}

/* Whether a folding finds what another finds, too: the path does not have what the one does not see, and no
 * pattern either. */
static bool is_idle(const struct policy *policy, unsigned folding, unsigned changing)
{
    for (unsigned bit = FOLDS_CASE; bit <= FOLDS_SLASH; bit *= 2) {
        if ((folding & bit) != 0 && (changing & bit) == 0 &&
            policy->tables[folding] == policy->tables[folding & ~bit]) {
            return true;
        }
    }
    return false;
}

static void add_reading(struct places *places, struct slice path, enum path_form form)
{
    const struct policy *policy = places->policy;
    const struct route_match *match = route_table_match(policy->table, places->host, path);
    add_place(places, match == NULL ? NULL : match->route, form, 0);

    char buffer[DECIDE_PATH_MAX];
    /* Longer than any pattern; only the prefixes matter then. */
    struct slice start =
        slice_make(path.data, path.length < DECIDE_PATH_MAX ? path.length : DECIDE_PATH_MAX);
    bool folds_case = policy->tables[FOLDS_CASE] != NULL;
    struct slice folded = folds_case ? folding_without_case(start, buffer) : path;
    unsigned changing = (folded.data != path.data ? FOLDS_CASE : 0) |
                        (folding_without_slash(path).length < path.length ? FOLDS_SLASH : 0);
    for (unsigned folding = 1; folding < FOLDINGS; folding++) {
        if (policy->tables[folding] == NULL || is_idle(policy, folding, changing)) {
            continue;
        }
        struct slice key = (folding & FOLDS_CASE) != 0 ? folded : path;
        key = (folding & FOLDS_SLASH) != 0 ? folding_without_slash(key) : key;
        add_folded(places, key, form, folding, match);
    }
}

static void add_lenient(struct places *places, struct slice path, struct slice lenient,
                        enum path_form form)
{
    add_reading(places, lenient, form);
    if (may_have_host(places, path)) {
        add_reading(places, behind_host(lenient), PATH_AUTHORITY);
    }
}

/* What is left for servers that decode a path before they look for its query or fragment. Some look for one of the two
 * only. False: it is unsafe. */
static bool add_cut(struct places *places, struct slice path, char *buffer)
{
    static const char marks[] = {'?', '#'};
    for (size_t i = 0; i < sizeof marks; i++) {
        struct slice cut = target_before_mark(path, marks[i]);
        struct target_readings readings;
        if (cut.length == path.length) {
            continue;
        }
        if (target_read(cut, buffer, &readings) != FAULT_NONE) {
            return false;
        }
        add_lenient(places, cut, readings.lenient, PATH_CUT);
    }
    return true;
}

/* False: the path is unsafe. */
static bool add_readings(struct places *places, struct slice path)
{
    char buffer[2 * DECIDE_PATH_MAX];
    struct target_readings readings = {path, path};
    unsigned left_out = places->policy->gateway.left_out_readings;
    unsigned in_force = (PATH_READING_NORMAL | PATH_READING_LENIENT) & ~left_out;
    bool is_plain = !target_is_ambiguous(path);
    add_reading(places, path, PATH_WRITTEN);
    if (in_force == 0 || (is_plain && !may_have_host(places, path))) {
        return true;
    }
    if (!is_plain &&
        (path.length > DECIDE_PATH_MAX || target_read(path, buffer, &readings) != FAULT_NONE)) {
        return false;
    }
    if ((in_force & PATH_READING_NORMAL) != 0) {
        add_reading(places, readings.normal, PATH_NORMAL);
    }
    if ((in_force & PATH_READING_LENIENT) == 0) {
        return true;
    }
    add_lenient(places, path, readings.lenient, PATH_LENIENT);
    return !has_odd_authority(path) && add_cut(places, path, buffer);
}

/* The first place with another upstream than those in front of it, or NULL. */
static const struct place *find_apart(const struct places *places)
{
    const struct policy_upstream *upstream = NULL;
    for (unsigned i = 0; i < places->count; i++) {
        const struct policy_upstream *other = places->items[i].destination.upstream;
        if (upstream != NULL && other != NULL && other != upstream) {
            return &places->items[i];
        }
        upstream = other == NULL ? upstream : other;
    }
    return NULL;
}

static void judge_place(const struct places *places, const struct decide_request *request,
                        const struct place *place, struct verdict *verdict)
{
    decide_judge_destination(places->policy, request, place->destination, verdict);
    verdict->spelling = place->spelling;
}

void decide_judge_readings(const struct policy *policy, const struct decide_request *request,
                           struct verdict *verdict)
{
    struct places places; /* the items are filled as they come */
    places.policy = policy;
    places.host = request->host;
    places.count = 0;
    places.is_full = false;
    if (!add_readings(&places, request->target->path)) {
        decide_settle(verdict, VERDICT_PATH_UNSAFE_RULE, decide_built_in);
        return;
    }
    const struct place *apart = find_apart(&places);
    if (apart != NULL || places.is_full) {
        decide_settle(verdict, VERDICT_PATH_AMBIGUOUS_RULE, decide_built_in);
        verdict->spelling = apart == NULL ? verdict->spelling : apart->spelling;
        return;
    }
    const struct verdict blank = *verdict;
    judge_place(&places, request, &places.items[0], verdict);
    for (unsigned i = 1; i < places.count && verdict->kind != VERDICT_REFUSE; i++) {
        struct verdict reading = blank;
        judge_place(&places, request, &places.items[i], &reading);
        if (reading.kind > verdict->kind) {
            const struct verdict before = *verdict;
            *verdict = reading;
            if (reading.kind != VERDICT_REFUSE) {
                tighten(verdict, &before);
            }
        } else {
            tighten(verdict, &reading);
        }
    }
}
