#include <criterion/criterion.h>

#include "verbgate/base/slab.h"

#include <string.h>

enum { OBJECT_BYTES = 64 };

Test(slab, gives_objects_of_its_size_up_to_its_cap)
{
    struct slab slab;
    void *objects[3];
    slab_init(&slab, OBJECT_BYTES, 3, 3);
    for (int i = 0; i < 3; i++) {
        objects[i] = slab_take(&slab);
        cr_assert(objects[i] != NULL);
        memset(objects[i], i, OBJECT_BYTES);
    }
    cr_expect(slab_take(&slab) == NULL);
    cr_expect_eq(slab.out_count, 3);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(((char *)objects[i])[OBJECT_BYTES - 1], i);
        slab_give(&slab, objects[i]);
    }
    slab_finish(&slab);
}

Test(slab, gives_the_object_that_came_back_last)
{
    struct slab slab;
    slab_init(&slab, OBJECT_BYTES, 2, 2);
    void *first = slab_take(&slab);
    void *second = slab_take(&slab);
    cr_assert(first != NULL && second != NULL && first != second);
    slab_give(&slab, first);
    slab_give(&slab, second);
    cr_expect_eq(slab.spare_count, 2);
    cr_expect_eq(slab_take(&slab), second);
    cr_expect_eq(slab_take(&slab), first);
    cr_expect(slab_take(&slab) == NULL);
    slab_give(&slab, first);
    slab_give(&slab, second);
    slab_finish(&slab);
}

Test(slab, keeps_no_more_spares_than_it_was_told)
{
    struct slab slab;
    void *objects[8];
    slab_init(&slab, OBJECT_BYTES, 8, 2);
    for (int i = 0; i < 8; i++) {
        objects[i] = slab_take(&slab);
        cr_assert(objects[i] != NULL);
    }
    for (int i = 0; i < 8; i++) {
        slab_give(&slab, objects[i]);
    }
    cr_expect_eq(slab.spare_count, 2);
    cr_expect_eq(slab.out_count, 0);
    slab_finish(&slab);
    cr_expect_eq(slab.spare_count, 0);
}

Test(slab, works_without_spares)
{
    struct slab slab;
    slab_init(&slab, sizeof(void *), 1, 0);
    void *object = slab_take(&slab);
    cr_assert(object != NULL);
    slab_give(&slab, object);
    cr_expect_eq(slab.spare_count, 0);
    object = slab_take(&slab);
    cr_assert(object != NULL);
    slab_give(&slab, object);
    slab_finish(&slab);
}

Test(slab, takes_a_null_object_back_without_counting_it)
{
    struct slab slab;
    slab_init(&slab, OBJECT_BYTES, 1, 1);
    slab_give(&slab, NULL);
    cr_expect_eq(slab.out_count, 0);
    cr_expect_eq(slab.spare_count, 0);
    slab_finish(&slab);
}

Test(slab, counts_what_it_frees_and_not_what_it_keeps)
{
    struct slab slab;
    slab_init(&slab, 64, 4, 1);
    void *first = slab_take(&slab);
    void *second = slab_take(&slab);
    void *third = slab_take(&slab);
    cr_assert(first != NULL && second != NULL && third != NULL);
    slab_give(&slab, first);
    cr_assert_eq(slab.freed, 0u);
    slab_give(&slab, second);
    slab_discard(&slab, third);
    cr_assert_eq(slab.freed, 2u);
    slab_finish(&slab);
    cr_assert_eq(slab.freed, 2u, "spares are no burst");
}
