#include <criterion/criterion.h>

#include "verbgate/base/list.h"

struct item {
    int number;
    struct list_node node;
};

/* The numbers in the list as one decimal, walked in both directions. */
static int numbers_of(const struct list_node *list)
{
    int forward = 0;
    int backward = 0;
    int place = 1;
    for (struct list_node *at = list->next; at != list; at = at->next) {
        forward = forward * 10 + LIST_OBJECT(at, struct item, node)->number;
    }
    for (struct list_node *at = list->previous; at != list; at = at->previous) {
        backward += place * LIST_OBJECT(at, struct item, node)->number;
        place *= 10;
    }
    cr_expect_eq(forward, backward);
    return forward;
}

static void make_items(struct item *items, int count)
{
    for (int i = 0; i < count; i++) {
        items[i].number = i + 1;
        list_init(&items[i].node);
    }
}

Test(list, is_empty_at_first)
{
    struct list_node list;
    list_init(&list);
    cr_expect(list_is_empty(&list));
    cr_expect_eq(numbers_of(&list), 0);
}

Test(list, keeps_the_order_of_appended_and_prepended_nodes)
{
    struct list_node list;
    struct item items[4];
    list_init(&list);
    make_items(items, 4);
    list_append(&list, &items[0].node);
    list_append(&list, &items[1].node);
    list_prepend(&list, &items[2].node);
    list_append(&list, &items[3].node);
    cr_expect_eq(numbers_of(&list), 3124);
    cr_expect(!list_is_empty(&list));
}

Test(list, gives_up_its_first_middle_and_last_node)
{
    struct list_node list;
    struct item items[5];
    list_init(&list);
    make_items(items, 5);
    for (int i = 0; i < 5; i++) {
        list_append(&list, &items[i].node);
    }
    list_remove(&items[2].node);
    cr_expect_eq(numbers_of(&list), 1245);
    list_remove(&items[0].node);
    cr_expect_eq(numbers_of(&list), 245);
    list_remove(&items[4].node);
    cr_expect_eq(numbers_of(&list), 24);
    list_remove(&items[1].node);
    list_remove(&items[3].node);
    cr_expect(list_is_empty(&list));
}

Test(list, lets_a_node_be_removed_twice_and_added_again)
{
    struct list_node list;
    struct item items[2];
    list_init(&list);
    make_items(items, 2);
    list_remove(&items[0].node);
    list_append(&list, &items[0].node);
    list_append(&list, &items[1].node);
    list_remove(&items[0].node);
    list_remove(&items[0].node);
    cr_expect(list_is_empty(&items[0].node));
    list_append(&list, &items[0].node);
    cr_expect_eq(numbers_of(&list), 21);
}
