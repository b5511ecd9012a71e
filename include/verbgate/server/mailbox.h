/*
 * A worker's mailbox: letters from other threads, which the worker's loop takes out in order. Posting cannot fail,
 * since the sender brings the letter: a letter that must arrive is made beforehand.
 */
#ifndef VERBGATE_SERVER_MAILBOX_H
#define VERBGATE_SERVER_MAILBOX_H

#include "verbgate/base/attributes.h"
#include "verbgate/policy/policy.h"

#include <uv.h>

enum letter_kind {
    LETTER_INSTALL,
    LETTER_LISTEN,
    LETTER_UNLISTEN,
    LETTER_RETIRE,
    LETTER_DRAIN,
    LETTER_ABORT,
    LETTER_LEAVE
};

struct letter {
    struct letter *next;
    enum letter_kind kind;
    const struct policy *policy; /* LETTER_INSTALL: one reference */
    unsigned listener;           /* LETTER_LISTEN, LETTER_UNLISTEN */
    int descriptor;              /* LETTER_LISTEN; owned */
};

struct mailbox {
    uv_mutex_t lock; /* guards all below */
    uv_async_t wake;
    struct letter *first, *last; /* oldest first; owned */
    bool is_closed;
};

/* An empty mailbox; `on_letters` runs on the loop after letters were posted, and after mailbox_wake. False: no
 * resources. */
MUST_CHECK bool mailbox_init(struct mailbox *mailbox, uv_loop_t *loop, uv_async_cb on_letters);

/* Puts the letter, which the mailbox owns from here on, behind the others. Any thread. */
void mailbox_post(struct mailbox *mailbox, struct letter *letter);

/* The oldest letter, which the caller frees; NULL: there is none. */
MUST_CHECK struct letter *mailbox_take(struct mailbox *mailbox);

/* Runs on_letters, unless the mailbox is closed. Any thread. */
void mailbox_wake(struct mailbox *mailbox);

/* Nobody wakes the loop from here on, so the loop may end. The loop's thread, once. */
void mailbox_close(struct mailbox *mailbox);

/* Whether it is closed. Any thread. */
bool mailbox_is_closed(struct mailbox *mailbox);

/* Frees it, with the letters that nobody took and what they own. The loop has ended. */
void mailbox_finish(struct mailbox *mailbox);

/* ---- letters that are made beforehand */

struct letter_stock {
    struct letter *first; /* owned */
};

/* Adds `count` letters. False: out of memory; then the stock is empty. */
MUST_CHECK bool letter_stock_fill(struct letter_stock *stock, unsigned count);

/* One letter; the stock must have it. */
struct letter *letter_stock_take(struct letter_stock *stock);

/* Frees what is left. */
void letter_stock_empty(struct letter_stock *stock);

#endif
