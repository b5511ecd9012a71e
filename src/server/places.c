#include "verbgate/server/places.h"

#include <assert.h>

bool places_init(struct places *places, unsigned most)
{
    *places = (struct places){.most = most};
    list_init(&places->queue);
    return uv_mutex_init(&places->lock) == 0;
}

void places_finish(struct places *places)
{
    uv_mutex_destroy(&places->lock);
}

void places_join(struct places *places, struct places_member *member)
{
    assert(places->member_count < PLACES_MEMBERS_MAX);
    list_init(&member->node);
    member->has_place = false;
    member->closes_wanted = 0;
    places->members[places->member_count++] = member;
}

static void leave_queue(struct places *places, struct places_member *member)
{
    if (!list_is_empty(&member->node)) {
        list_remove(&member->node);
        places->queue_length--;
    }
}

bool places_take(struct places *places, struct places_member *member)
{
    uv_mutex_lock(&places->lock);
    /* While others stand in the queue a place that is free is theirs already. */
    bool is_free = places->taken < places->most;
    if (is_free) {
        places->taken++;
    } else if (list_is_empty(&member->node)) {
        list_append(&places->queue, &member->node);
        places->queue_length++;
    }
    uv_mutex_unlock(&places->lock);
    return is_free;
}

void places_take_beyond(struct places *places)
{
    uv_mutex_lock(&places->lock);
    places->taken++;
    uv_mutex_unlock(&places->lock);
}

/* Under the lock. */
static void give(struct places *places)
{
    assert(places->taken > 0);
    if (places->taken > places->most || list_is_empty(&places->queue)) {
        places->taken--;
        return;
    }
    struct places_member *first = LIST_OBJECT(places->queue.next, struct places_member, node);
    leave_queue(places, first);
    first->has_place = true;
    first->wake(first);
}

void places_give(struct places *places)
{
    uv_mutex_lock(&places->lock);
    give(places);
    uv_mutex_unlock(&places->lock);
}

bool places_collect(struct places *places, struct places_member *member)
{
    uv_mutex_lock(&places->lock);
    bool has_place = member->has_place;
    member->has_place = false;
    uv_mutex_unlock(&places->lock);
    return has_place;
}

void places_ask_for_close(struct places *places)
{
    struct places_member *longest = NULL;
    uint64_t least = UINT64_MAX;
    uv_mutex_lock(&places->lock);
    for (unsigned i = 0; i < places->member_count; i++) {
        uint64_t due_ms = counter_read(places->members[i]->idle_due_ms);
        if (due_ms < least) {
            least = due_ms;
            longest = places->members[i];
        }
    }
    if (longest != NULL) {
        longest->closes_wanted++;
        longest->wake(longest);
    }
    uv_mutex_unlock(&places->lock);
}

unsigned places_closes_wanted(struct places *places, struct places_member *member)
{
    uv_mutex_lock(&places->lock);
    unsigned wanted = member->closes_wanted;
    member->closes_wanted = 0;
    unsigned count = wanted < places->queue_length ? wanted : places->queue_length;
    uv_mutex_unlock(&places->lock);
    return count;
}

void places_leave(struct places *places, struct places_member *member)
{
    uv_mutex_lock(&places->lock);
    leave_queue(places, member);
    if (member->has_place) {
        member->has_place = false;
        give(places);
    }
    for (unsigned i = 0; i < places->member_count; i++) {
        if (places->members[i] == member) {
            places->members[i] = places->members[--places->member_count];
            break;
        }
    }
    uv_mutex_unlock(&places->lock);
}
