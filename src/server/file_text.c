#include "file_text.h"

#include "verbgate/config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOO_LARGE "larger than a policy file may be (4 MiB)"
#define NOT_AGAIN                                                                     \
    "it is not a regular file, which only the start may read: such a policy changes " \
    "with a restart"

int file_text_descriptor(const char *path)
{
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    if (strcmp(path, "-") == 0) {
        return STDIN_FILENO;
    }
    for (int i = 0; i < 3; i++) {
        if (strcmp(path, names[i]) == 0) {
            return i;
        }
    }
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(folders[i]);
        uint64_t number;
        if (strncmp(path, folders[i], length) == 0 &&
            slice_to_number(slice_of(path + length), &number) && number < 1024 * 1024) {
            return (int)number;
        }
    }
    return -1;
}

/* The next bytes, 0 at the end; -1 with errno. From `offset` of a regular file, since a descriptor that was
 * inherited may have been read before. */
static ssize_t read_some(int descriptor, char *bytes, size_t room, off_t offset, bool is_stream)
{
    for (;;) {
        ssize_t count =
            is_stream ? read(descriptor, bytes, room) : pread(descriptor, bytes, room, offset);
        if (count >= 0 || (errno != EINTR && errno != EAGAIN)) {
            return count;
        }
        struct pollfd more = {.fd = descriptor, .events = POLLIN};
        if (errno == EAGAIN && poll(&more, 1, -1) < 0 && errno != EINTR) {
            return -1;
        }
    }
}

/* At most `most` bytes, up to the end of the file. */
static const char *read_all(int descriptor, bool is_stream, char *bytes, size_t most,
                            size_t *length)
{
    *length = 0;
    while (*length < most) {
        ssize_t count =
            read_some(descriptor, bytes + *length, most - *length, (off_t)*length, is_stream);
        if (count < 0) {
            return strerror(errno);
        }
        if (count == 0) {
            break;
        }
        *length += (size_t)count;
    }
    return NULL;
}

static const char *read_regular(int descriptor, off_t size, struct arena *arena, struct slice *text)
{
    if (size > CONFIG_FILE_MAX) {
        return TOO_LARGE;
    }
    char *bytes = arena_take(arena, (size_t)size + 1);
    size_t length;
    const char *problem =
        bytes == NULL ? "out of memory" : read_all(descriptor, false, bytes, (size_t)size, &length);
    if (problem == NULL) {
        *text = slice_make(bytes, length);
    }
    return problem;
}

static const char *read_stream(int descriptor, struct arena *arena, struct slice *text)
{
    enum { MOST = CONFIG_FILE_MAX + 1 };
    char *bytes = malloc(MOST);
    size_t length;
    const char *problem =
        bytes == NULL ? "out of memory" : read_all(descriptor, true, bytes, MOST, &length);
    if (problem == NULL && length == MOST) {
        problem = TOO_LARGE;
    }
    if (problem == NULL) {
        *text = arena_copy(arena, slice_make(bytes, length));
        problem = text->data == NULL && length > 0 ? "out of memory" : NULL;
    }
    free(bytes);
    return problem;
}

/* A pipe without a writer and a terminal are not waited for here. */
static int open_without_waiting(const char *path)
{
    int descriptor = file_text_descriptor(path);
    return descriptor >= 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
                           : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* The user is named: in a container it is rarely the one that the operator thinks of. */
static const char *denied(struct arena *arena)
{
    enum { ROOM = 192 };
    char *text = arena_take(arena, ROOM);
    if (text == NULL) {
        return "permission denied";
    }
    snprintf(
        text, ROOM,
        "permission denied: user %u and group %u have to be able to read the file and to enter "
        "every folder that leads to it",
        (unsigned)geteuid(), (unsigned)getegid());
    return text;
}

static const char *open_problem(struct arena *arena)
{
    switch (errno) {
    case EACCES:
        return denied(arena);
    case ENXIO: /* what open says of a socket */
        return "not a regular file";
    default:
        return strerror(errno);
    }
}

const char *file_text_read(const char *path, struct arena *arena, struct slice *text)
{
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0) {
        return open_problem(arena);
    }
    const char *problem = fstat(descriptor, &status) != 0 ? strerror(errno)
                          : !S_ISREG(status.st_mode)      ? "not a regular file"
                                                          : NULL;
    if (problem == NULL) {
        problem = read_regular(descriptor, status.st_size, arena, text);
    }
    close(descriptor);
    return problem;
}

/* Reads what was opened as a main file. */
static const char *read_main(int descriptor, struct arena *arena, struct slice *text, bool may_wait,
                             bool *is_stream)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return strerror(errno);
    }
    *is_stream = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode);
    if (S_ISREG(status.st_mode)) {
        return read_regular(descriptor, status.st_size, arena, text);
    }
    if (!*is_stream) {
        return "not a regular file";
    }
    return may_wait ? read_stream(descriptor, arena, text) : NOT_AGAIN;
}

/* A named pipe that was opened without waiting would seem empty until its writer comes. */
static int open_to_wait(const char *path)
{
    struct stat status;
    if (file_text_descriptor(path) < 0 && stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    }
    return open_without_waiting(path);
}

const char *file_text_read_main(const char *path, struct arena *arena, struct slice *text,
                                bool *is_stream)
{
    int descriptor = open_to_wait(path);
    *is_stream = false;
    if (descriptor < 0) {
        return open_problem(arena);
    }
    const char *problem = read_main(descriptor, arena, text, true, is_stream);
    close(descriptor);
    return problem;
}

const char *file_text_read_main_again(const char *path, struct arena *arena, struct slice *text)
{
    int descriptor = open_without_waiting(path);
    bool is_stream = false;
    if (descriptor < 0) {
        return open_problem(arena);
    }
    const char *problem = read_main(descriptor, arena, text, false, &is_stream);
    close(descriptor);
    return problem;
}
