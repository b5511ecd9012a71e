#include "verbgate/http/fault.h"

#include <assert.h>

static const struct {
    unsigned status;
    const char *sentence;
} faults[] = {
#define X(name, status, sentence) [FAULT_##name] = {status, sentence},
    HTTP_FAULTS(X)
#undef X
};

unsigned fault_status(enum http_fault fault)
{
    assert(fault < FAULT_COUNT);
    return faults[fault].status;
}

const char *fault_sentence(enum http_fault fault)
{
    assert(fault < FAULT_COUNT);
    return faults[fault].sentence;
}
