/* Who may be read, what each side is waited for, and until when. */
#ifndef VERBGATE_EXCHANGE_WAITS_H
#define VERBGATE_EXCHANGE_WAITS_H

#include "verbgate/exchange/exchange.h"

/* Lets both sides read or not, and arms their deadlines, by the states. After each event. */
void waits_update(struct exchange *exchange);

/* Whether the client's silence is to be looked through now and then, and the server's: it may have reset its connection
 * unheard. A server's reset matters only in a tunnel while its client is paused: content that has come before it still
 * goes to the client, whose own deadline bounds that. */
bool waits_client_is_deaf(const struct exchange *exchange);
bool waits_server_is_deaf(const struct exchange *exchange);

#endif
