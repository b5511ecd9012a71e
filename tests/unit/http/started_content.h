/* A message whose head was read and whose content is next. */
#ifndef VERBGATE_TEST_STARTED_CONTENT_H
#define VERBGATE_TEST_STARTED_CONTENT_H

#include "verbgate/http/message.h"

static inline void start_content(struct message *message, enum message_kind kind, struct slice head,
                                 struct fields *fields, struct trailers *trailers)
{
    message_start(message, kind, fields, trailers);
    size_t used;
    cr_assert_eq(message_read_fields(message, head.data, head.length, &used), MESSAGE_DONE);
    cr_assert_eq(used, head.length);
}

#define CASE_TEXT(text)        \
    {                          \
        text, sizeof(text) - 1 \
    }

static const struct slice plain_head = CASE_TEXT("Transfer-Encoding: chunked\r\n\r\n");

#endif
