#include "verbgate/net/splice_pipe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct splice_pipe *splice_pipe_create(struct splice_pipes *pipes)
{
    if (pipes->count >= pipes->most) {
        return NULL;
    }
    struct splice_pipe *pipe = malloc(sizeof *pipe);
    int ends[2];
    if (pipe == NULL || pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(pipe);
        return NULL;
    }
    *pipe = (struct splice_pipe){.pipes = pipes, .read_end = ends[0], .write_end = ends[1]};
    pipes->count++;
    return pipe;
}

void splice_pipe_free(struct splice_pipe *pipe)
{
    if (pipe == NULL) {
        return;
    }
    close(pipe->read_end);
    close(pipe->write_end);
    pipe->pipes->count--;
    free(pipe);
}

bool splice_pipe_takes(const struct stream *stream)
{
    return stream_descriptor(stream) >= 0;
}

/* SPLICE_F_MORE is left out: a last segment that is not full would wait for content that may be long in
 * coming. Within one call the kernel fills segments by itself. */
static ssize_t move(int from, int to, size_t most)
{
    ssize_t count;
    do {
        count = splice(from, NULL, to, NULL, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? uv_translate_sys_error(errno) : count;
}

ssize_t splice_pipe_fill(struct splice_pipe *pipe, const struct stream *from, size_t most)
{
    assert(pipe->held == 0 && most > 0);
    ssize_t count = move(stream_descriptor(from), pipe->write_end, most);
    if (count > 0) {
        pipe->held = (size_t)count;
    }
    return count;
}

void splice_pipe_pour(struct splice_pipe *pipe, const struct stream *to)
{
    assert(!stream_is_queued(to));
    ssize_t count = pipe->held > 0 ? move(pipe->read_end, stream_descriptor(to), pipe->held) : 0;
    if (count > 0) {
        pipe->held -= (size_t)count;
    }
}

struct slice splice_pipe_read(struct splice_pipe *pipe, char *data, size_t room)
{
    assert(pipe->held > 0);
    ssize_t count = read(pipe->read_end, data, room < pipe->held ? room : pipe->held);
    if (count <= 0) {
        return slice_make(NULL, 0);
    }
    pipe->held -= (size_t)count;
    return slice_make(data, (size_t)count);
}
