#include <criterion/criterion.h>

#include "verbgate/base/arena.h"

#include <stdalign.h>

Test(arena, gives_zeroed_and_aligned_memory)
{
    static const unsigned char zeros[40];
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t bytes = 1; bytes <= sizeof zeros; bytes++) {
        unsigned char *memory = arena_take(&arena, bytes);
        cr_assert(memory != NULL);
        cr_expect_eq((uintptr_t)memory % alignof(max_align_t), 0);
        cr_expect_eq(memcmp(memory, zeros, bytes), 0);
        memset(memory, 0xff, bytes);
    }
    arena_finish(&arena);
}

Test(arena, keeps_pieces_apart_across_blocks)
{
    enum { COUNT = 100, BYTES = 1000 };
    struct arena arena;
    char *pieces[COUNT];
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < COUNT; i++) {
        pieces[i] = arena_take(&arena, BYTES);
        cr_assert(pieces[i] != NULL);
        memset(pieces[i], i, BYTES);
    }
    for (int i = 0; i < COUNT; i++) {
        cr_expect_eq(pieces[i][0], i);
        cr_expect_eq(pieces[i][BYTES - 1], i);
    }
    arena_finish(&arena);
}

Test(arena, gives_pieces_larger_than_a_block)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char *memory = arena_take(&arena, 100000);
    cr_assert(memory != NULL);
    memset(memory, 1, 100000);
    cr_expect(arena_take(&arena, 1) != NULL);
    arena_finish(&arena);
}

Test(arena, stops_at_its_maximum)
{
    struct arena arena;
    arena_init(&arena, 64);
    cr_expect(arena_take(&arena, 65) == NULL);
    cr_expect(arena_take(&arena, 48) != NULL);
    cr_expect(arena_take(&arena, 17) == NULL);
    cr_expect(arena_take(&arena, 16) != NULL);
    cr_expect(arena_take(&arena, 1) == NULL);
    cr_expect(arena_take(&arena, 0) != NULL);
    cr_expect_eq(arena.used_bytes, 64);
    arena_finish(&arena);
}

Test(arena, can_be_used_again_after_its_end)
{
    struct arena arena;
    arena_init(&arena, 32);
    cr_expect(arena_take(&arena, 32) != NULL);
    arena_finish(&arena);
    cr_expect(arena_take(&arena, 32) != NULL);
    arena_finish(&arena);
    arena_finish(&arena);
}

Test(arena, refuses_sizes_that_overflow)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 40,
                                   SIZE_MAX / 2 + 1};
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cr_expect(arena_take(&arena, sizes[i]) == NULL, "%zu", sizes[i]);
    }
    cr_expect(arena_take_array(&arena, SIZE_MAX / 8, 16) == NULL);
    cr_expect(arena_take_array(&arena, 2, SIZE_MAX / 2 + 2) == NULL);
    cr_expect_eq(arena.used_bytes, 0);
    arena_finish(&arena);
}

Test(arena, gives_arrays)
{
    struct arena arena;
    arena_init(&arena, 4096);
    uint64_t *numbers = arena_take_array(&arena, 10, sizeof *numbers);
    cr_assert(numbers != NULL);
    numbers[9] = 1;
    cr_expect_eq(arena.used_bytes, 80);
    arena_finish(&arena);
}

Test(arena, copies_slices_with_a_nul_behind_them)
{
    struct arena arena;
    arena_init(&arena, 48);
    struct slice copy = arena_copy(&arena, SLICE("a\0b"));
    cr_expect(slice_equal(copy, SLICE("a\0b")));
    cr_expect_eq(copy.data[3], '\0');
    struct slice empty = arena_copy(&arena, slice_make(NULL, 0));
    cr_expect_str_eq(empty.data, "");
    cr_expect_eq(empty.length, 0);
    cr_expect(arena_copy(&arena, SLICE("0123456789abcdef")).data == NULL);
    arena_finish(&arena);
}
