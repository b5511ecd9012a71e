#include "verbgate/exchange/content_store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 4096 };

struct content_store *content_store_create(struct store_memory *memory, uint64_t memory_max,
                                           const char *directory)
{
    struct content_store *store = calloc(1, sizeof *store);
    if (store != NULL) {
        store->memory = memory;
        store->memory_max = memory_max;
        store->directory = directory;
        store->file = -1;
    }
    return store;
}

static void free_data(struct content_store *store)
{
    assert(store->memory->used >= store->capacity);
    store->memory->used -= store->capacity;
    free(store->data);
    store->data = NULL;
    store->capacity = 0;
}

void content_store_free(struct content_store *store)
{
    if (store == NULL) {
        return;
    }
    free_data(store);
    if (store->file >= 0) {
        close(store->file);
    }
    free(store);
}

/* ---- memory */

static size_t double_up_to(size_t capacity, size_t needed, uint64_t most)
{
    size_t doubled = capacity == 0 ? FIRST_CAPACITY : capacity;
    while (doubled < needed) {
        doubled *= 2;
    }
    return doubled < most ? doubled : (size_t)most;
}

/* Makes room for `length` more bytes; false when they belong in a file. */
static bool grow_data(struct content_store *store, size_t length)
{
    if (length > store->memory_max || store->length > store->memory_max - length) {
        return false;
    }
    size_t needed = (size_t)store->length + length;
    if (needed <= store->capacity) {
        return true;
    }
    size_t capacity = double_up_to(store->capacity, needed, store->memory_max);
    size_t more = capacity - store->capacity;
    if (more > store->memory->most || store->memory->used > store->memory->most - more) {
        return false;
    }
    char *data = realloc(store->data, capacity);
    if (data == NULL) {
        return false;
    }
    store->data = data;
    store->capacity = capacity;
    store->memory->used += more;
    return true;
}

/* ---- file */

/* Not every file system has files without a name. */
static int open_named(const char *directory)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/verbgate-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) {
        unlink(path);
    }
    return file;
}

static int open_file(const char *directory)
{
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        file = open_named(directory);
    }
    return file;
}

static int append_to_file(int file, struct slice content, uint64_t offset)
{
    while (content.length > 0) {
        ssize_t written = pwrite(file, content.data, content.length, (off_t)offset);
        if (written > 0) {
            content = slice_after(content, (size_t)written);
            offset += (uint64_t)written;
        } else if (written == 0 || errno != EINTR) {
            return written == 0 ? EIO : errno;
        }
    }
    return 0;
}

/* What is in memory moves to a file. */
static int begin_file(struct content_store *store)
{
    store->file = open_file(store->directory);
    if (store->file < 0) {
        return errno;
    }
    int error = append_to_file(store->file, slice_make(store->data, (size_t)store->length), 0);
    free_data(store);
    return error;
}

int content_store_append(struct content_store *store, struct slice content)
{
    if (content.length == 0) {
        return 0;
    }
    if (store->file < 0 && grow_data(store, content.length)) {
        memcpy(store->data + store->length, content.data, content.length);
        store->length += content.length;
        return 0;
    }
    int error = store->file < 0 ? begin_file(store) : 0;
    if (error == 0) {
        error = append_to_file(store->file, content, store->length);
    }
    store->length += error == 0 ? content.length : 0;
    return error;
}

/* ---- sending */

static int read_piece(int file, char *to, size_t length, uint64_t offset, size_t *got)
{
    for (;;) {
        ssize_t count = pread(file, to, length, (off_t)offset);
        if (count > 0) {
            *got = (size_t)count;
            return 0;
        }
        if (count == 0 || errno != EINTR) {
            return count == 0 ? EIO : errno;
        }
    }
}

int content_store_next(struct content_store *store, char *scratch, size_t room, struct slice *piece)
{
    uint64_t left = store->length - store->sent;
    size_t length = left < room ? (size_t)left : room;
    *piece = slice_make(NULL, 0);
    if (length == 0) {
        return 0;
    }
    const char *from = scratch;
    if (store->file >= 0) {
        int error = read_piece(store->file, scratch, length, store->sent, &length);
        if (error != 0) {
            return error;
        }
    } else {
        from = store->data + store->sent;
    }
    *piece = slice_make(from, length);
    store->sent += length;
    return 0;
}
