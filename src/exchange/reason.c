#include "verbgate/exchange/reason.h"

#include <assert.h>

static const struct {
    bool is_error;
    unsigned status;
    const char *proxy_error;
    const char *text;
    const char *name;
} reasons[] = {
#define X(name, is_error, status, proxy_error, text) \
    [REASON_##name] = {is_error, status, proxy_error, text, #name},
    CLOSE_REASONS(X)
#undef X
};

bool reason_is_error(enum close_reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].is_error;
}

unsigned reason_status(enum close_reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].status;
}

const char *reason_proxy_error(enum close_reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].proxy_error;
}

const char *reason_text(enum close_reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].text;
}

const char *reason_name(enum close_reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].name;
}
