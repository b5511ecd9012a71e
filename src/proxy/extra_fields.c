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
    return written(writer);
}

struct slice exchange_extra_back(struct exchange *exchange)
{
    struct writer *writer = &exchange->proxy->extra;
    writer->length = 0;
    return written(writer);
}
