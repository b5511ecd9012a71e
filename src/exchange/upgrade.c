#include "upgrade.h"

#include "verbgate/http/token.h"

/* The Upgrade field as one list; several lines are too rare to be worth joining. */
static struct slice single_upgrade(const struct fields *fields)
{
    const struct field *field = fields_find(fields, FIELD_UPGRADE);
    bool is_single = field != NULL && fields_find_next(fields, field) == NULL;
    return is_single ? field->value : slice_make(NULL, 0);
}

/* A server that takes an upgrade for a switch, although it answers in HTTP/1.1, may read the content twice: once as
 * content, and as many bytes again, which are the next request's. So content and Upgrade never go together. */
struct slice upgrade_onward(const struct exchange *exchange)
{
    struct slice upgrade = single_upgrade(&exchange->fields);
    bool is_wanted = exchange->facts.connection.wants_upgrade && !exchange_is_http_10(exchange) &&
                     !exchange_has_content(exchange) &&
                     !exchange->verdict.asks_get && /* only the client's own GET may upgrade */
                     exchange->client_side.stream != NULL &&
                     !exchange->verdict.upstream->sends_http_10;
    return is_wanted ? upgrades_offer(&exchange->snapshot->policy->protocols,
                                      exchange_limits(exchange)->upgrades, upgrade)
                     : slice_make(NULL, 0);
}

struct slice upgrade_offer(struct exchange *exchange)
{
    if (!exchange->facts.connection.wants_upgrade) {
        return slice_make(NULL, 0);
    }
    struct slice offer = upgrade_onward(exchange);
    if (offer.length < single_upgrade(&exchange->fields).length) {
        counter_increment(&exchange->context->counters.upgrades_refused);
    }
    return offer;
}

/* Every protocol that the server switches to was offered (RFC 9110 section 15.2.2). */
static bool is_offered(struct slice offer, struct slice chosen)
{
    struct slice element;
    bool is_any = false;
    while (token_list_next(&chosen, &element)) {
        if (!token_list_has(offer, element)) {
            return false;
        }
        is_any = true;
    }
    return is_any;
}

struct slice upgrade_offered(const struct exchange *exchange)
{
    return single_upgrade(&exchange->response->fields);
}

bool upgrade_may_switch(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    struct slice offer = upgrade_onward(exchange);
    struct slice chosen = single_upgrade(&response->fields);
    return response->line.status == 101 && offer.length > 0 && exchange_has_sent_all(exchange) &&
           is_offered(offer, chosen);
}
