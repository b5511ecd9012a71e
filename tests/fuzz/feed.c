#include "feed.h"

#include "fuzz.h"

#include <assert.h>
#include <sanitizer/asan_interface.h>

static size_t head_room(const struct feed *feed)
{
    return feed->stream.length < feed->head_max ? feed->stream.length : feed->head_max;
}

void feed_start(struct feed *feed, struct slice stream, enum feed_mode mode, size_t head_max)
{
    *feed = (struct feed){.mode = mode, .stream = stream, .head_max = head_max};
    feed->head = fuzz_copy(slice_make(stream.data, head_room(feed)));
    ASAN_POISON_MEMORY_REGION(feed->head, head_room(feed));
}

void feed_finish(struct feed *feed)
{
    ASAN_UNPOISON_MEMORY_REGION(feed->head, head_room(feed));
    free(feed->head);
}

/* The size of the next piece, at most `left`. Sizes are read from the end of the stream backwards,
 * so that seeds are plain messages and a mutation can still choose any split. Text makes pieces of
 * 1 to 8 bytes, bytes outside ASCII make longer ones. */
static size_t next_piece(struct feed *feed, size_t left)
{
    if (feed->mode == FEED_WHOLE) {
        return left;
    }
    size_t at = feed->stream.length - 1 - feed->pieces++ % feed->stream.length;
    unsigned char byte = (unsigned char)feed->stream.data[at];
    size_t size = byte < 0x80 ? 1 + byte % 8u : 1 + 4 * (byte - 0x80u);
    return size < left ? size : left;
}

bool feed_more(struct feed *feed)
{
    size_t left = head_room(feed) - feed->arrived;
    if (left == 0) {
        return false;
    }
    feed->arrived += next_piece(feed, left);
    ASAN_UNPOISON_MEMORY_REGION(feed->head, feed->arrived);
    return true;
}

static void append(struct content *content, struct slice piece)
{
    if (piece.length > 0) {
        memcpy(content->data + content->length, piece.data, piece.length);
        content->length += piece.length;
    }
}

/* One piece of chunked content, decoded in place in a block of its own. */
static void take_piece(struct content *content, struct message *message, struct slice piece)
{
    char *block = fuzz_copy(piece);
    struct slice decoded = {NULL, 0};
    size_t used = 0;
    content->status = message_read_chunks(message, block, piece.length, &used, &decoded);
    if (content->status != MESSAGE_BAD) {
        assert(used <= piece.length && decoded.length <= used);
        assert(content->status == MESSAGE_DONE || used == piece.length);
        append(content, decoded);
        content->used += used;
    }
    free(block);
}

static void take_chunks(struct content *content, struct feed *feed, size_t head_length,
                        struct message *message)
{
    struct slice rest = slice_after(feed->stream, head_length);
    size_t size = feed->arrived - head_length; /* what came with the head */
    while (content->status == MESSAGE_MORE && rest.length > 0) {
        if (size == 0) {
            size = next_piece(feed, rest.length);
        }
        take_piece(content, message, slice_make(rest.data, size));
        rest = slice_after(rest, size);
        size = 0;
    }
}

void content_take(struct content *content, struct feed *feed, size_t head_length,
                  struct message *message, const struct framing *framing)
{
    struct slice rest = slice_after(feed->stream, head_length);
    *content = (struct content){.data = malloc(rest.length + 1), .status = MESSAGE_MORE};
    assert(content->data != NULL);
    switch (framing->kind) {
    case FRAMING_NONE:
        content->status = MESSAGE_DONE;
        break;
    case FRAMING_LENGTH:
        content->status = rest.length < framing->length ? MESSAGE_MORE : MESSAGE_DONE;
        content->used = content->status == MESSAGE_DONE ? (size_t)framing->length : rest.length;
        append(content, slice_make(rest.data, content->used));
        break;
    case FRAMING_CHUNKED:
        take_chunks(content, feed, head_length, message);
        break;
    case FRAMING_UNTIL_CLOSE:
        content->status = MESSAGE_DONE;
        content->used = rest.length;
        append(content, rest);
        break;
    }
}

void content_finish(struct content *content)
{
    free(content->data);
}
