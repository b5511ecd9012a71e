/*
 * An intrusive doubly linked list. The node lives in the object; the list head is a node that
 * belongs to no object. A node outside any list points to itself, so removal is always safe.
 */
#ifndef VERBGATE_BASE_LIST_H
#define VERBGATE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

/* The object that `node` is the member `member` of. */
#define LIST_OBJECT(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Makes `node` an empty list, or a node outside any list. */
static inline void list_init(struct list_node *node)
{
    node->next = node;
    node->previous = node;
}

/* True for an empty list, and for a node outside any list. */
static inline bool list_is_empty(const struct list_node *list)
{
    return list->next == list;
}

static inline void list_insert_between(struct list_node *node, struct list_node *previous,
                                       struct list_node *next)
{
    node->previous = previous;
    node->next = next;
    previous->next = node;
    next->previous = node;
}

/* Adds `node`, which must be outside any list, at the end. */
static inline void list_append(struct list_node *list, struct list_node *node)
{
    list_insert_between(node, list->previous, list);
}

/* Adds `node`, which must be outside any list, at the front. */
static inline void list_prepend(struct list_node *list, struct list_node *node)
{
    list_insert_between(node, list, list->next);
}

/* Takes `node` out of its list, if it is in one. */
static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

#endif
