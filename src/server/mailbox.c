#include "verbgate/server/mailbox.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

bool mailbox_init(struct mailbox *mailbox, uv_loop_t *loop, uv_async_cb on_letters)
{
    mailbox->first = mailbox->last = NULL;
    mailbox->is_closed = false;
    if (uv_mutex_init(&mailbox->lock) != 0) {
        return false;
    }
    if (uv_async_init(loop, &mailbox->wake, on_letters) != 0) {
        uv_mutex_destroy(&mailbox->lock);
        return false;
    }
    return true;
}

/* With the lock: a worker that ends takes it before its handle goes. */
static void wake(struct mailbox *mailbox)
{
    if (!mailbox->is_closed) {
        uv_async_send(&mailbox->wake);
    }
}

void mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
    letter->next = NULL;
    uv_mutex_lock(&mailbox->lock);
    if (mailbox->first == NULL) {
        mailbox->first = letter;
    } else {
        mailbox->last->next = letter;
    }
    mailbox->last = letter;
    wake(mailbox);
    uv_mutex_unlock(&mailbox->lock);
}

struct letter *mailbox_take(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->lock);
    struct letter *letter = mailbox->first;
    if (letter != NULL) {
        mailbox->first = letter->next;
    }
    uv_mutex_unlock(&mailbox->lock);
    return letter;
}

void mailbox_wake(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->lock);
    wake(mailbox);
    uv_mutex_unlock(&mailbox->lock);
}

void mailbox_close(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->lock);
    mailbox->is_closed = true;
    uv_mutex_unlock(&mailbox->lock);
    uv_close((uv_handle_t *)&mailbox->wake, NULL);
}

bool mailbox_is_closed(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->lock);
    bool is_closed = mailbox->is_closed;
    uv_mutex_unlock(&mailbox->lock);
    return is_closed;
}

void mailbox_finish(struct mailbox *mailbox)
{
    struct letter *letter;
    while ((letter = mailbox_take(mailbox)) != NULL) {
        if (letter->kind == LETTER_INSTALL) {
            policy_release(letter->policy);
        } else if (letter->kind == LETTER_LISTEN) {
            close(letter->descriptor);
        }
        free(letter);
    }
    uv_mutex_destroy(&mailbox->lock);
}

/* ---- letters that are made beforehand */

bool letter_stock_fill(struct letter_stock *stock, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct letter *letter = calloc(1, sizeof *letter);
        if (letter == NULL) {
            letter_stock_empty(stock);
            return false;
        }
        letter->next = stock->first;
        stock->first = letter;
    }
    return true;
}

struct letter *letter_stock_take(struct letter_stock *stock)
{
    struct letter *letter = stock->first;
    assert(letter != NULL);
    stock->first = letter->next;
    return letter;
}

void letter_stock_empty(struct letter_stock *stock)
{
    while (stock->first != NULL) {
        free(letter_stock_take(stock));
    }
}
