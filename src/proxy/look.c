/* A side that is not read from may reset its connection unheard: a client that has sent more than there is room for
 * while its server is silent, either side of a tunnel while the other one takes nothing. So it is looked at now and
 * then. Where something is queued for it, the kernel tells. */
#include "exchange_steps.h"

/* Once armed it stays so until it is due: an exchange that goes on has nothing to disarm. */
void exchange_look_later(struct exchange *exchange)
{
    if (!deadline_is_armed(&exchange->look)) {
        deadline_arm(&exchange->proxy->deadlines, &exchange->look, EXCHANGE_LOOK_MS);
    }
}

void exchange_on_look(struct deadline *deadline)
{
    struct exchange *exchange = LIST_OBJECT(deadline, struct exchange, look);
    struct stream *client = exchange_client(exchange);
    if (stream_is_deaf(client) && stream_is_cut(client)) {
        exchange_request_end(exchange, UV_ECONNRESET);
    } else if (exchange_server_is_deaf(exchange) && stream_is_cut(&exchange->upstream->stream)) {
        exchange_response_end(exchange, UV_ECONNRESET);
    } else if (stream_is_deaf(client) || exchange_server_is_deaf(exchange)) {
        exchange_look_later(exchange);
    }
}
