#include "verbgate/base/sink.h"

bool sink_flush(const struct sink *sink, struct writer *writer)
{
    struct slice piece = writer_slice(writer);
    writer->length = 0;
    return !writer->overflow && sink->put(sink->context, piece);
}
