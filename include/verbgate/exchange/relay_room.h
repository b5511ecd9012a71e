/*
 * How much content of one direction is read at once, and how much of it in one turn of the loop. All
 * zero is a direction that has not begun.
 *
 * A large read costs less for each byte, but what the recipient does not take of it has to be held. So
 * rooms begin small, double as long as each is filled and taken whole, and are small again once
 * something had to be queued. Few connections of a worker have large rooms at the same time, since each
 * of their recipients may stop at the worst moment: those count from the first doubling until nothing
 * is queued any more.
 *
 * One direction takes its share of a turn and then rests until the next one, when the other
 * connections have had theirs: without that a stream that is full is read up to 32 times.
 */
#ifndef VERBGATE_EXCHANGE_RELAY_ROOM_H
#define VERBGATE_EXCHANGE_RELAY_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RELAY_ROOM_LEAST = 64 * 1024, /* of one read, to begin with */
    RELAY_ROOM_DOUBLINGS = 3,
    RELAY_ROOM_MOST = RELAY_ROOM_LEAST << RELAY_ROOM_DOUBLINGS,
    RELAY_LARGE_ROOMS = 64,         /* rooms of a worker that are larger than the least */
    RELAY_TURN_BYTES = 1024 * 1024, /* of one direction in one turn of the loop */
    RELAY_FRAMING_COST = 8,         /* a byte of chunk framing takes so many bytes' time */
};

struct relay_room {
    uint64_t turn;
    size_t turn_bytes;  /* read in that turn */
    unsigned doublings; /* not 0: it is one of the worker's large rooms */
    bool is_filled;     /* by the last read */
    bool was_queued;    /* something of what it brought */
};

/* The room for the next read in `turn`; 0: this direction has had its share of it. */
size_t relay_room_bytes(const struct relay_room *room, uint64_t turn);

/* So much was read in `turn`. */
void relay_room_note(struct relay_room *room, uint64_t turn, size_t length);

/* So much of it was chunk framing: chunks of one byte take some fifteen times as long as plain content. */
static inline void relay_room_note_framing(struct relay_room *room, size_t length)
{
    room->turn_bytes += RELAY_FRAMING_COST * length;
}

void relay_room_resize(struct relay_room *room, bool is_queued, unsigned *large_rooms);

/* After each read, and when the queue has changed: whether something is queued for the recipient now.
 * `large_rooms` are the worker's. */
static inline void relay_room_settle(struct relay_room *room, bool is_queued, unsigned *large_rooms)
{
    if (is_queued || room->was_queued || room->is_filled) {
        relay_room_resize(room, is_queued, large_rooms);
    }
}

/* The direction is through. */
void relay_room_end(struct relay_room *room, unsigned *large_rooms);

#endif
