/* A stream of requests comes to the same result whole and in pieces. */
#include "fuzz.h"
#include "received.h"

enum { REQUESTS_MAX = 8 };

/* Reads one request both ways. Returns its length, or 0 when no other can follow it. */
static size_t read_both_ways(struct slice stream)
{
    struct received_request whole;
    struct received_request split;
    received_request_read(&whole, stream, FEED_WHOLE);
    received_request_read(&split, stream, FEED_PIECES);
    received_request_compare(&whole, &split);
    bool goes_on = whole.base.status == MESSAGE_DONE && whole.base.connection.is_persistent;
    size_t used = whole.base.used;
    received_finish(&whole.base);
    received_finish(&split.base);
    return goes_on ? used : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice stream = slice_make((const char *)data, size);
    size_t used = 1;
    for (int i = 0; i < REQUESTS_MAX && size <= FUZZ_INPUT_MAX && used > 0 && stream.length > 0;
         i++) {
        used = read_both_ways(stream);
        stream = slice_after(stream, used);
    }
    return 0;
}
