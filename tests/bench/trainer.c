/* Gives a build to be trained (VERBGATE_TRAIN) the traffic that it is to be fast at.
 *
 *     trainer VERBGATE
 *
 * It starts VERBGATE, which counts the ways that its code takes, in front of a backend of its own,
 * sends a fixed mix of requests over many connections, checks each answer's status, and ends it. The
 * mix is what a gateway sees all day: pages and interfaces for browsers and programs, forms and uploads,
 * large files, the answers that the gateway gives itself, new and kept connections, with a log and without. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CONNECTIONS = 32,
    ROUNDS = 220,     /* of one request on each connection */
    ROUNDS_KEPT = 40, /* then a connection is opened anew */
    SECONDS_MAX = 120,
    WIRE_BYTES = 64 * 1024,
    PATH_MAX_BYTES = 256,
};

static void fail(const char *what)
{
    fprintf(stderr, "trainer: %s%s%s\n", what, errno != 0 ? ": " : "",
            errno != 0 ? strerror(errno) : "");
    exit(1);
}

/* ---- one end of a connection */

struct wire {
    int descriptor;
    size_t length; /* bytes that were read and not used yet */
    char bytes[WIRE_BYTES + 1];
};

static void send_all(int descriptor, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(descriptor, data, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            fail("send");
        }
        data += sent;
        length -= (size_t)sent;
    }
}

static void use(struct wire *wire, size_t length)
{
    wire->length -= length;
    memmove(wire->bytes, wire->bytes + length, wire->length + 1);
}

/* False at the end of the connection. */
static bool read_more(struct wire *wire)
{
    ssize_t count =
        recv(wire->descriptor, wire->bytes + wire->length, WIRE_BYTES - wire->length, 0);
    if (count <= 0) {
        return false;
    }
    wire->length += (size_t)count;
    wire->bytes[wire->length] = '\0';
    return true;
}

/* Waits for `end` and returns the length up to behind it, or 0 at the end of the connection. */
static size_t read_up_to(struct wire *wire, const char *end)
{
    char *found;
    while ((found = strstr(wire->bytes, end)) == NULL) {
        if (!read_more(wire)) {
            return 0;
        }
    }
    return (size_t)(found - wire->bytes) + strlen(end);
}

static void skip(struct wire *wire, size_t length)
{
    while (length > 0) {
        if (wire->length == 0 && !read_more(wire)) {
            fail("content is cut");
        }
        size_t part = length < wire->length ? length : wire->length;
        use(wire, part);
        length -= part;
    }
}

/* Skips what follows the head, which ends at `head_length`; chunks and content hold no empty line. */
static void skip_message(struct wire *wire, size_t head_length, bool has_content)
{
    char *field = strstr(wire->bytes, "Content-Length: ");
    bool has_length = field != NULL && field < wire->bytes + head_length;
    size_t length = has_length ? strtoul(field + strlen("Content-Length: "), NULL, 10) : 0;
    char *coding = strstr(wire->bytes, "chunked\r\n");
    bool is_chunked = coding != NULL && coding < wire->bytes + head_length;
    use(wire, head_length);
    if (has_content && is_chunked) {
        use(wire, read_up_to(wire, "0\r\n\r\n"));
    } else if (has_content) {
        skip(wire, length);
    }
}

/* ---- the backend: one thread a connection */

struct answer {
    const char *path;
    const char *head;
    size_t length; /* of content that follows */
};

#define PLAIN_FIELDS "Server: backend\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\n"
#define APP_FIELDS                                                                             \
    "Date: Fri, 27 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json; charset=utf-8\r\n" \
    "Cache-Control: private, max-age=0, must-revalidate\r\nVary: Accept-Encoding, Origin\r\n"  \
    "ETag: W/\"7f2-bQ8n1cWmTFKnLrTmYhJ0pZ2x4Ss\"\r\nX-Frame-Options: SAMEORIGIN\r\n"           \
    "Strict-Transport-Security: max-age=31536000\r\nX-Content-Type-Options: nosniff\r\n"       \
    "Set-Cookie: session=c29tZS1zZXNzaW9uLWlkLWhlcmU; Path=/; HttpOnly; SameSite=Lax\r\n"

static const struct answer answers[] = {
    {"/small",
     "HTTP/1.1 200 OK\r\n" PLAIN_FIELDS "Content-Type: text/plain\r\nContent-Length: 128\r\n"
     "Connection: keep-alive\r\n\r\n",
     128},
    {"/page",
     "HTTP/1.1 200 OK\r\n" PLAIN_FIELDS "Content-Type: text/html\r\nContent-Length: 6000\r\n"
     "Last-Modified: Thu, 26 Nov 2026 08:00:00 GMT\r\nAccept-Ranges: bytes\r\n\r\n",
     6000},
    {"/api", "HTTP/1.1 200 OK\r\n" APP_FIELDS "Content-Length: 1500\r\n\r\n", 1500},
    {"/made",
     "HTTP/1.1 201 Created\r\n" APP_FIELDS "Location: /api/7\r\nContent-Length: 40\r\n\r\n", 40},
    {"/chunked",
     "HTTP/1.1 200 OK\r\n" APP_FIELDS "Transfer-Encoding: chunked\r\n\r\n"
     "5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n",
     0},
    {"/gone", "HTTP/1.1 204 No Content\r\n" PLAIN_FIELDS "\r\n", 0},
    {"/same", "HTTP/1.1 304 Not Modified\r\n" PLAIN_FIELDS "ETag: \"one\"\r\n\r\n", 0},
    {"/large", "HTTP/1.1 200 OK\r\n" PLAIN_FIELDS "Content-Length: 65536\r\n\r\n", 65536},
    {"/huge", "HTTP/1.1 200 OK\r\n" PLAIN_FIELDS "Content-Length: 4194304\r\n\r\n", 4194304},
};

static const struct answer *answer_to(const char *target)
{
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (strncmp(target, answers[i].path, strlen(answers[i].path)) == 0) {
            return &answers[i];
        }
    }
    return &answers[0];
}

/* A small answer goes out in one piece, as servers send it. */
static void send_answer(int descriptor, const struct answer *answer, bool is_head)
{
    static const char filler[WIRE_BYTES];
    char first[WIRE_BYTES];
    size_t head = strlen(answer->head);
    size_t left = is_head ? 0 : answer->length;
    size_t room = sizeof first - head;
    size_t part = left < room ? left : room;
    memcpy(first, answer->head, head);
    memset(first + head, 'x', part);
    send_all(descriptor, first, head + part);
    for (left -= part; left > 0; left -= part) {
        part = left < sizeof filler ? left : sizeof filler;
        send_all(descriptor, filler, part);
    }
}

static void *serve(void *argument)
{
    struct wire *wire = argument;
    size_t head_length;
    while ((head_length = read_up_to(wire, "\r\n\r\n")) > 0) {
        bool is_head = strncmp(wire->bytes, "HEAD ", 5) == 0;
        char *target = strchr(wire->bytes, ' ');
        const struct answer *answer = answer_to(target == NULL ? "" : target + 1);
        skip_message(wire, head_length, true);
        send_answer(wire->descriptor, answer, is_head);
    }
    close(wire->descriptor);
    free(wire);
    return NULL;
}

static void *run_backend(void *argument)
{
    const int *listener = argument;
    for (;;) {
        int one = 1;
        int descriptor = accept(*listener, NULL, NULL);
        struct wire *wire = calloc(1, sizeof *wire);
        pthread_t thread;
        if (descriptor < 0 || wire == NULL) {
            fail("accept");
        }
        wire->descriptor = descriptor;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (pthread_create(&thread, NULL, serve, wire) != 0 || pthread_detach(thread) != 0) {
            fail("thread");
        }
    }
    return NULL;
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

/* Returns its port. */
static unsigned start_backend(void)
{
    static int listener;
    pthread_t thread;
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, 4 * CONNECTIONS) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&thread, NULL, run_backend, &listener) != 0) {
        fail("backend");
    }
    return ntohs(address.sin_port);
}

/* ---- the gateway */

static void write_policy(const char *folder, const char *path, unsigned port, bool is_logged)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fail(path);
    }
    fprintf(file, "[gateway]\nworkers = 1\naccess-log = %s%s\n", is_logged ? folder : "off",
            is_logged ? "/log" : "");
    fprintf(file,
            "[listener public]\nbind = 127.0.0.1:0\n"
            "[upstream app]\nserver = 127.0.0.1:%u\nimplements = GET HEAD POST PUT DELETE\n"
            "[route read-only]\npath = /small/read-only/*\nallow = GET HEAD\n"
            "[route api]\npath = /api/*\nallow = GET HEAD POST PUT DELETE\n"
            "[route all]\npath = /*\n",
            port);
    if (fclose(file) != 0) {
        fail(path);
    }
}

/* Starts it and waits until it is ready; `*port` is where it listens. */
static pid_t start_gateway(const char *binary, const char *policy, unsigned *port)
{
    int ends[2];
    if (pipe(ends) != 0) {
        fail("pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing stays behind, however this ends */
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        execl(binary, binary, "run", "-c", policy, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *log = fdopen(ends[0], "r");
    char line[1024];
    bool is_ready = false;
    while (pid > 0 && log != NULL && !is_ready && fgets(line, sizeof line, log) != NULL) {
        char *place = strstr(line, "listening on 127.0.0.1:");
        if (place != NULL) {
            *port = (unsigned)strtoul(strrchr(place, ':') + 1, NULL, 10);
        }
        is_ready = strstr(line, "info: ready") != NULL;
    }
    if (!is_ready || *port == 0) {
        fail("the gateway does not start");
    }
    return pid; /* the log's descriptor stays open: a closed one would end the gateway's writes */
}

static void stop_gateway(pid_t pid)
{
    int status;
    if (kill(pid, SIGTERM) != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        errno = 0;
        fail("the gateway did not end well");
    }
}

/* ---- the clients */

struct request {
    const char *head;
    size_t length; /* of content that follows */
    unsigned status;
};

#define BROWSER_FIELDS                                                                            \
    "Host: shop.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "            \
    "Gecko/20100101 Firefox/128.0\r\nAccept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n" \
    "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"                   \
    "Referer: https://shop.example.com/\r\nConnection: keep-alive\r\n"                            \
    "Cookie: session=c29tZS1zZXNzaW9uLWlkLWhlcmU; theme=dark\r\nSec-Fetch-Mode: navigate\r\n"
#define PROGRAM_FIELDS "Host: api.example.com\r\nUser-Agent: client/8.1\r\nAccept: */*\r\n"

/* What is frequent stands more than once. */
static const struct request requests[] = {
    {"GET /small HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"GET /page?id=7 HTTP/1.1\r\n" BROWSER_FIELDS "\r\n", 0, 200},
    {"GET /api/orders/7 HTTP/1.1\r\n" PROGRAM_FIELDS "Authorization: Bearer abcdef\r\n\r\n", 0,
     200},
    {"PATCH /api/orders/7 HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 501},
    {"GET /small/read-only/one HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"GET /api/search?q=a%20b HTTP/1.1\r\n" BROWSER_FIELDS "\r\n", 0, 200},
    {"POST /made HTTP/1.1\r\n" PROGRAM_FIELDS "Content-Type: application/json\r\n"
     "Content-Length: 300\r\n\r\n",
     300, 201},
    {"GET /small HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"HEAD /page HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"POST /small/read-only/one HTTP/1.1\r\n" PROGRAM_FIELDS "Content-Length: 0\r\n\r\n", 0, 405},
    {"GET /same HTTP/1.1\r\n" BROWSER_FIELDS "If-None-Match: \"one\"\r\n\r\n", 0, 304},
    {"GET /chunked HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"GET /large HTTP/1.1\r\n" BROWSER_FIELDS "\r\n", 0, 200},
    {"PUT /made HTTP/1.1\r\n" PROGRAM_FIELDS "Content-Length: 65536\r\n\r\n", 65536, 201},
    {"POST /made HTTP/1.1\r\n" PROGRAM_FIELDS "Transfer-Encoding: chunked\r\n\r\n"
     "4\r\nbody\r\n0\r\n\r\n",
     0, 201},
    {"GET /small HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"DELETE /gone HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 204},
    {"LIST /small HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 501},
    {"GET /small HTTP/1.1\r\n" BROWSER_FIELDS "\r\n", 0, 200},
    {"GET /huge HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"GET /page HTTP/1.1\r\n" BROWSER_FIELDS "\r\n", 0, 200},
    {"GET /small HTTP/1.1\r\n" PROGRAM_FIELDS "\r\n", 0, 200},
    {"GET /api/orders HTTP/1.1\r\n" BROWSER_FIELDS "\r\n", 0, 200},
};

/* A client asks in its own order, so that a turn of the gateway's loop meets a mixture. */
static const struct request *request_of(unsigned client, unsigned round)
{
    return &requests[(round + 5 * client) % (sizeof requests / sizeof requests[0])];
}

static void open_client(struct wire *client, unsigned port)
{
    struct sockaddr_in address = loopback(port);
    client->length = 0;
    client->bytes[0] = '\0';
    client->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0 ||
        connect(client->descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
}

static void ask(const struct wire *client, const struct request *request)
{
    static char content[WIRE_BYTES];
    char first[WIRE_BYTES];
    size_t head = strlen(request->head);
    size_t part = request->length < 1024 ? request->length : 0;
    memcpy(first, request->head, head);
    memset(first + head, 'x', part);
    send_all(client->descriptor, first, head + part);
    send_all(client->descriptor, content, request->length - part);
}

static void expect(struct wire *client, const struct request *request)
{
    size_t head_length = read_up_to(client, "\r\n\r\n");
    unsigned status = head_length > 12 ? (unsigned)strtoul(client->bytes + 9, NULL, 10) : 0;
    if (status != request->status) {
        errno = 0;
        fprintf(stderr, "trainer: status %u in place of %u for\n%s", status, request->status,
                request->head);
        fail("a wrong answer");
    }
    bool has_content = strncmp(request->head, "HEAD ", 5) != 0 && status != 204 && status != 304;
    skip_message(client, head_length, has_content);
}

static void send_traffic(unsigned port)
{
    static struct wire clients[CONNECTIONS];
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            if ((round + i) % ROUNDS_KEPT == 0 && round > 0) {
                close(clients[i].descriptor);
            }
            if ((round + i) % ROUNDS_KEPT == 0 || round == 0) {
                open_client(&clients[i], port);
            }
            ask(&clients[i], request_of(i, round));
        }
        for (unsigned i = 0; i < CONNECTIONS; i++) {
            expect(&clients[i], request_of(i, round));
        }
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        close(clients[i].descriptor);
    }
}

static void train(const char *binary, const char *folder, unsigned backend, bool is_logged)
{
    char policy[PATH_MAX_BYTES];
    unsigned port = 0;
    snprintf(policy, sizeof policy, "%s/gateway.ini", folder);
    write_policy(folder, policy, backend, is_logged);
    pid_t gateway = start_gateway(binary, policy, &port);
    send_traffic(port);
    stop_gateway(gateway);
    unlink(policy);
}

int main(int count, char **arguments)
{
    char folder[] = "/tmp/verbgate-trainer-XXXXXX";
    char log[PATH_MAX_BYTES];
    if (count != 2) {
        fputs("usage: trainer VERBGATE\n", stderr);
        return 2;
    }
    alarm(SECONDS_MAX); /* ends this process, whatever hangs */
    if (mkdtemp(folder) == NULL) {
        fail(folder);
    }
    unsigned backend = start_backend();
    train(arguments[1], folder, backend, false);
    train(arguments[1], folder, backend, true);
    snprintf(log, sizeof log, "%s/log", folder);
    unlink(log);
    return rmdir(folder) == 0 ? 0 : 1;
}
