#include <criterion/criterion.h>

#include "verbgate/exchange/relay_room.h"

/* One step of a direction: a read, and what became of it. */
struct step {
    uint64_t turn;
    size_t room;   /* that it is to be given */
    size_t length; /* that it brings */
    bool is_queued;
};

enum { KIB = 1024 };

static const struct step steps[] = {
    /* Filled and taken: it doubles, as far as the turn's share goes. */
    {1, 64 * KIB, 64 * KIB, false},
    {1, 128 * KIB, 128 * KIB, false},
    {1, 256 * KIB, 256 * KIB, false},
    {1, 512 * KIB, 512 * KIB, false},
    {1, 64 * KIB, 64 * KIB, false},
    {1, 0, 0, false},
    {2, 512 * KIB, 512 * KIB, false},
    {2, 512 * KIB, 512 * KIB, false},
    {2, 0, 0, false},
    /* Not filled: it stays. */
    {3, 512 * KIB, 512 * KIB - 1, false},
    {3, 512 * KIB, 1, false},
    /* Queued: it begins again. */
    {4, 512 * KIB, 512 * KIB, true},
    {5, 64 * KIB, 64 * KIB, false},
    {6, 128 * KIB, 100, true},
    {7, 64 * KIB, 100, false},
    {8, 64 * KIB, 64 * KIB, true},
    {9, 64 * KIB, 64 * KIB, false},
    {10, 128 * KIB, 100, false},
};

static void take(struct relay_room *room, const struct step *step, unsigned *large_rooms)
{
    if (step->length == 0) {
        return;
    }
    relay_room_note(room, step->turn, step->length);
    relay_room_settle(room, step->is_queued, large_rooms);
    if (step->is_queued) {
        unsigned before = *large_rooms;
        relay_room_settle(room, true, large_rooms);
        cr_assert_eq(*large_rooms, before, "what it brought is still held");
        relay_room_settle(room, false, large_rooms);
        cr_assert_eq(*large_rooms, 0);
    }
}

Test(relay_room, grows_while_it_is_filled_and_taken_and_starts_over_when_something_is_queued)
{
    struct relay_room room = {0};
    unsigned large_rooms = 0;
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        cr_assert_eq(relay_room_bytes(&room, steps[i].turn), steps[i].room, "step %u: %zu", i,
                     relay_room_bytes(&room, steps[i].turn));
        take(&room, &steps[i], &large_rooms);
    }
    cr_assert_eq(large_rooms, 1);
    relay_room_end(&room, &large_rooms);
    relay_room_end(&room, &large_rooms);
    cr_assert_eq(large_rooms, 0);
}

Test(relay_room, counts_chunk_framing_for_more_than_its_length)
{
    struct relay_room room = {0};
    relay_room_note(&room, 1, 64 * KIB);
    relay_room_note_framing(&room, RELAY_TURN_BYTES / 8 - 65 * KIB);
    cr_assert_gt(relay_room_bytes(&room, 1), 0);
    relay_room_note_framing(&room, 65 * KIB);
    cr_assert_eq(relay_room_bytes(&room, 1), 0);
    cr_assert_gt(relay_room_bytes(&room, 2), 0);
}

static void fill(struct relay_room *room, unsigned *large_rooms)
{
    static uint64_t turn;
    turn++;
    relay_room_note(room, turn, relay_room_bytes(room, turn));
    relay_room_settle(room, false, large_rooms);
}

Test(relay_room, is_large_for_a_bounded_number_at_a_time)
{
    static struct relay_room rooms[RELAY_LARGE_ROOMS + 1];
    struct relay_room *last = &rooms[RELAY_LARGE_ROOMS];
    unsigned large_rooms = 0;
    for (unsigned i = 0; i <= RELAY_LARGE_ROOMS; i++) {
        fill(&rooms[i], &large_rooms);
    }
    cr_assert_eq(large_rooms, RELAY_LARGE_ROOMS);
    cr_assert_eq(relay_room_bytes(&rooms[0], 0), 2 * RELAY_ROOM_LEAST);
    cr_assert_eq(relay_room_bytes(last, 0), RELAY_ROOM_LEAST);
    fill(&rooms[0], &large_rooms);
    cr_assert_eq(relay_room_bytes(&rooms[0], 0), 4 * RELAY_ROOM_LEAST, "it has its place");
    relay_room_end(&rooms[0], &large_rooms);
    fill(last, &large_rooms);
    cr_assert_eq(relay_room_bytes(last, 0), 2 * RELAY_ROOM_LEAST);
}
