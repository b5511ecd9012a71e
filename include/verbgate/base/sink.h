/* Where text of any length goes, piece by piece: a file, a growing buffer. */
#ifndef VERBGATE_BASE_SINK_H
#define VERBGATE_BASE_SINK_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/writer.h"

struct sink {
    /* Takes a piece that is gone after the call; false ends the writing. */
    bool (*put)(void *context, struct slice piece);
    void *context;
};

/* Hands what the writer holds to the sink and empties it. False when the sink or the writer failed. */
MUST_CHECK bool sink_flush(const struct sink *sink, struct writer *writer);

#endif
