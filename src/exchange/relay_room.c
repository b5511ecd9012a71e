#include "verbgate/exchange/relay_room.h"

static size_t full_room(const struct relay_room *room)
{
    return (size_t)RELAY_ROOM_LEAST << room->doublings;
}

size_t relay_room_bytes(const struct relay_room *room, uint64_t turn)
{
    size_t read = room->turn == turn ? room->turn_bytes : 0;
    size_t left = read < RELAY_TURN_BYTES ? RELAY_TURN_BYTES - read : 0;
    return left < full_room(room) ? left : full_room(room);
}

void relay_room_note(struct relay_room *room, uint64_t turn, size_t length)
{
    if (room->turn != turn) {
        room->turn = turn;
        room->turn_bytes = 0;
    }
    room->turn_bytes += length;
    room->is_filled = length >= full_room(room);
}

static void enlarge(struct relay_room *room, unsigned *large_rooms)
{
    if (room->doublings == 0 && *large_rooms < RELAY_LARGE_ROOMS) {
        (*large_rooms)++;
        room->doublings = 1;
    } else if (room->doublings > 0 && room->doublings < RELAY_ROOM_DOUBLINGS) {
        room->doublings++;
    }
}

void relay_room_resize(struct relay_room *room, bool is_queued, unsigned *large_rooms)
{
    /* Nothing is read meanwhile, but what is queued may be as large as the room that it came in. */
    if (!is_queued && room->was_queued) {
        relay_room_end(room, large_rooms);
    } else if (!is_queued && room->is_filled) {
        enlarge(room, large_rooms);
    }
    room->was_queued = is_queued;
    room->is_filled = false;
}

void relay_room_end(struct relay_room *room, unsigned *large_rooms)
{
    if (room->doublings > 0) {
        room->doublings = 0;
        (*large_rooms)--;
    }
}
