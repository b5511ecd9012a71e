/*
 * Gives out a stream of bytes as a socket would: whole, or in pieces whose sizes are taken from the
 * stream itself. A head arrives in one block of memory; the part that has not arrived is poisoned,
 * so AddressSanitizer sees a parser that reads ahead. Chunked content arrives in a block of its own
 * for each piece.
 */
#ifndef VERBGATE_FUZZ_FEED_H
#define VERBGATE_FUZZ_FEED_H

#include "verbgate/http/framing.h"
#include "verbgate/http/message.h"

enum feed_mode { FEED_WHOLE, FEED_PIECES };

struct feed {
    enum feed_mode mode;
    struct slice stream; /* from the first byte of the message on */
    unsigned pieces;     /* given out so far */
    char *head;          /* owned: room for `head_max` bytes, or for the stream if that is less */
    size_t head_max;
    size_t arrived; /* of head */
};

void feed_start(struct feed *feed, struct slice stream, enum feed_mode mode, size_t head_max);
void feed_finish(struct feed *feed);

/* Lets more of the head arrive. False when head_max or the end of the stream is reached. */
bool feed_more(struct feed *feed);

/* Content that was taken out of a stream. */
struct content {
    char *data; /* owned; what was decoded */
    size_t length;
    size_t used; /* bytes of the stream behind the head */
    enum message_status status;
};

/* Takes the content behind a head of `head_length` bytes that has arrived. FRAMING_UNTIL_CLOSE
 * takes the stream to its end. */
void content_take(struct content *content, struct feed *feed, size_t head_length,
                  struct message *message, const struct framing *framing);
void content_finish(struct content *content);

#endif
