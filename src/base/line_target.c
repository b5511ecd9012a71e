#include "line_target.h"

#include "verbgate/base/line_writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

void line_target_set(struct line_target *target, int descriptor)
{
    struct stat status;
    int old = target->descriptor;
    target->descriptor = descriptor;
    target->is_file = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    if (old >= 0) {
        close(old);
    }
}

size_t line_target_line_start(struct slice text, size_t sent)
{
    size_t start = sent;
    while (start > 0 && text.data[start - 1] != '\n') {
        start--;
    }
    return start;
}

size_t line_target_take_back(const struct line_target *target, struct slice text, size_t sent)
{
    size_t start = line_target_line_start(text, sent);
    off_t part = (off_t)(sent - start);
    struct stat status;
    if (part == 0 || !target->is_file || fstat(target->descriptor, &status) != 0 ||
        status.st_size < part || lseek(target->descriptor, 0, SEEK_CUR) != status.st_size ||
        ftruncate(target->descriptor, status.st_size - part) != 0) {
        return sent;
    }
    (void)lseek(target->descriptor, status.st_size - part, SEEK_SET);
    return start;
}

static size_t choose_length(const struct line_target *target, struct slice left)
{
    if (target->is_file || left.length <= PIPE_BUF) {
        return left.length;
    }
    size_t length = PIPE_BUF;
    while (length > 0 && left.data[length - 1] != '\n') {
        length--;
    }
    return length > 0 ? length : PIPE_BUF;
}

/* The descriptor may be shared with other processes, so it is not made non-blocking: a write that fits does not
 * wait where poll has seen room. */
enum line_target_outcome line_target_write(const struct line_target *target, struct slice text,
                                           size_t *sent)
{
    if (target->descriptor < 0) {
        *sent = text.length;
        return LINE_TARGET_MOVED;
    }
    struct pollfd room = {.fd = target->descriptor, .events = POLLOUT};
    if (!target->is_file && poll(&room, 1, LINE_WRITER_RETRY_MS) == 0) {
        return LINE_TARGET_FULL;
    }
    struct slice left = slice_after(text, *sent);
    ssize_t count = write(target->descriptor, left.data, choose_length(target, left));
    if (count >= 0) {
        *sent += (size_t)count;
        return LINE_TARGET_MOVED;
    }
    if (errno == EINTR) {
        return LINE_TARGET_MOVED;
    }
    return errno == EAGAIN ? LINE_TARGET_FULL : LINE_TARGET_FAILED;
}
