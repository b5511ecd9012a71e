#include <criterion/criterion.h>

#include "verbgate/learn/observed_path.h"

#include <stdlib.h>

static const struct {
    const char *path, *wanted;
} cases[] = {
    {"/", "/"},
    {"*", "*"},
    {"", "*"},
    {"orders", "*"},
    {"/orders", "/orders"},
    {"/orders/", "/orders"},
    {"/orders/17", "/orders/*"},
    {"/orders/17/items", "/orders/*/items"},
    {"/orders/17/items/5", "/orders/*/items/*"},
    {"/a/b/c/d/e/f", "/a/b/c/*"},
    {"/api/v1/list", "/api/v1/list"},
    {"/files/0a1b2c3d", "/files/*"},
    {"/files/feedface", "/files/*"},
    {"/files/feed", "/files/feed"},
    {"/f/123e4567-e89b-12d3-a456-426614174000", "/f/*"},
    {"/log/2026-11-22", "/log/*"},
    {"/order-12345", "/*"},
    {"/users/jo%40example", "/users/*"},
    {"/users/jo@example.com", "/users/*"},
    {"/a;b/c", "/*/c"},
    {"/a//b", "/a/*/b"},
    {"/a/../b", "/a/*/b"},
    {"/a/./b", "/a/*/b"},
    {"/*/x", "/*/x"},
    {"/\"x\"", "/*"},
    {"/$x", "/*"},
    {"/abcdefghijklmnopqrstuvwxyzghijkl", "/abcdefghijklmnopqrstuvwxyzghijkl"},
    {"/abcdefghijklmnopqrstuvwxyzghijklm", "/*"},
};

Test(observed_path, keeps_the_resource_and_drops_whose_it_is)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* A copy that ends where its memory ends. */
        size_t length = strlen(cases[i].path);
        char *copy = malloc(length > 0 ? length : 1);
        memcpy(copy, cases[i].path, length);
        char text[OBSERVED_PATH_MAX];
        struct writer writer = writer_make(text, sizeof text);
        observed_path_write(&writer, slice_make(copy, length));
        cr_assert_not(writer.overflow);
        cr_assert(slice_equal(writer_slice(&writer), slice_of(cases[i].wanted)),
                  "%s gave %.*s, wanted %s", cases[i].path, SLICE_PRINT(writer_slice(&writer)),
                  cases[i].wanted);
        cr_assert(observed_path_is_valid(writer_slice(&writer)), "%s", cases[i].wanted);
        free(copy);
    }
}

Test(observed_path, fits_its_buffer_whatever_the_path)
{
    char path[4096];
    memset(path, 'g', sizeof path);
    for (size_t gap = 1; gap < 40; gap++) {
        for (size_t i = 0; i < sizeof path; i++) {
            path[i] = i % gap == 0 ? '/' : 'g';
        }
        char text[OBSERVED_PATH_MAX];
        struct writer writer = writer_make(text, sizeof text);
        observed_path_write(&writer, slice_make(path, sizeof path));
        cr_assert_not(writer.overflow, "segments of %zu", gap);
        cr_assert(observed_path_is_valid(writer_slice(&writer)));
    }
}

Test(observed_path, refuses_what_it_would_not_write)
{
    static const char *const bad[] = {"",     "x",       "/17",        "/a/",   "//", "/a;b",
                                      "/a b", "/a\n[x]", "/a/b/c/d/e", "/../a", "**", "/a%20"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(observed_path_is_valid(slice_of(bad[i])), "%s", bad[i]);
    }
}
