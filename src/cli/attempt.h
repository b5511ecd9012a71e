/* One request on a connection of its own, over a plain socket that waits a bounded time. For commands: it blocks. */
#ifndef VERBGATE_CLI_ATTEMPT_H
#define VERBGATE_CLI_ATTEMPT_H

#include "verbgate/base/address.h"
#include "verbgate/http/fields.h"
#include "verbgate/http/status_line.h"

enum { ATTEMPT_RECEIVED_MAX = 64 * 1024, ATTEMPT_PROBLEM_MAX = 128 };

struct attempt {
    int descriptor;
    unsigned timeout_ms;
    int64_t deadline_ms;
    char received[ATTEMPT_RECEIVED_MAX]; /* the head, and what of the content came with it */
    size_t used;
    char problem[ATTEMPT_PROBLEM_MAX];
};

/* The time runs from here on. Nothing is open yet. */
void attempt_start(struct attempt *attempt, unsigned timeout_ms);

/* Connects. Returns NULL, or why it cannot; then nothing is open. */
MUST_CHECK const char *attempt_connect(struct attempt *attempt,
                                       const struct socket_address *address);

/* Sends the whole request. Returns NULL, or why it cannot. */
MUST_CHECK const char *attempt_send(struct attempt *attempt, struct slice request);

/* Waits for more bytes behind `received`. Returns NULL, or why none come. */
MUST_CHECK const char *attempt_receive(struct attempt *attempt);

/* Reads the status line that begins at `start`. Returns NULL, or why there is none. */
MUST_CHECK const char *attempt_read_line(struct attempt *attempt, size_t start,
                                         struct status_line *line);

/* Reads the fields from *end on, and moves *end behind them. Returns NULL, or why they cannot be read. */
MUST_CHECK const char *attempt_read_fields(struct attempt *attempt, size_t *end,
                                           struct fields *fields);

/* Closes the connection. */
void attempt_end(struct attempt *attempt);

#endif
