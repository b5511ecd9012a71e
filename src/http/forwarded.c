#include "verbgate/http/forwarded.h"

static bool is_port(struct slice text)
{
    uint64_t number;
    return text.length <= 5 && slice_to_number(text, &number) && number <= 65535;
}

bool forwarded_read_element(struct slice element, struct network_address *address)
{
    if (element.length > 0 && element.data[0] == '[') {
        size_t end = slice_find(element, ']');
        if (end == element.length) {
            return false;
        }
        struct slice inside = slice_make(element.data + 1, end - 1);
        struct slice rest = slice_after(element, end + 1);
        bool is_fine = rest.length == 0 || (rest.data[0] == ':' && is_port(slice_after(rest, 1)));
        return is_fine && slice_find(inside, ':') < inside.length &&
               network_address_read(inside, address);
    }
    /* One colon leads a port in, more of them belong to an IPv6 address. */
    size_t colon = slice_find(element, ':');
    if (colon < element.length) {
        struct slice rest = slice_after(element, colon + 1);
        if (slice_find(rest, ':') == rest.length) {
            return is_port(rest) && network_address_read(slice_make(element.data, colon), address);
        }
    }
    return network_address_read(element, address);
}

/* Takes the last element that is not empty off *list (RFC 9110 section 5.6.1.2: empty ones do not
 * count). False at the front. */
static bool take_last(struct slice *list, struct slice *element)
{
    while (list->length > 0) {
        size_t start = list->length;
        while (start > 0 && list->data[start - 1] != ',') {
            start--;
        }
        *element = slice_trim(slice_make(list->data + start, list->length - start));
        list->length = start > 0 ? start - 1 : 0;
        if (element->length > 0) {
            return true;
        }
    }
    return false;
}

/* How far a walk has come. */
struct walk {
    const struct network_list *trusted;
    struct network_address *client;
    unsigned hops;
    bool has_client;
};

/* False when the walk has come to its end. */
static bool walk_line(struct walk *walk, struct slice list)
{
    struct slice element;
    while (take_last(&list, &element)) {
        struct network_address address;
        if (walk->hops++ >= FORWARDED_HOPS_MAX || !forwarded_read_element(element, &address)) {
            return false;
        }
        *walk->client = address;
        walk->has_client = true;
        if (!network_list_has(walk->trusted, &address)) {
            return false;
        }
    }
    return true;
}

bool forwarded_client(const struct fields *fields, const struct network_list *trusted,
                      struct network_address *client)
{
    struct walk walk = {trusted, client, 0, false};
    if (!fields_has(fields, FIELD_X_FORWARDED_FOR)) {
        return false;
    }
    for (unsigned i = fields->count; i > 0; i--) {
        const struct field *field = &fields->items[i - 1];
        if (field->id == FIELD_X_FORWARDED_FOR && !walk_line(&walk, field->value)) {
            break;
        }
    }
    return walk.has_client;
}
