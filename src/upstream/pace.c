#include "verbgate/upstream/pace.h"

void pace_init(struct pace *pace)
{
    *pace = (struct pace){.limits = PACE_LIMITS, .room = PACE_LIMITS.most, .period = 1};
}

/* ---- openings */

static void forget_opening(struct pace *pace)
{
    pace->opening = 0;
    pace->period++;
    if (pace->period == 0) {
        pace->period = 1;
    }
}

struct pace_opening pace_begin(struct pace *pace)
{
    pace->opening++;
    pace->begun_takes = pace->takes;
    return (struct pace_opening){pace->period, pace->takes};
}

void pace_end(struct pace *pace, struct pace_opening *opening)
{
    if (opening->period == pace->period) {
        pace->opening--;
    }
    opening->period = 0;
}

/* Whether the other connections were used often enough since there were `takes`. Some of them may be at work on
 * something long; then it takes more to be late. */
static bool is_late(const struct pace *pace, uint64_t takes, uint64_t others)
{
    uint64_t in_use = others > pace->opening ? others - pace->opening : 0;
    return pace->takes - takes > PACE_LATE_TURNS * in_use;
}

void pace_answered(struct pace *pace, struct pace_opening *opening, uint64_t others)
{
    pace->is_late = is_late(pace, opening->takes, others);
    if (pace->is_late) {
        pace->room = pace->limits.most;
    }
    pace_end(pace, opening);
}

/* ---- the queue */

static void begin_tick(struct pace *pace, uint64_t now_ms)
{
    pace->tick_takes = pace->takes;
    pace->tick_ms = now_ms;
}

void pace_begin_queue(struct pace *pace, uint64_t now_ms)
{
    pace_end_queue(
        pace); /* what first answers were like before there was a queue says nothing now */
    pace->begun_takes = pace->takes;
    begin_tick(pace, now_ms);
}

void pace_end_queue(struct pace *pace)
{
    pace->room = pace->limits.most;
    pace->is_late = false;
    pace->still_ms = pace->held_ms = 0;
}

static void make_room(struct pace *pace, unsigned factor)
{
    forget_opening(pace);
    if (pace->room < PACE_ROOM_MOST) {
        pace->room *= factor;
    }
}

void pace_judge(struct pace *pace, unsigned waiting, uint64_t others, uint64_t now_ms)
{
    uint64_t served = pace->takes - pace->tick_takes;
    uint64_t ms = now_ms - pace->tick_ms;
    bool is_slow = served * pace->limits.wait_ms < waiting * ms;
    bool is_busy = pace->is_late || is_late(pace, pace->begun_takes, others);
    pace->still_ms = served == 0 ? pace->still_ms + ms : 0;
    pace->held_ms = is_slow && is_busy ? pace->held_ms + ms : 0;
    if (is_slow && (!is_busy || pace->still_ms >= pace->limits.still_ms)) {
        make_room(pace, PACE_FACTOR);
    } else if (pace->held_ms >= pace->limits.hold_ms) {
        make_room(pace, 1);
    }
    begin_tick(pace, now_ms);
}
