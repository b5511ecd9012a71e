/* Fields as a received head's are, for tests of what is sent. */
#ifndef VERBGATE_TEST_RECEIVED_FIELDS_H
#define VERBGATE_TEST_RECEIVED_FIELDS_H

#include "verbgate/http/connection.h"
#include "verbgate/http/message.h"

enum { FIELDS_IN_A_TEST = 24, HEAD_BYTES = 4096 };

/* Fields read from the text of a field section, as a received head's are. */
struct received {
    struct field items[FIELDS_IN_A_TEST];
    struct fields fields;
};

static inline void receive(struct received *received, enum message_kind kind, struct slice section)
{
    fields_init(&received->fields, received->items, FIELDS_IN_A_TEST);
    struct message message;
    message_start(&message, kind, &received->fields, NULL);
    size_t used;
    cr_assert_eq(message_read_fields(&message, section.data, section.length, &used), MESSAGE_DONE,
                 "%.*s", SLICE_PRINT(section));
    cr_assert_eq(used, section.length);
    struct connection_info info;
    cr_assert_eq(connection_read(&received->fields, 1, &info), FAULT_NONE);
}

#endif
