#include "verbgate/exchange/side.h"

bool side_has_moved(const struct side *side, enum side_wait wait)
{
    if (wait != side->wait) {
        return true;
    }
    switch (wait) {
    case WAIT_TO_SEND:
        return (side->progress & SIDE_HAS_TAKEN) != 0;
    case WAIT_CONTENT:
        return (side->progress & SIDE_HAS_SENT) != 0;
    case WAIT_TUNNEL:
        return side->progress != 0;
    default:
        return false;
    }
}

void side_await(struct side *side, struct deadlines *deadlines, enum side_wait wait,
                uint32_t length_ms, size_t unsent)
{
    side->wait = wait;
    side->progress = 0;
    side->unsent = unsent;
    if (wait == WAIT_NOTHING) {
        deadline_cancel(side->deadline);
    } else {
        deadline_arm(deadlines, side->deadline, length_ms);
    }
}
