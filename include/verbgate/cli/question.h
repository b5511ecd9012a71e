/*
 * A request that `verbgate explain` is asked about: its head, composed as a client would send it or
 * given as it is, then read by the gateway's own scanners and judged by the gateway's own decision.
 */
#ifndef VERBGATE_CLI_QUESTION_H
#define VERBGATE_CLI_QUESTION_H

#include "verbgate/http/message.h"
#include "verbgate/policy/request_facts.h"

/* More than any head that a policy lets through (max-head). */
enum { QUESTION_HEAD_MAX = 320 * 1024 };

struct question {
    char head[QUESTION_HEAD_MAX];
    size_t length;
    struct request_line line;
    struct message message;
    struct fields fields;
    struct field items[FIELDS_MAX];
    struct request_facts facts;
    /* The answer. */
    enum http_fault fault;  /* not FAULT_NONE: refused before the policy was asked */
    struct verdict verdict; /* else */
};

/* What a head is made of; `version` is "1.1" or the like, each field "Name: value". */
struct question_parts {
    const char *method;
    const char *url;
    const char *version;
    const char *const *fields;
    unsigned field_count;
};

/*
 * Composes the head. A URL is "http://host/path" (or https://): then Host is its authority; or
 * "/path": then Host is "localhost"; or "*", or for CONNECT "host:port". A Host among the fields takes
 * the place of either. A fragment is left out, as clients do, and OPTIONS of "http://host" asks for
 * "*" (RFC 9112 section 3.2.4). Returns NULL, or a sentence: this is no URL, or it is too long.
 */
MUST_CHECK const char *question_compose(struct question *question,
                                        const struct question_parts *parts);

/* Reads question->head and asks the policy. False: the head is not complete. */
MUST_CHECK bool question_ask(struct question *question, const struct policy *policy);

#endif
