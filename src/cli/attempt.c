#include "attempt.h"

#include "verbgate/http/message.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool wait_for(const struct attempt *attempt, short events)
{
    for (;;) {
        int64_t left = attempt->deadline_ms - now_ms();
        if (left <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        struct pollfd wanted = {.fd = attempt->descriptor, .events = events};
        int count = poll(&wanted, 1, (int)left);
        if (count > 0) {
            return true;
        }
        if (count < 0 && errno != EINTR) {
            return false;
        }
    }
}

static const char *explain(struct attempt *attempt, int error)
{
    if (error == ETIMEDOUT) {
        snprintf(attempt->problem, sizeof attempt->problem, "no response within %u ms",
                 attempt->timeout_ms);
    } else {
        snprintf(attempt->problem, sizeof attempt->problem, "%s", strerror(error));
    }
    return attempt->problem;
}

void attempt_start(struct attempt *attempt, unsigned timeout_ms)
{
    attempt->descriptor = -1;
    attempt->timeout_ms = timeout_ms;
    attempt->deadline_ms = now_ms() + timeout_ms;
    attempt->used = 0;
}

/* The result of a connect that goes on in the background: 0, or an error. */
static int wait_connected(const struct attempt *attempt)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (!wait_for(attempt, POLLOUT) ||
        getsockopt(attempt->descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        return errno;
    }
    return error;
}

const char *attempt_connect(struct attempt *attempt, const struct socket_address *address)
{
    attempt->descriptor =
        socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (attempt->descriptor < 0) {
        return explain(attempt, errno);
    }
    int error = 0;
    if (connect(attempt->descriptor, &address->any, address->length) != 0) {
        error = errno == EINPROGRESS ? wait_connected(attempt) : errno;
    }
    if (error != 0) {
        attempt_end(attempt);
        return explain(attempt, error);
    }
    return NULL;
}

const char *attempt_send(struct attempt *attempt, struct slice request)
{
    while (request.length > 0) {
        ssize_t count = send(attempt->descriptor, request.data, request.length, MSG_NOSIGNAL);
        if (count >= 0) {
            request = slice_after(request, (size_t)count);
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(attempt, POLLOUT)) {
            return explain(attempt, errno);
        }
    }
    return NULL;
}

const char *attempt_receive(struct attempt *attempt)
{
    if (attempt->used == sizeof attempt->received) {
        return "the head of the response is larger than 64 KiB";
    }
    for (;;) {
        ssize_t count = recv(attempt->descriptor, attempt->received + attempt->used,
                             sizeof attempt->received - attempt->used, 0);
        if (count > 0) {
            attempt->used += (size_t)count;
            return NULL;
        }
        if (count == 0) {
            return "the connection ended before a whole response";
        }
        if ((errno != EAGAIN && errno != EINTR) || !wait_for(attempt, POLLIN)) {
            return explain(attempt, errno);
        }
    }
}

const char *attempt_read_line(struct attempt *attempt, size_t start, struct status_line *line)
{
    for (;;) {
        enum http_fault fault = FAULT_NONE;
        switch (status_line_scan(attempt->received + start, attempt->used - start, line, &fault)) {
        case SCAN_DONE:
            return NULL;
        case SCAN_BAD:
            return fault_sentence(fault);
        case SCAN_MORE:
            break;
        }
        const char *problem = attempt_receive(attempt);
        if (problem != NULL) {
            return problem;
        }
    }
}

const char *attempt_read_fields(struct attempt *attempt, size_t *end, struct fields *fields)
{
    struct message message;
    message_start(&message, MESSAGE_RESPONSE, fields, NULL);
    for (;;) {
        size_t used = 0;
        enum message_status status =
            message_read_fields(&message, attempt->received + *end, attempt->used - *end, &used);
        *end += used;
        if (status == MESSAGE_DONE) {
            return NULL;
        }
        const char *problem = status == MESSAGE_BAD ? fault_sentence(message_fault(&message))
                                                    : attempt_receive(attempt);
        if (problem != NULL) {
            return problem;
        }
    }
}

void attempt_end(struct attempt *attempt)
{
    if (attempt->descriptor >= 0) {
        close(attempt->descriptor);
        attempt->descriptor = -1;
    }
}
