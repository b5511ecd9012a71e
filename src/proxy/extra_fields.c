/* Fields that the gateway adds to heads on their way, beside those that every head has. */
#include "exchange_steps.h"

#include <assert.h>

/* Each option bounds what it may add, so that all of it fits. */
static struct slice written(struct writer *writer)
{
    assert(!writer->overflow);
    return writer_slice(writer);
}

struct slice exchange_extra_onward(struct exchange *exchange)
{
    struct writer *writer = &exchange->proxy->extra;
    writer->length = 0;
    if (exchange->verdict.asks_get) {
        /* RFC 9110 section 14.2: a Range means nothing in a HEAD, but does in a GET. */
        fields_withhold(&exchange->request_fields, SLICE("range"));
        fields_withhold(&exchange->request_fields, SLICE("if-range"));
    }
    return written(writer);
}

struct slice exchange_extra_back(struct exchange *exchange)
{
    struct writer *writer = &exchange->proxy->extra;
    writer->length = 0;
    exchange_put_method_fields(exchange, writer);
    return written(writer);
}
