/* Who asks: the peer and whether it is trusted, the client behind it, the ids of the request. */
#include "exchange_steps.h"

#include "verbgate/http/forwarded.h"
#include "verbgate/http/trace.h"

static const struct sockaddr *peer_of(const struct downstream *downstream)
{
    return (const struct sockaddr *)(const void *)&downstream->peer;
}

static bool is_trusted(const struct network_list *trusted, const struct sockaddr *peer)
{
    struct network_address address;
    if (!network_address_of(peer, &address)) {
        return trusted->has_unix;
    }
    return network_list_has(trusted, &address);
}

/* A connection outlives a policy: what it found under one does not count under the next. */
bool exchange_peer_is_trusted(struct exchange *exchange)
{
    const struct network_list *trusted = &exchange_settings(exchange)->observation.trusted;
    if (trusted->count == 0 && !trusted->has_unix) {
        return false;
    }
    struct downstream *downstream = exchange->downstream;
    if (downstream->trust_serial != exchange->snapshot->serial) {
        downstream->is_trusted = is_trusted(trusted, peer_of(downstream));
        downstream->trust_serial = exchange->snapshot->serial;
    }
    return downstream->is_trusted;
}

struct slice exchange_client_ip(struct exchange *exchange, char out[INET6_ADDRSTRLEN])
{
    const struct network_list *trusted = &exchange_settings(exchange)->observation.trusted;
    struct network_address client;
    if (exchange->has_head && fields_has(&exchange->request_fields, FIELD_X_FORWARDED_FOR) &&
        exchange_peer_is_trusted(exchange) &&
        forwarded_client(&exchange->request_fields, trusted, &client)) {
        return slice_make(out, network_address_text(&client, out));
    }
    return downstream_peer_ip(exchange->downstream);
}

struct slice exchange_request_id(struct exchange *exchange)
{
    bool makes = exchange_settings(exchange)->observation.makes_request_ids;
    bool has_one = exchange->has_head && fields_has(&exchange->request_fields, FIELD_X_REQUEST_ID);
    if (exchange->request_id.length > 0 || (!makes && !has_one)) {
        return exchange->request_id;
    }
    if (has_one && (!makes || exchange_peer_is_trusted(exchange))) {
        exchange->request_id = trace_request_id(&exchange->request_fields);
    }
    if (makes && exchange->request_id.length == 0) {
        struct random *random = &exchange->proxy->random;
        random_write(random, exchange->made_request_id);
        random_write(random, exchange->made_request_id + 16);
        exchange->request_id =
            slice_make(exchange->made_request_id, sizeof exchange->made_request_id);
    }
    return exchange->request_id;
}

struct slice exchange_trace_id(const struct exchange *exchange)
{
    if (exchange->has_made_trace) {
        return trace_id_of(
            slice_make(exchange->made_trace_parent, sizeof exchange->made_trace_parent));
    }
    if (!exchange->has_head || !fields_has(&exchange->request_fields, FIELD_TRACEPARENT)) {
        return slice_make(NULL, 0);
    }
    return trace_id(&exchange->request_fields);
}

/* Version 00, not sampled: nobody in front of us has asked for a trace. */
struct slice exchange_make_trace_parent(struct exchange *exchange)
{
    char *text = exchange->made_trace_parent;
    if (!exchange->has_made_trace) {
        struct random *random = &exchange->proxy->random;
        memcpy(text, "00-", 3);
        random_write(random, text + 3);
        random_write(random, text + 19);
        text[35] = '-';
        random_write(random, text + 36);
        memcpy(text + 52, "-00", 3);
        exchange->has_made_trace = true;
    }
    return slice_make(text, sizeof exchange->made_trace_parent);
}
