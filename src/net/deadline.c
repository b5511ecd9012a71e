#include "verbgate/net/deadline.h"

#include "verbgate/net/event_batch.h"

#include <assert.h>

int deadlines_init(struct deadlines *deadlines, uv_loop_t *loop)
{
    deadlines->queue_count = 0;
    deadlines->looks = 0;
    deadlines->turn_ms = UINT64_MAX;
    deadlines->put_off_ms = 0;
    deadlines->timer_due_ms = UINT64_MAX;
    return uv_timer_init(loop, &deadlines->timer);
}

void deadlines_close(struct deadlines *deadlines)
{
    for (unsigned i = 0; i < deadlines->queue_count; i++) {
        assert(list_is_empty(&deadlines->queues[i].armed));
    }
    uv_close((uv_handle_t *)&deadlines->timer, NULL);
}

void deadline_init(struct deadline *deadline, void (*on_expired)(struct deadline *deadline))
{
    list_init(&deadline->node);
    deadline->due_ms = 0;
    deadline->on_expired = on_expired;
}

static struct deadline *first_of(struct deadline_queue *queue)
{
    return LIST_OBJECT(queue->armed.next, struct deadline, node);
}

static void on_timer(uv_timer_t *timer);

static void start_timer(struct deadlines *deadlines, uint64_t due_ms)
{
    uint64_t now = uv_now(deadlines->timer.loop);
    uint64_t wait = due_ms > now + DEADLINE_TICK_MS ? due_ms - now : DEADLINE_TICK_MS;
    deadlines->timer_due_ms = now + wait;
    uv_timer_start(&deadlines->timer, on_timer, wait, 0);
}

static uint64_t find_earliest(struct deadlines *deadlines)
{
    uint64_t earliest = UINT64_MAX;
    for (unsigned i = 0; i < deadlines->queue_count; i++) {
        struct deadline_queue *queue = &deadlines->queues[i];
        if (!list_is_empty(&queue->armed) && first_of(queue)->due_ms < earliest) {
            earliest = first_of(queue)->due_ms;
        }
    }
    return earliest;
}

/* True when the loop is to look for events first: between two calls of a timer it always does. Under load
 * one turn does not see all of them. */
static bool must_look(struct deadlines *deadlines, uint64_t now)
{
    if (deadlines->looks == 0) {
        deadlines->looked_ms = now;
    }
    bool must =
        deadlines->looks == 0 || (event_batch_was_full() && deadlines->looks < DEADLINE_LOOKS_MAX);
    deadlines->looks = must ? deadlines->looks + 1 : 0;
    return must;
}

/* What was due at `due_ms`. A callback may arm and cancel any deadline, so the queue's head is looked up anew each time. */
static void expire(struct deadlines *deadlines, uint64_t due_ms)
{
    for (unsigned i = 0; i < deadlines->queue_count; i++) {
        struct deadline_queue *queue = &deadlines->queues[i];
        while (!list_is_empty(&queue->armed) && first_of(queue)->due_ms <= due_ms) {
            struct deadline *deadline = first_of(queue);
            list_remove(&deadline->node);
            deadline->on_expired(deadline);
        }
    }
}

static bool was_armed_in_turn(const struct deadlines *deadlines, uint64_t armed_ms)
{
    /* The next turn begins in the millisecond in which this one ends: nothing is put off twice. */
    return armed_ms >= deadlines->turn_ms && armed_ms > deadlines->put_off_ms;
}

/* Puts off what was armed in the turn that has just ended, and is due already. These deadlines are the last of their
 * queues and stay so, since none is due later. */
static void count_from_end_of_turn(struct deadlines *deadlines, uint64_t now)
{
    bool has_put_off = false;
    for (unsigned i = 0; i < deadlines->queue_count; i++) {
        struct deadline_queue *queue = &deadlines->queues[i];
        for (struct list_node *node = queue->armed.previous; node != &queue->armed;
             node = node->previous) {
            struct deadline *deadline = LIST_OBJECT(node, struct deadline, node);
            if (deadline->due_ms > now ||
                !was_armed_in_turn(deadlines, deadline->due_ms - queue->length_ms)) {
                break;
            }
            deadline->due_ms = now + queue->length_ms;
            has_put_off = true;
        }
    }
    if (has_put_off) {
        deadlines->put_off_ms = now;
    }
}

/* Expires what is due, then sleeps until the earliest of the rest. */
static void on_timer(uv_timer_t *timer)
{
    struct deadlines *deadlines = LIST_OBJECT(timer, struct deadlines, timer);
    uint64_t now = uv_now(timer->loop);
    count_from_end_of_turn(deadlines, now);
    if (find_earliest(deadlines) > now) {
        deadlines->looks = 0;
        deadlines->looked_ms = now;
    } else if (must_look(deadlines, now)) {
        deadlines->timer_due_ms = now;
        uv_timer_start(timer, on_timer, DEADLINE_LOOK_MS, 0);
        return;
    }
    deadlines->timer_due_ms = UINT64_MAX;
    expire(deadlines, deadlines->looked_ms);
    uint64_t earliest = find_earliest(deadlines);
    if (earliest < deadlines->timer_due_ms) {
        start_timer(deadlines, earliest);
    }
}

/* The queue of this length. A queue that has run empty may be given another length: that is what a
 * reload with new time-outs leaves behind. */
static struct deadline_queue *find_queue(struct deadlines *deadlines, uint32_t length_ms)
{
    struct deadline_queue *empty = NULL;
    struct deadline_queue *longer = NULL;  /* the next longer one */
    struct deadline_queue *longest = NULL; /* when there is none longer */
    for (unsigned i = 0; i < deadlines->queue_count; i++) {
        struct deadline_queue *queue = &deadlines->queues[i];
        if (queue->length_ms == length_ms) {
            return queue;
        }
        if (list_is_empty(&queue->armed)) {
            empty = queue;
        }
        if (longest == NULL || queue->length_ms > longest->length_ms) {
            longest = queue;
        }
        if (queue->length_ms > length_ms &&
            (longer == NULL || queue->length_ms < longer->length_ms)) {
            longer = queue;
        }
    }
    if (deadlines->queue_count < DEADLINE_LENGTHS_MAX) {
        empty = &deadlines->queues[deadlines->queue_count++];
        list_init(&empty->armed);
    }
    if (empty != NULL) {
        empty->length_ms = length_ms;
        return empty;
    }
    return longer != NULL ? longer : longest;
}

void deadline_arm(struct deadlines *deadlines, struct deadline *deadline, uint32_t length_ms)
{
    struct deadline_queue *queue = find_queue(deadlines, length_ms);
    list_remove(&deadline->node);
    deadline->due_ms = uv_now(deadlines->timer.loop) + queue->length_ms;
    list_append(&queue->armed, &deadline->node);
    if (deadline->due_ms < deadlines->timer_due_ms) {
        start_timer(deadlines, deadline->due_ms);
    }
}
