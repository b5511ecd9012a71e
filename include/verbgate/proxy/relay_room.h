/*
 * How much content of one direction is read at once, and how much of it in one turn of the loop. All
 * zero is a direction that has not begun.
 *
 * One direction takes its share of a turn and then rests until the next one, when the other
 * connections have had theirs: without that libuv reads up to 32 times from a stream that is full.
 */
#ifndef VERBGATE_PROXY_RELAY_ROOM_H
#define VERBGATE_PROXY_RELAY_ROOM_H

#include <stddef.h>
#include <stdint.h>

enum {
    RELAY_ROOM_LEAST = 64 * 1024,   /* of one read, to begin with */
    RELAY_TURN_BYTES = 1024 * 1024, /* of one direction in one turn of the loop */
};

struct relay_room {
    uint64_t turn;
    size_t turn_bytes; /* read in that turn */
};

/* The room for the next read in `turn`; 0: this direction has had its share of it. */
size_t relay_room_bytes(const struct relay_room *room, uint64_t turn);

/* So much was read in `turn`. */
void relay_room_note(struct relay_room *room, uint64_t turn, size_t length);

#endif
