#include "verbgate/proxy/relay_room.h"

size_t relay_room_bytes(const struct relay_room *room, uint64_t turn)
{
    size_t read = room->turn == turn ? room->turn_bytes : 0;
    size_t left = read < RELAY_TURN_BYTES ? RELAY_TURN_BYTES - read : 0;
    return left < RELAY_ROOM_LEAST ? left : RELAY_ROOM_LEAST;
}

void relay_room_note(struct relay_room *room, uint64_t turn, size_t length)
{
    if (room->turn != turn) {
        room->turn = turn;
        room->turn_bytes = 0;
    }
    room->turn_bytes += length;
}
