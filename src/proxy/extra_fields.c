/* Fields that the gateway adds to heads on their way, beside those that every head has. */
#include "exchange_steps.h"

#include <assert.h>

/* Each option bounds what it may add, so that all of it fits. */
static struct slice written(struct writer *writer)
{
    assert(!writer->overflow);
    return writer_slice(writer);
}

/* What names another method than the request line walks round the policy, unless the policy says so. */
static void write_override(struct exchange *exchange, struct writer *writer)
{
    bool is_sent_as_post = exchange_is_sent_as_post(exchange);
    if ((exchange->verdict.strips_override || is_sent_as_post) &&
        fields_has_any(&exchange->request_fields, FIELDS_OVERRIDE)) {
        fields_withhold_ids(&exchange->request_fields, FIELDS_OVERRIDE);
    }
    if (is_sent_as_post) {
        const struct policy *policy = exchange->snapshot->policy;
        writer_literal(writer, "X-HTTP-Method-Override: ");
        writer_put(writer, method_extensions_name(&policy->extensions, exchange->verdict.method));
        writer_literal(writer, "\r\n");
    }
}

struct slice exchange_extra_onward(struct exchange *exchange)
{
    struct writer *writer = &exchange->proxy->extra;
    writer->length = 0;
    write_override(exchange, writer);
    return written(writer);
}

struct slice exchange_extra_back(struct exchange *exchange)
{
    struct writer *writer = &exchange->proxy->extra;
    writer->length = 0;
    return written(writer);
}
