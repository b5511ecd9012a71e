#include "identity.h"

#include "verbgate/http/forwarded.h"
#include "verbgate/http/trace.h"

static const struct sockaddr *peer_of(const struct client *client)
{
    return (const struct sockaddr *)(const void *)&client->peer;
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
bool identity_peer_is_trusted(struct exchange *exchange)
{
    const struct network_list *trusted = &exchange_settings(exchange)->observation.trusted;
    if (trusted->count == 0 && !trusted->has_unix) {
        return false;
    }
    struct client *client = exchange->client;
    if (client->trust_serial != exchange->snapshot->serial) {
        client->is_trusted = is_trusted(trusted, peer_of(client));
        client->trust_serial = exchange->snapshot->serial;
    }
    return client->is_trusted;
}

struct slice identity_client_ip(struct exchange *exchange, char out[INET6_ADDRSTRLEN])
{
    const struct network_list *trusted = &exchange_settings(exchange)->observation.trusted;
    struct network_address client;
    if (exchange->progress >= PROGRESS_HEAD &&
        fields_has(&exchange->fields, FIELD_X_FORWARDED_FOR) &&
        identity_peer_is_trusted(exchange) &&
        forwarded_client(&exchange->fields, trusted, &client)) {
        return slice_make(out, network_address_text(&client, out));
    }
    return client_peer_ip(exchange->client);
}

struct slice identity_request_id(struct exchange *exchange)
{
    bool makes = exchange_settings(exchange)->observation.makes_request_ids;
    bool has_one =
        exchange->progress >= PROGRESS_HEAD && fields_has(&exchange->fields, FIELD_X_REQUEST_ID);
    if (exchange->request_id.length > 0 || (!makes && !has_one)) {
        return exchange->request_id;
    }
    if (has_one && (!makes || identity_peer_is_trusted(exchange))) {
        exchange->request_id = trace_request_id(&exchange->fields);
    }
    if (makes && exchange->request_id.length == 0) {
        struct random *random = &exchange->context->random;
        random_write(random, exchange->made_request_id);
        random_write(random, exchange->made_request_id + 16);
        exchange->request_id =
            slice_make(exchange->made_request_id, sizeof exchange->made_request_id);
    }
    return exchange->request_id;
}

struct slice identity_trace_id(const struct exchange *exchange)
{
    if (exchange->has_made_trace) {
        return trace_id_of(
            slice_make(exchange->made_trace_parent, sizeof exchange->made_trace_parent));
    }
    if (exchange->progress < PROGRESS_HEAD || !fields_has(&exchange->fields, FIELD_TRACEPARENT)) {
        return slice_make(NULL, 0);
    }
    return trace_id(&exchange->fields);
}

/* Version 00, not sampled: nobody in front of us has asked for a trace. */
struct slice identity_make_trace_parent(struct exchange *exchange)
{
    char *text = exchange->made_trace_parent;
    if (!exchange->has_made_trace) {
        struct random *random = &exchange->context->random;
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
