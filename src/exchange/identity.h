/* Who asks: the peer and whether it is trusted, the client behind it, the ids of the request. */
#ifndef VERBGATE_EXCHANGE_IDENTITY_H
#define VERBGATE_EXCHANGE_IDENTITY_H

#include "verbgate/exchange/exchange.h"

/* Whether the peer is one of trusted-proxies, so that what it says of the client is believed. */
bool identity_peer_is_trusted(struct exchange *exchange);

/* The client's IP as text: the peer's, or, written to `out`, what a trusted one says. */
struct slice identity_client_ip(struct exchange *exchange, char out[INET6_ADDRSTRLEN]);

/* The request's id, made when the policy wants one; empty when there is none. */
struct slice identity_request_id(struct exchange *exchange);

/* The trace-id of the valid traceparent that came or was made; empty when there is none. */
struct slice identity_trace_id(const struct exchange *exchange);

/* A traceparent of our own, the same one each time. */
struct slice identity_make_trace_parent(struct exchange *exchange);

#endif
