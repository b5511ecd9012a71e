/*
 * A pipe through which the kernel moves bytes from one socket to another without a copy of them in this
 * process: splice(2). It belongs to one direction of one transfer and is never used for another, so that
 * what is left in it can reach nobody else.
 *
 * Bytes are in one of three places: unread in the sender's socket, in the pipe (`held`), or written to the
 * recipient's. Nothing here waits. The process must ignore SIGPIPE: splice has no MSG_NOSIGNAL.
 */
#ifndef VERBGATE_NET_SPLICE_PIPE_H
#define VERBGATE_NET_SPLICE_PIPE_H

#include "verbgate/base/attributes.h"
#include "verbgate/net/stream.h"

/* Pipes that one worker has at the same time, of two descriptors each. */
enum { SPLICE_PIPES_MOST = 32 };

/* What the pipes of one worker share. */
struct splice_pipes {
    unsigned most;
    unsigned count;
};

struct splice_pipe {
    struct splice_pipes *pipes; /* not owned */
    int read_end;
    int write_end;
    size_t held;        /* bytes in the pipe */
    bool found_nothing; /* by the last fill, though its socket was said to be readable */
};

/* An empty pipe, or NULL: there are `most` of them already, or the system gives none now. */
MUST_CHECK struct splice_pipe *splice_pipe_create(struct splice_pipes *pipes);

/* Closes it, with what it holds. NULL is fine. */
void splice_pipe_free(struct splice_pipe *pipe);

/* Whether a stream is a socket and nothing more, so that its bytes may pass by this process. */
bool splice_pipe_takes(const struct stream *stream);

/* Moves at most `most` > 0 bytes into the empty pipe. Returns their number, 0 when the sender has ended,
 * UV_EAGAIN when nothing is there now, or another libuv error, which may mean that the kernel does not do
 * this for such a socket. */
MUST_CHECK ssize_t splice_pipe_fill(struct splice_pipe *pipe, const struct stream *from,
                                    size_t most);

/* Moves what the pipe holds on to a stream that has nothing queued, as far as its socket takes it. Whether
 * all of it went is seen by `held`; why it did not, by writing to the stream. */
void splice_pipe_pour(struct splice_pipe *pipe, const struct stream *to);

/* Takes at most `room` bytes out of the pipe, which must hold some. Empty when the kernel fails. */
MUST_CHECK struct slice splice_pipe_read(struct splice_pipe *pipe, char *data, size_t room);

#endif
