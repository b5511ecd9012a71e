/* A policy from a few options in place of a file: `verbgate run --listen :8080 --server HOST:PORT`. */
#ifndef VERBGATE_CLI_QUICK_POLICY_H
#define VERBGATE_CLI_QUICK_POLICY_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/writer.h"

/* The name of the text in messages, where the name of a file would stand. */
#define QUICK_POLICY_NAME "command line"

enum {
    QUICK_POLICY_SERVERS_MAX = 64,
    QUICK_POLICY_MAX =
        160 * 1024, /* bytes of the text: more than values of at most INI_LINE_MAX need */
};

struct quick_policy {
    const char *listen;     /* NULL: 127.0.0.1:8080 */
    const char *implements; /* NULL: every method */
    const char *servers[QUICK_POLICY_SERVERS_MAX];
    unsigned server_count;
};

/*
 * Writes INI text, with comments, that says what the options say. It is loaded like a file, so what is wrong with a
 * value is told in the same words. A value stands in it as it is: it begins no comment, section or variable. Returns
 * NULL, or a sentence: a value has a control character.
 */
MUST_CHECK const char *quick_policy_write(struct writer *writer, const struct quick_policy *quick);

#endif
