/*
 * What a backend's answers to a few safe requests say about its methods. Its Allow is a claim: it is
 * believed unless the same backend takes a method that cannot exist. A status counts only where it
 * differs from the one of the control, a request with a random token for a method, as nmap's
 * http-methods script does it.
 */
#ifndef VERBGATE_LEARN_PROBE_H
#define VERBGATE_LEARN_PROBE_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/writer.h"

/* In the order in which they are sent. */
enum probe_request {
    PROBE_CONTROL,      /* a random token, on the path */
    PROBE_GET,          /* on the path */
    PROBE_HEAD,         /* on the path */
    PROBE_OPTIONS,      /* on the path */
    PROBE_OPTIONS_STAR, /* OPTIONS * */
    PROBE_COUNT,
};

enum { PROBE_LIST_MAX = 1024, PROBE_PROBLEM_MAX = 160 };

struct probe_answer {
    unsigned status;                 /* 0: none came, see `problem` */
    char problem[PROBE_PROBLEM_MAX]; /* printable */
    char list[PROBE_LIST_MAX];       /* Allow and Public, all of them, joined by commas */
    size_t list_length;
    bool has_allow;
};

struct probe {
    struct slice server; /* an address as a policy has it */
    struct slice path;
    struct slice control; /* the random token */
    struct probe_answer answers[PROBE_COUNT];
};

/* Writes a policy with the evidence in comments. Returns NULL, or why there is nothing to write. */
MUST_CHECK const char *probe_write(struct writer *writer, const struct probe *probe);

#endif
