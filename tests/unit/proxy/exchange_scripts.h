/* Whole exchanges as scripts: who sends what, and what is waited for before. */
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

static const struct script scripts[] = {
    /* The connection ends with the answer; the content behind it is no part of any head. */
    {"a refused upload that ends the connection",
     1,
     "",
     REFUSAL "Connection: close\r\n\r\n" REFUSAL_CONTENT,
     {{CLIENT_SENDS,
       "PATCH /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 12\r\n\r\n"},
      {CLIENT_GETS, "H"}, /* and the rest of it waits */
      {CLIENT_SENDS, "GET / HT"},
      {CLIENT_SENDS, "TP/1"},
      {CLIENT_GETS, REFUSED "\n"},
      {CLIENT_SHUTS, NULL},
      {CLIENT_SEES_END, NULL}}},
    {"content with a length",
     1,
     "GET /a HTTP/1.1\r\n" ONWARD "\r\n",
     "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 5\r\n"
     "\r\n"
     "hello",
     {{CLIENT_SENDS, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" DATE "\r\nhello"},
      {CLIENT_GETS, "hello"}}},
    {"chunks both ways, and trailers back",
     1,
     "POST /a HTTP/1.1\r\n" ONWARD "TE: trailers\r\n"
     "Connection: TE, close\r\n"
     "Transfer-Encoding: chunked\r\n"
     "\r\n"
     "7\r\n"
     "abcdefg\r\n"
     "0\r\n"
     "\r\n",
     "HTTP/1.1 200 OK\r\n" MASKED "Transfer-Encoding: chunked\r\n"
     "\r\n"
     "7\r\n"
     "hiworld\r\n"
     "1\r\n"
     "!\r\n"
     "0\r\n"
     "X-End: 2\r\n"
     "\r\n",
     {{CLIENT_SENDS, "POST /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n"
                     "0\r\nX-Sum: 1\r\n\r\n"},
      {BACKEND_GETS, "\r\n0\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" DATE "\r\n"
                      "2\r\nhi\r\n5\r\nworld\r\n"},
      {CLIENT_GETS, "hiworld\r\n"},
      {BACKEND_SENDS, "1\r\n!\r\n0\r\nX-End: 2\r\n\r\n"},
      {CLIENT_GETS, "X-End: 2\r\n\r\n"}}},
    {"an answer in chunks while the request still comes",
     1,
     "POST /a HTTP/1.1\r\n" ONWARD "TE: trailers\r\n"
     "Connection: TE, close\r\n"
     "Transfer-Encoding: chunked\r\n"
     "\r\n"
     "3\r\n"
     "abc\r\n"
     "1\r\n"
     "d\r\n"
     "0\r\n"
     "\r\n",
     "HTTP/1.1 200 OK\r\n" MASKED "Transfer-Encoding: chunked\r\n"
     "\r\n"
     "2\r\n"
     "hi\r\n"
     "1\r\n"
     "!\r\n"
     "0\r\n"
     "X-End: 2\r\n"
     "\r\n",
     {{CLIENT_SENDS, "POST /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"},
      {BACKEND_GETS, "abc\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" DATE "\r\n2\r\nhi\r\n"},
      {CLIENT_GETS, "hi\r\n"},
      {CLIENT_SENDS, "1\r\nd\r\n0\r\nX-Sum: 1\r\n\r\n"},
      {BACKEND_GETS, "\r\n0\r\n\r\n"},
      {BACKEND_SENDS, "1\r\n!\r\n0\r\nX-End: 2\r\n\r\n"},
      {CLIENT_GETS, "X-End: 2\r\n\r\n"}}},
    {"an upload with a length",
     1,
     "PUT /a HTTP/1.1\r\n" ONWARD "Content-Length: 26\r\n"
     "\r\n"
     "abcdefghijklmnopqrstuvwxyz",
     "HTTP/1.1 204 No Content\r\n" MASKED "\r\n",
     {{CLIENT_SENDS, "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\nabcdefghij"},
      {BACKEND_GETS, "abcdefghij"},
      {CLIENT_SENDS, "klmnopqr"},
      {BACKEND_GETS, "klmnopqr"},
      {CLIENT_SENDS, "stuvwxyz"},
      {BACKEND_GETS, "stuvwxyz"},
      {BACKEND_SENDS, "HTTP/1.1 204 No Content\r\n" DATE "\r\n"},
      {CLIENT_GETS, "\r\n\r\n"}}},
    {"requests in a row without waiting",
     4,
     "GET /1 HTTP/1.1\r\n" ONWARD "\r\n"
     "HEAD /3 HTTP/1.1\r\n" ONWARD "\r\n"
     "POST /4 HTTP/1.1\r\n" ONWARD "Content-Length: 3\r\n"
     "\r\n"
     "xyz",
     "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 3\r\n"
     "\r\n"
     "one" REFUSAL "\r\n" REFUSAL_CONTENT "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 5\r\n"
     "\r\n"
     "HTTP/1.1 201 Created\r\n" MASKED "Content-Length: 4\r\n"
     "\r\n"
     "four",
     {{CLIENT_SENDS, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPATCH /2 HTTP/1.1\r\nHost: h\r\n\r\n"
                     "HEAD /3 HTTP/1.1\r\nHost: h\r\n\r\n"
                     "POST /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" DATE "\r\none"},
      {BACKEND_GETS, "HEAD /3"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" DATE "\r\n"},
      {BACKEND_GETS, "xyz"},
      {BACKEND_SENDS, "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n" DATE "\r\nfour"},
      {CLIENT_GETS, "four"}}},
    {"100 (Continue)",
     1,
     "PUT /a HTTP/1.1\r\n" ONWARD "Content-Length: 4\r\n"
     "\r\n"
     "data",
     "HTTP/1.1 100 Continue\r\n"
     "\r\n"
     "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
     "\r\n"
     "ok",
     {{CLIENT_SENDS,
       "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"},
      {BACKEND_GETS, "\r\n\r\n"},
      {CLIENT_GETS, "HTTP/1.1 100 Continue\r\n\r\n"},
      {CLIENT_SENDS, "data"},
      {BACKEND_GETS, "data"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
      {CLIENT_GETS, "ok"}}},
    {"interim responses",
     1,
     "GET /a HTTP/1.1\r\n" ONWARD "\r\n",
     "HTTP/1.1 103 Early Hints\r\n"
     "Link: </x>\r\n"
     "\r\n"
     "HTTP/1.1 102 Processing\r\n"
     "\r\n"
     "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
     "\r\n"
     "ok",
     {{CLIENT_SENDS, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                      "HTTP/1.1 102 Processing\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
      {CLIENT_GETS, "ok"}}},
    {"a refusal whose content is dropped",
     2,
     "GET /b HTTP/1.1\r\n" ONWARD "\r\n",
     REFUSAL "\r\n" REFUSAL_CONTENT "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
             "\r\n"
             "ok",
     {{CLIENT_SENDS, "PATCH /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234"},
      {CLIENT_GETS, "Implemented: "},
      {CLIENT_SENDS, "56789"},
      {CLIENT_SENDS, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
      {CLIENT_GETS, "ok"}}},
    {"a refusal whose chunks are dropped",
     2,
     "GET /b HTTP/1.1\r\n" ONWARD "\r\n",
     REFUSAL "\r\n" REFUSAL_CONTENT "HTTP/1.1 200 OK\r\n" MASKED "Content-Length: 2\r\n"
             "\r\n"
             "ok",
     {{CLIENT_SENDS, "PATCH /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na"},
      {CLIENT_SENDS, "bc\r\n2\r\nde\r\n0\r\n\r\n"
                     "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" DATE "\r\nok"},
      {CLIENT_GETS, "ok"}}},
    {"an answer until the connection's end",
     1,
     "GET /a HTTP/1.1\r\n"
     "Host: app.test\r\n"
     "X-Forwarded-Proto: http\r\n"
     "Via: 1.0 verbgate\r\n"
     "\r\n",
     "HTTP/1.1 200 OK\r\n" MASKED "Connection: close\r\n"
     "\r\n"
     "all of it",
     {{CLIENT_SENDS, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
      {BACKEND_GETS, "\r\n\r\n"},
      {BACKEND_SENDS, "HTTP/1.0 200 OK\r\n" DATE "\r\nall of it"},
      {BACKEND_CLOSES, NULL},
      {CLIENT_GETS, "all of it"},
      {CLIENT_SEES_END, NULL}}},
    {"a request that is none, and more behind it",
     1,
     "",
     "HTTP/1.1 400 Bad Request\r\n" MASKED "Content-Type: text/plain; charset=utf-8\r\n"
     "Content-Length: 65\r\n"
     "Cache-Control: no-store\r\n"
     "Proxy-Status: verbgate; error=http_request_error; details=\"malformed request line (a space "
     "in the target?)\"\r\n"
     "Connection: close\r\n"
     "\r\n"
     "400 Bad Request\n"
     "malformed request line (a space in the target?).\n",
     {{CLIENT_SENDS, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"},
      {CLIENT_SENDS, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"},
      {CLIENT_SEES_END, NULL}}},
    {"a refusal with broken chunks",
     1,
     "",
     REFUSAL "Connection: close\r\n"
             "\r\n" REFUSAL_CONTENT,
     {{CLIENT_SENDS, "PATCH /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"},
      {CLIENT_SENDS, "no chunk"},
      {CLIENT_SENDS, "\r\nnor this\r\n"},
      {CLIENT_SEES_END, NULL}}},
    {"another protocol after 101",
     1,
     "GET /a HTTP/1.1\r\n" ONWARD
     "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\nearlyquestionlast",
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
     "greetinganswerfarewell",
     {{CLIENT_SENDS,
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
      {CLIENT_SEES_END, NULL}}},
};

enum { SCRIPT_COUNT = sizeof scripts / sizeof scripts[0] };

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
