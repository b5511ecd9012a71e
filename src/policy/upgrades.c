#include "verbgate/policy/upgrades.h"

#include "verbgate/http/token.h"

/* RFC 9113 section 3.1 has withdrawn h2c. */
static bool hides_requests(struct slice name)
{
    return slice_equal_ignoring_case(name, SLICE("h2c")) ||
           slice_equal_ignoring_case(name, SLICE("h2")) ||
           slice_equal_ignoring_case(name, SLICE("http")) ||
           slice_equal_ignoring_case(name, SLICE("tls"));
}

const char *upgrades_problem(struct slice name)
{
    if (slice_find(name, '/') < name.length) {
        return "a protocol is named without its version";
    }
    if (!token_is_valid(name)) {
        return "it has a character that no protocol's name has";
    }
    if (name.length > UPGRADE_NAME_MAX) {
        return "the name is longer than 64 bytes";
    }
    return hides_requests(name) ? "it would carry requests past the policy" : NULL;
}

static unsigned find(const struct upgrade_protocols *protocols, struct slice name)
{
    unsigned i = 0;
    while (i < protocols->count && !slice_equal_ignoring_case(protocols->names[i], name)) {
        i++;
    }
    return i;
}

bool upgrades_add(struct upgrade_protocols *protocols, struct arena *arena, struct slice name,
                  uint32_t *bit)
{
    unsigned place = find(protocols, name);
    if (place == UPGRADES_MAX) {
        return false;
    }
    if (place == protocols->count) {
        struct slice copy = arena_copy(arena, name);
        if (copy.data == NULL) {
            return false;
        }
        protocols->names[protocols->count++] = copy;
    }
    *bit = (uint32_t)1 << place;
    return true;
}

static bool is_allowed(const struct upgrade_protocols *protocols, uint32_t allowed,
                       struct slice element)
{
    struct slice name = slice_make(element.data, slice_find(element, '/'));
    unsigned place = find(protocols, name);
    return place < protocols->count && (allowed >> place & 1) != 0;
}

struct slice upgrades_offer(const struct upgrade_protocols *protocols, uint32_t allowed,
                            struct slice value)
{
    struct slice offer = slice_make(value.data, 0);
    struct slice element;
    while (allowed != 0 && token_list_next(&value, &element)) {
        if (is_allowed(protocols, allowed, element)) {
            const char *start = offer.length > 0 ? offer.data : element.data;
            offer = slice_make(start, (size_t)(element.data + element.length - start));
        } else if (offer.length > 0) {
            break;
        }
    }
    return offer;
}
