#include "verbgate/net/turns.h"

#include <assert.h>

void turns_init(struct turns *turns, uv_loop_t *loop)
{
    uv_idle_init(loop, &turns->idle); /* cannot fail for this kind */
    list_init(&turns->waiting);
    list_init(&turns->marker);
}

void turns_close(struct turns *turns)
{
    assert(list_is_empty(&turns->waiting));
    uv_close((uv_handle_t *)&turns->idle, NULL);
}

void turn_init(struct turn *turn, void (*run)(struct turn *turn))
{
    list_init(&turn->node);
    turn->run = run;
}

static void on_idle(uv_idle_t *idle)
{
    struct turns *turns = LIST_OBJECT(idle, struct turns, idle);
    /* Whoever asks again from here on stands behind the marker, and waits for the next turn. */
    struct list_node *marker = &turns->marker;
    list_append(&turns->waiting, marker);
    while (turns->waiting.next != marker) {
        struct turn *turn = LIST_OBJECT(turns->waiting.next, struct turn, node);
        list_remove(&turn->node);
        turn->run(turn);
    }
    list_remove(marker);
    if (list_is_empty(&turns->waiting)) {
        uv_idle_stop(idle);
    }
}

void turns_add(struct turns *turns, struct turn *turn)
{
    list_remove(&turn->node);
    list_append(&turns->waiting, &turn->node);
    uv_idle_start(&turns->idle, on_idle);
}

void turn_cancel(struct turn *turn)
{
    list_remove(&turn->node);
}
