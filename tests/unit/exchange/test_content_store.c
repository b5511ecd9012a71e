#include <criterion/criterion.h>

#include "verbgate/exchange/content_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRATCH = 777, CONTENT = 20000 };

static struct store_memory memory;
static char content[CONTENT];

/* A device that has no room. */
static int open_full(void)
{
    int file = open("/dev/full", O_RDWR | O_CLOEXEC);
    cr_assert_geq(file, 0);
    return file;
}

static void start(void)
{
    memory = (struct store_memory){.most = (size_t)1024 * 1024};
    for (size_t i = 0; i < CONTENT; i++) {
        content[i] = (char)(i * 31 + i / 251);
    }
}

TestSuite(content_store, .init = start);

static unsigned count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    cr_assert_not_null(folder);
    unsigned count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* Everything that is stored, in pieces, must be the content's first `length` bytes. */
static void expect_content(struct content_store *store, size_t length)
{
    char scratch[SCRATCH];
    struct slice piece;
    size_t at = 0;
    do {
        cr_assert_eq(content_store_next(store, scratch, sizeof scratch, &piece), 0);
        cr_assert_leq(piece.length, sizeof scratch);
        cr_assert_leq(at + piece.length, length);
        cr_assert(piece.length == 0 || memcmp(piece.data, content + at, piece.length) == 0,
                  "at %zu of %zu", at, length);
        at += piece.length;
    } while (piece.length > 0);
    cr_assert_eq(at, length);
    cr_assert(content_store_is_sent(store));
}

static struct content_store *fill(uint64_t memory_max, size_t length, size_t step)
{
    struct content_store *store = content_store_create(&memory, memory_max, "/tmp");
    cr_assert_not_null(store);
    for (size_t at = 0; at < length; at += step) {
        size_t count = length - at < step ? length - at : step;
        cr_assert_eq(content_store_append(store, slice_make(content + at, count)), 0);
    }
    cr_assert_eq(store->length, length);
    return store;
}

Test(content_store, gives_back_what_it_got_from_memory_and_from_a_file)
{
    static const size_t lengths[] = {0, 1, 4095, 4096, 4097, 8192, 9999, 10000, 10001, CONTENT};
    static const size_t steps[] = {1000, 4096, CONTENT};
    unsigned descriptors = count_descriptors();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
            struct content_store *store = fill(10000, lengths[i], steps[s]);
            cr_assert_eq(store->file >= 0, lengths[i] > 10000, "%zu", lengths[i]);
            cr_assert_leq(store->capacity, 10000u);
            cr_assert_eq(memory.used, store->capacity);
            expect_content(store, lengths[i]);
            content_store_rewind(store);
            expect_content(store, lengths[i]);
            content_store_free(store);
            cr_assert_eq(memory.used, 0);
        }
    }
    cr_assert_eq(count_descriptors(), descriptors);
    content_store_free(NULL);
}

Test(content_store, goes_to_a_file_when_the_memory_of_all_is_spent)
{
    memory.most = 10000;
    struct content_store *first = fill(UINT64_MAX, 8000, 1000);
    struct content_store *second = fill(UINT64_MAX, 8000, 1000);
    cr_assert_lt(first->file, 0);
    cr_assert_geq(second->file, 0);
    cr_assert_leq(memory.used, memory.most);
    expect_content(first, 8000);
    expect_content(second, 8000);
    content_store_free(first);
    content_store_free(second);
    cr_assert_eq(memory.used, 0);
}

Test(content_store, says_why_there_is_no_file)
{
    static const struct {
        const char *directory;
        int error;
    } cases[] = {
        {"/nowhere/at/all", ENOENT},
        {"/dev/null", ENOTDIR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct content_store *store = content_store_create(&memory, 100, cases[i].directory);
        cr_assert_not_null(store);
        cr_assert_eq(content_store_append(store, slice_make(content, 100)), 0);
        cr_assert_eq(content_store_append(store, slice_make(content, 1)), cases[i].error);
        content_store_free(store);
        cr_assert_eq(memory.used, 0);
    }
}

Test(content_store, a_full_disk_is_an_error_and_no_loss)
{
    struct content_store *store = content_store_create(&memory, 0, "/tmp");
    cr_assert_not_null(store);
    cr_assert_eq(content_store_append(store, slice_make(content, 10)), 0);
    int file = store->file;
    store->file = open_full();
    cr_assert_eq(content_store_append(store, slice_make(content, 10)), ENOSPC);
    cr_assert_eq(store->length, 10);
    close(store->file);
    store->file = file;
    expect_content(store, 10);
    content_store_free(store);
}
