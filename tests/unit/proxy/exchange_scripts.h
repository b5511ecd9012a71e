/* Whole exchanges as scripts: who sends what, and what is waited for before. Reads may split content into more chunks than a
 * script has, so a script waits only for the end of a chunk. */
#ifndef VERBGATE_TEST_EXCHANGE_SCRIPTS_H
#define VERBGATE_TEST_EXCHANGE_SCRIPTS_H

#include "gateway_fixture.h"

enum action {
    SCRIPT_END,
    CLIENT_SENDS,
    CLIENT_SHUTS,
    CLIENT_GETS,
    CLIENT_SEES_END,
    BACKEND_SENDS,
    BACKEND_GETS,
    BACKEND_SEES_END,
    BACKEND_CLOSES,
};

struct step {
    enum action action;
    const char *text;
};

enum { STEPS_MAX = 20 };

struct script {
    const char *name;
    unsigned records;       /* exchanges */
    const char *to_backend; /* all that the backend gets */
    const char *to_client;  /* all that the client gets, dates masked */
    struct step steps[STEPS_MAX];
    bool needs_whole_reads; /* the answer depends on what comes in one read */
};

#define DATE   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define MASKED "Date: -----------------------------\r\n"
/* What the gateway adds to each request's head. */
#define ONWARD                                      \
    "Host: app.test\r\nX-Forwarded-Proto: http\r\n" \
    "X-Forwarded-Host: h\r\nVia: 1.1 verbgate\r\n"

/* Its own answer to PATCH, without what ends the head. */
#define REFUSAL                                                                             \
    "HTTP/1.1 501 Not Implemented\r\n" MASKED "Content-Type: text/plain; charset=utf-8\r\n" \
    "Content-Length: 96\r\nVary: Accept\r\nCache-Control: no-store\r\n"                     \
    "Proxy-Status: verbgate; error=http_request_denied; "                                   \
    "details=\"" REFUSED "\"\r\n"
#define REFUSED         "PATCH is not implemented by this server. Implemented: GET, HEAD, POST, PUT."
#define REFUSAL_CONTENT "501 Not Implemented\n" REFUSED "\n"

/* The connection ends with the answer; the content behind it is no part of any head. */
static const struct script a_refused_upload_that_ends_the_connection = {
    .name = "a_refused_upload_that_ends_the_connection",
    .records = 1,
    .to_backend = "",
    .to_client = REFUSAL "Connection: close\r\n\r\n" REFUSAL_CONTENT,
    .steps = {{CLIENT_SENDS,
               "PATCH /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 12\r\n\r\n"},
              {CLIENT_GETS, "H"}, /* and the rest of it waits */
              {CLIENT_SENDS, "GET / HT"},
              {CLIENT_SENDS, "TP/1"},
              {CLIENT_GETS, REFUSED "\n"},
              {CLIENT_SHUTS, NULL},
              {CLIENT_SEES_END, NULL}}};

static const struct script content_with_a_length = {
    .name = "content_with_a_length",
    .records = 1,
    .to_backend = "GET /a HTTP/1.1\r\n" ONWARD "\r\n",
    .to_client = "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 5\r\n"
                 "\r\n"
                 "hello",
    .steps = {{CLIENT_SENDS, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" DATE "\r\nhello"},
              {CLIENT_GETS, "hello"}}};

static const struct script chunks_both_ways_and_trailers_back = {
    .name = "chunks_both_ways_and_trailers_back",
    .records = 1,
    .to_backend = "POST /a HTTP/1.1\r\n" ONWARD "TE: trailers\r\n"
                  "Connection: TE, close\r\n"
                  "Transfer-Encoding: chunked\r\n"
                  "\r\n"
                  "7\r\n"
                  "abcdefg\r\n"
                  "0\r\n"
                  "\r\n",
    .to_client = "HTTP/1.1 200 OK\r\n" MASKED "Transfer-Encoding: chunked\r\n"
                 "\r\n"
                 "7\r\n"
                 "hiworld\r\n"
                 "1\r\n"
                 "!\r\n"
                 "0\r\n"
                 "X-End: 2\r\n"
                 "\r\n",
    .steps = {{CLIENT_SENDS, "POST /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n"
                             "0\r\nX-Sum: 1\r\n\r\n"},
              {BACKEND_GETS, "\r\n0\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" DATE "\r\n"
                              "2\r\nhi\r\n5\r\nworld\r\n"},
              {CLIENT_GETS, "d\r\n"},
              {BACKEND_SENDS, "1\r\n!\r\n0\r\nX-End: 2\r\n\r\n"},
              {CLIENT_GETS, "X-End: 2\r\n\r\n"}}};

static const struct script an_answer_in_chunks_while_the_request_still_comes = {
    .name = "an_answer_in_chunks_while_the_request_still_comes",
    .records = 1,
    .to_backend = "POST /a HTTP/1.1\r\n" ONWARD "TE: trailers\r\n"
                  "Connection: TE, close\r\n"
                  "Transfer-Encoding: chunked\r\n"
                  "\r\n"
                  "3\r\n"
                  "abc\r\n"
                  "1\r\n"
                  "d\r\n"
                  "0\r\n"
                  "\r\n",
    .to_client = "HTTP/1.1 200 OK\r\n" MASKED "Transfer-Encoding: chunked\r\n"
                 "\r\n"
                 "2\r\n"
                 "hi\r\n"
                 "1\r\n"
                 "!\r\n"
                 "0\r\n"
                 "X-End: 2\r\n"
                 "\r\n",
    .steps = {
        {CLIENT_SENDS, "POST /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
        {BACKEND_GETS, "c\r\n"},
        {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" DATE "\r\n2\r\nhi\r\n"},
        {CLIENT_GETS, "i\r\n"},
        {CLIENT_SENDS, "1\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n"},
        {BACKEND_GETS, "\r\n0\r\n\r\n"},
        {BACKEND_SENDS, "1\r\n!\r\n0\r\nX-End: 2\r\n\r\n"},
        {CLIENT_GETS, "X-End: 2\r\n\r\n"}}};

static const struct script an_upload_with_a_length = {
    .name = "an_upload_with_a_length",
    .records = 1,
    .to_backend = "PUT /a HTTP/1.1\r\n" ONWARD "Content-Length: 26\r\n"
                  "\r\n"
                  "abcdefghijklmnopqrstuvwxyz",
    .to_client = "HTTP/1.1 204 No Content\r\n" MASKED "\r\n",
    .steps = {{CLIENT_SENDS, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\nabcdefghij"},
              {BACKEND_GETS, "abcdefghij"},
              {CLIENT_SENDS, "klmnopqr"},
              {BACKEND_GETS, "klmnopqr"},
              {CLIENT_SENDS, "stuvwxyz"},
              {BACKEND_GETS, "stuvwxyz"},
              {BACKEND_SENDS, "HTTP/1.1 204 No Content\r\n" DATE "\r\n"},
              {CLIENT_GETS, "\r\n\r\n"}}};

static const struct script requests_in_a_row_without_waiting = {
    .name = "requests_in_a_row_without_waiting",
    .records = 4,
    .to_backend = "GET /1 HTTP/1.1\r\n" ONWARD "\r\n"
                  "HEAD /3 HTTP/1.1\r\n" ONWARD "\r\n"
                  "POST /4 HTTP/1.1\r\n" ONWARD "Content-Length: 3\r\n"
                  "\r\n"
                  "xyz",
    .to_client =
        "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 3\r\n"
        "\r\n"
        "one" REFUSAL "\r\n" REFUSAL_CONTENT "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 5\r\n"
        "\r\n"
        "HTTP/1.1 201 Created\r\n" MASKED "Content-Length: 4\r\n"
        "\r\n"
        "four",
    .steps = {{CLIENT_SENDS,
               "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPATCH /2 HTTP/1.1\r\nHost: h\r\n\r\n"
               "HEAD /3 HTTP/1.1\r\nHost: h\r\n\r\n"
               "POST /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" DATE "\r\none"},
              {BACKEND_GETS, "HEAD /3"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" DATE "\r\n"},
              {BACKEND_GETS, "xyz"},
              {BACKEND_SENDS, "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n" DATE "\r\nfour"},
              {CLIENT_GETS, "four"}}};

static const struct script a_client_that_waits_for_100 = {
    .name = "a_client_that_waits_for_100",
    .records = 1,
    .to_backend = "PUT /a HTTP/1.1\r\n" ONWARD "Content-Length: 4\r\n"
                  "\r\n"
                  "data",
    .to_client = "HTTP/1.1 100 Continue\r\n"
                 "\r\n"
                 "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
                 "\r\n"
                 "ok",
    .steps = {{CLIENT_SENDS,
               "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"},
              {BACKEND_GETS, "\r\n\r\n"},
              {CLIENT_GETS, "HTTP/1.1 100 Continue\r\n\r\n"},
              {CLIENT_SENDS, "data"},
              {BACKEND_GETS, "data"},
              {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
              {CLIENT_GETS, "ok"}}};

static const struct script interim_responses = {
    .name = "interim_responses",
    .records = 1,
    .to_backend = "GET /a HTTP/1.1\r\n" ONWARD "\r\n",
    .to_client = "HTTP/1.1 103 Early Hints\r\n"
                 "Link: </x>\r\n"
                 "\r\n"
                 "HTTP/1.1 102 Processing\r\n"
                 "\r\n"
                 "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
                 "\r\n"
                 "ok",
    .steps = {{CLIENT_SENDS, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                              "HTTP/1.1 102 Processing\r\n\r\n"
                              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
              {CLIENT_GETS, "ok"}}};

static const struct script a_refusal_whose_content_is_dropped = {
    .name = "a_refusal_whose_content_is_dropped",
    .records = 2,
    .to_backend = "GET /b HTTP/1.1\r\n" ONWARD "\r\n",
    .to_client = REFUSAL "\r\n" REFUSAL_CONTENT "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
                         "\r\n"
                         "ok",
    .steps = {{CLIENT_SENDS, "PATCH /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234"},
              {CLIENT_GETS, "Implemented: "},
              {CLIENT_SENDS, "56789"},
              {CLIENT_SENDS, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
              {CLIENT_GETS, "ok"}}};

static const struct script a_refusal_whose_chunks_are_dropped = {
    .name = "a_refusal_whose_chunks_are_dropped",
    .records = 2,
    .to_backend = "GET /b HTTP/1.1\r\n" ONWARD "\r\n",
    .to_client = REFUSAL "\r\n" REFUSAL_CONTENT "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
                         "\r\n"
                         "ok",
    .steps = {
        {CLIENT_SENDS, "PATCH /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na"},
        {CLIENT_SENDS, "bc\r\n2\r\nde\r\n0\r\n\r\n"
                       "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"},
        {BACKEND_GETS, "\r\n\r\n"},
        {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
        {CLIENT_GETS, "ok"}}};

static const struct script an_answer_until_the_end_of_the_connection = {
    .name = "an_answer_until_the_end_of_the_connection",
    .records = 1,
    .to_backend = "GET /a HTTP/1.1\r\n"
                  "Host: app.test\r\n"
                  "X-Forwarded-Proto: http\r\n"
                  "Via: 1.0 verbgate\r\n"
                  "\r\n",
    .to_client = "HTTP/1.1 200 OK\r\n" MASKED "Connection: close\r\n"
                 "\r\n"
                 "all of it",
    .steps = {{CLIENT_SENDS, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.0 200 OK\r\n" DATE "\r\nall of it"},
              {BACKEND_CLOSES, NULL},
              {CLIENT_GETS, "all of it"},
              {CLIENT_SEES_END, NULL}}};

static const struct script a_request_that_is_none_and_more_behind_it = {
    .name = "a_request_that_is_none_and_more_behind_it",
    .records = 1,
    .to_backend = "",
    .to_client = "HTTP/1.1 400 Bad Request\r\n" MASKED "Content-Type: text/plain; charset=utf-8\r\n"
                 "Content-Length: 65\r\n"
                 "Cache-Control: no-store\r\n"
                 "Proxy-Status: verbgate; error=http_request_error; details=\"malformed request "
                 "line (a space "
                 "in the target?)\"\r\n"
                 "Connection: close\r\n"
                 "\r\n"
                 "400 Bad Request\n"
                 "malformed request line (a space in the target?).\n",
    .steps = {{CLIENT_SENDS, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
              {CLIENT_SENDS, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"},
              {CLIENT_SEES_END, NULL}}};

static const struct script a_refusal_with_broken_chunks = {
    .name = "a_refusal_with_broken_chunks",
    .records = 1,
    .to_backend = "",
    .to_client = REFUSAL "Connection: close\r\n"
                         "\r\n" REFUSAL_CONTENT,
    .steps = {{CLIENT_SENDS,
               "PATCH /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"},
              {CLIENT_SENDS, "no chunk"},
              {CLIENT_SENDS, "\r\nnor this\r\n"},
              {CLIENT_SEES_END, NULL}},
    .needs_whole_reads = true};

static const struct script a_refusal_and_then_broken_chunks = {
    .name = "a_refusal_and_then_broken_chunks",
    .records = 1,
    .to_backend = "",
    .to_client = REFUSAL "\r\n" REFUSAL_CONTENT,
    .steps = {{CLIENT_SENDS,
               "PATCH /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"},
              {CLIENT_GETS, REFUSED "\n"},
              {CLIENT_SENDS, "no chunk"},
              {CLIENT_SENDS, "\r\nnor this\r\n"},
              {CLIENT_SEES_END, NULL}}};

static const struct script another_protocol_after_101 = {
    .name = "another_protocol_after_101",
    .records = 1,
    .to_backend = "GET /a HTTP/1.1\r\n" ONWARD
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\nearlyquestionlast",
    .to_client =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        "greetinganswerfarewell",
    .steps = {{CLIENT_SENDS,
               "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
               "early"},
              {BACKEND_GETS, "\r\n\r\n"},
              {BACKEND_SENDS, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                              "Upgrade: websocket\r\n\r\ngreeting"},
              {CLIENT_GETS, "greeting"},
              {BACKEND_GETS, "early"},
              {CLIENT_SENDS, "question"},
              {BACKEND_GETS, "question"},
              {BACKEND_SENDS, "answer"},
              {CLIENT_SENDS, "last"},
              {CLIENT_SHUTS, NULL},
              {BACKEND_GETS, "last"},
              {BACKEND_SEES_END, NULL},
              {BACKEND_SENDS, "farewell"},
              {BACKEND_CLOSES, NULL},
              {CLIENT_GETS, "farewell"},
              {CLIENT_SEES_END, NULL}}};

/* Each script by its name, for a test of each. */
#define SCRIPTS(EACH)                                       \
    EACH(a_refused_upload_that_ends_the_connection)         \
    EACH(content_with_a_length)                             \
    EACH(chunks_both_ways_and_trailers_back)                \
    EACH(an_answer_in_chunks_while_the_request_still_comes) \
    EACH(an_upload_with_a_length)                           \
    EACH(requests_in_a_row_without_waiting)                 \
    EACH(a_client_that_waits_for_100)                       \
    EACH(interim_responses)                                 \
    EACH(a_refusal_whose_content_is_dropped)                \
    EACH(a_refusal_whose_chunks_are_dropped)                \
    EACH(an_answer_until_the_end_of_the_connection)         \
    EACH(a_request_that_is_none_and_more_behind_it)         \
    EACH(a_refusal_and_then_broken_chunks)                  \
    EACH(a_refusal_with_broken_chunks)                      \
    EACH(another_protocol_after_101)

/* Carries out one step. False: it cannot be, or it took too long. */
static inline bool script_step(const struct step *step)
{
    size_t length = step->text == NULL ? 0 : strlen(step->text);
    switch (step->action) {
    case CLIENT_SENDS:
        return end_send(&gateway.client, step->text, length);
    case CLIENT_GETS:
        return end_gets(&gateway.client, step->text);
    case CLIENT_SEES_END:
        return end_is_ended(&gateway.client);
    case BACKEND_SENDS:
        return end_send(&gateway.backend, step->text, length);
    case BACKEND_GETS:
        return end_gets(&gateway.backend, step->text);
    case CLIENT_SHUTS:
        return shutdown(gateway.client.descriptor, SHUT_WR) == 0;
    case BACKEND_CLOSES:
        end_close(&gateway.backend);
        return true;
    case BACKEND_SEES_END:
        return end_is_ended(&gateway.backend);
    case SCRIPT_END:
        break;
    }
    return false;
}

static inline bool script_is_recorded(const void *context)
{
    const struct script *script = context;
    return gateway.records >= script->records;
}

#endif
