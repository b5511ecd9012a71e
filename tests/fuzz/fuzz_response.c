/* A backend's stream, any interim responses and a final one, comes to the same result whole and in
 * pieces, as the answer to GET and to HEAD. */
#include "fuzz.h"
#include "received.h"

enum { RESPONSES_MAX = 8 };

/* Reads one response both ways. Returns its length, or 0 when no other can follow it. */
static size_t read_both_ways(struct slice stream, enum method method)
{
    struct received_response whole;
    struct received_response split;
    received_response_read(&whole, stream, FEED_WHOLE, method);
    received_response_read(&split, stream, FEED_PIECES, method);
    received_response_compare(&whole, &split);
    bool goes_on = whole.base.status == MESSAGE_DONE;
    size_t used = whole.base.used;
    received_finish(&whole.base);
    received_finish(&split.base);
    return goes_on ? used : 0;
}

static void read_stream(struct slice stream, enum method method)
{
    size_t used = 1;
    for (int i = 0; i < RESPONSES_MAX && used > 0 && stream.length > 0; i++) {
        used = read_both_ways(stream, method);
        stream = slice_after(stream, used);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice stream = slice_make((const char *)data, size);
    if (size <= FUZZ_INPUT_MAX) {
        read_stream(stream, METHOD_GET);
        read_stream(stream, METHOD_HEAD);
    }
    return 0;
}
