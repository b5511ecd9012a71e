#include "verbgate/exchange/exchange.h"

void exchange_trace_move(const struct exchange *exchange, const struct flow *flow,
                         enum flow_state state)
{
    log_debug("connection %u, from %.*s: the %s goes from %s to %s", exchange->client->number,
              SLICE_PRINT(client_peer_ip(exchange->client)),
              flow == &exchange->onward ? "request" : "response", flow_state_name(flow->state),
              flow_state_name(state));
}
