#include "verbgate/server/listeners.h"

#include "verbgate/base/log.h"
#include "verbgate/net/resolver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* A listener is known by its address; with port 0 several may have the same, and the name tells
 * them apart. */
static struct listeners_entry *find(struct listeners *listeners,
                                    const struct policy_listener *wanted)
{
    bool is_tcp = wanted->bind.kind != ADDRESS_UNIX && wanted->bind.kind != ADDRESS_INHERITED;
    bool has_port = !is_tcp || wanted->bind.port != 0;
    for (unsigned i = 0; i < listeners->count; i++) {
        struct listeners_entry *entry = &listeners->entries[i];
        if (slice_equal(slice_of(entry->text), wanted->bind_text) &&
            (has_port || slice_equal(slice_of(entry->name), wanted->name))) {
            return entry;
        }
    }
    return NULL;
}

static void free_entry(struct listeners_entry *entry)
{
    free(entry->text);
    free(entry->name);
    *entry = (struct listeners_entry){0};
}

static bool open_entry(struct listeners *listeners, const struct policy_listener *wanted,
                       char problem[LISTENERS_PROBLEM_MAX])
{
    char reason[LISTENER_PROBLEM_MAX];
    struct socket_address addresses[RESOLVER_ADDRESSES_MAX] = {{.length = 0}};
    unsigned count = 0;
    struct listeners_entry entry = {.id = listeners->next_id,
                                    .is_wanted = true,
                                    .mode = wanted->mode,
                                    .wanted_mode = wanted->mode,
                                    .backlog = wanted->backlog,
                                    .wanted_backlog = wanted->backlog};
    bool is_socket = wanted->bind.kind == ADDRESS_ANY || wanted->bind.kind == ADDRESS_INHERITED;
    const char *unresolved = is_socket ? NULL : resolver_resolve(&wanted->bind, addresses, &count);
    unsigned place = listeners->count + listeners->opened;
    bool fine = unresolved == NULL && place < 2 * POLICY_LISTENERS_MAX;
    if (!fine) {
        snprintf(reason, sizeof reason, "cannot listen on %.*s: %s", SLICE_PRINT(wanted->bind_text),
                 unresolved != NULL ? unresolved : "too many listeners");
    } else {
        fine = listener_open(&wanted->bind, &addresses[0], wanted->backlog, wanted->mode,
                             listeners->workers, &entry.socket, reason);
    }
    if (!fine) {
        snprintf(problem, LISTENERS_PROBLEM_MAX, "%s:%u: %s", wanted->source.file,
                 wanted->source.line, reason);
        return false;
    }
    entry.text = strndup(wanted->bind_text.data, wanted->bind_text.length);
    entry.name = strndup(wanted->name.data, wanted->name.length);
    if (entry.text == NULL || entry.name == NULL) {
        snprintf(problem, LISTENERS_PROBLEM_MAX, "out of memory");
        listener_close(&entry.socket);
        free_entry(&entry);
        return false;
    }
    listeners->next_id++;
    listeners->entries[place] = entry;
    listeners->opened++;
    return true;
}

static void drop(struct listeners_entry *entry)
{
    listener_unlink(&entry->socket);
    listener_close(&entry->socket);
    free_entry(entry);
}

void listeners_roll_back(struct listeners *listeners)
{
    while (listeners->opened > 0) {
        listeners->opened--;
        drop(&listeners->entries[listeners->count + listeners->opened]);
    }
}

/* One letter for each socket that is handed out or taken back. */
static bool make_letters(const struct listeners *listeners, struct letter_stock *stock,
                         char problem[LISTENERS_PROBLEM_MAX])
{
    unsigned needed = 0;
    for (unsigned i = 0; i < listeners->count + listeners->opened; i++) {
        const struct listeners_entry *entry = &listeners->entries[i];
        if (i >= listeners->count || !entry->is_wanted) {
            needed += entry->socket.count;
        }
    }
    if (!letter_stock_fill(stock, needed)) {
        snprintf(problem, LISTENERS_PROBLEM_MAX, "out of memory");
        return false;
    }
    return true;
}

bool listeners_prepare(struct listeners *listeners, const struct policy *policy,
                       struct letter_stock *stock, char problem[LISTENERS_PROBLEM_MAX])
{
    listeners->opened = 0;
    for (unsigned i = 0; i < listeners->count; i++) {
        listeners->entries[i].is_wanted = false;
    }
    for (unsigned i = 0; i < policy->listener_count; i++) {
        const struct policy_listener *wanted = &policy->listeners[i];
        struct listeners_entry *entry = find(listeners, wanted);
        /* A Unix socket that no client can find any more is bound anew, and the old one goes. */
        if (entry != NULL && listener_is_in_place(&entry->socket)) {
            entry->is_wanted = true;
            entry->wanted_mode = wanted->mode;
            entry->wanted_backlog = wanted->backlog;
        } else if (!open_entry(listeners, wanted, problem)) {
            listeners_roll_back(listeners);
            return false;
        }
    }
    if (!make_letters(listeners, stock, problem)) {
        listeners_roll_back(listeners);
        return false;
    }
    return true;
}

/* Hands the descriptors out; they are the workers' from here on. */
static void hand_out(const struct listeners *listeners, struct listeners_entry *entry,
                     struct worker *workers, struct letter_stock *stock)
{
    for (unsigned i = 0; i < entry->socket.count; i++) {
        struct worker *worker = &workers[i % listeners->workers];
        worker_listen(worker, entry->id, entry->socket.descriptors[i], stock);
    }
    listener_lend(&entry->socket);
    char text[128];
    socket_address_text(&entry->socket.address, text, sizeof text);
    log_info("listening on %s (listener %s)", text, entry->name);
}

static void take_back(struct listeners *listeners, struct listeners_entry *entry,
                      struct worker *workers, struct letter_stock *stock)
{
    for (unsigned i = 0; i < entry->socket.count; i++) {
        atomic_fetch_add(&listeners->leaving, 1);
        worker_unlisten(&workers[i % listeners->workers], entry->id, stock);
    }
    listener_unlink(&entry->socket);
    log_info("no longer listening on %s (listener %s)", entry->text, entry->name);
    listener_close(&entry->socket);
    free_entry(entry);
}

/* What a kept listener can be changed in, and a word about what it cannot. */
static void adjust(struct listeners_entry *entry)
{
    if (entry->mode != entry->wanted_mode) {
        entry->mode = entry->wanted_mode;
        if (!listener_change_mode(&entry->socket, entry->mode)) {
            log_error("the mode of %s (listener %s) cannot be changed", entry->text, entry->name);
        }
    }
    if (entry->backlog != entry->wanted_backlog) {
        log_warn("the backlog of %s (listener %s) changes with a restart only", entry->text,
                 entry->name);
    }
}

void listeners_commit(struct listeners *listeners, struct worker *workers,
                      struct letter_stock *stock)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < listeners->count + listeners->opened; i++) {
        struct listeners_entry *entry = &listeners->entries[i];
        if (!entry->is_wanted) {
            take_back(listeners, entry, workers, stock);
            continue;
        }
        if (i >= listeners->count) {
            hand_out(listeners, entry, workers, stock);
        }
        adjust(entry);
        listeners->entries[kept++] = *entry;
    }
    listeners->count = kept;
    listeners->opened = 0;
}

void listeners_note_left(struct listeners *listeners)
{
    unsigned before = atomic_fetch_sub(&listeners->leaving, 1);
    assert(before > 0);
    (void)before;
}

bool listeners_are_leaving(const struct listeners *listeners)
{
    return atomic_load(&listeners->leaving) > 0;
}

void listeners_withdraw(struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        listener_unlink(&listeners->entries[i].socket);
    }
}

bool listeners_pass_on(const struct listeners *listeners, struct passed_sockets *passed)
{
    bool fine = true;
    for (unsigned i = 0; i < listeners->count && fine; i++) {
        fine = listener_pass_on(&listeners->entries[i].socket, passed);
    }
    return fine;
}

void listeners_claim(struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        struct listeners_entry *entry = &listeners->entries[i];
        listener_claim(&entry->socket);
        if (!listener_change_mode(&entry->socket, entry->mode)) {
            log_error("the mode of %s (listener %s) cannot be changed", entry->text, entry->name);
        }
    }
}

void listeners_disown(struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        listener_disown(&listeners->entries[i].socket);
    }
}

void listeners_finish(struct listeners *listeners)
{
    listeners_roll_back(listeners);
    while (listeners->count > 0) {
        drop(&listeners->entries[--listeners->count]);
    }
}
