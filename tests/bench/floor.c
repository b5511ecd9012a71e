/* The least that a proxy on this kernel can cost, for compare.py to hold beside the proxies.
 *
 *     floor LISTEN_PORT BACKEND_PORT
 *
 * Each client is paired with one connection to the backend, and what one side sends goes to the
 * other as it is: two reads and two writes for a request and its response, and nothing parsed. It
 * is no proxy: a receiver that does not read holds up everybody. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = 65536, EVENTS_MAX = 1024, BACKLOG = 4096 };

/* The other side of each descriptor; 0 means none, since that one is never a connection. */
static int others[DESCRIPTORS_MAX];
static char buffer[65536];

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static bool is_watched(int poller, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static int open_listener(const char *port)
{
    int one = 1;
    struct sockaddr_in address = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, BACKLOG) != 0) {
        fail("listen");
    }
    return listener;
}

static void pair(int poller, int client, const struct sockaddr_in *backend)
{
    int one = 1;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || server >= DESCRIPTORS_MAX || client >= DESCRIPTORS_MAX ||
        connect(server, (const struct sockaddr *)backend, sizeof *backend) != 0 ||
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        !is_watched(poller, client) || !is_watched(poller, server)) {
        fail("connect");
    }
    others[client] = server;
    others[server] = client;
}

static void close_pair(int descriptor)
{
    int other = others[descriptor];
    others[descriptor] = 0;
    others[other] = 0;
    close(descriptor);
    close(other);
}

/* One read and one write. The write blocks when the receiver's buffers are full, which is the
 * cheapest way to wait. */
static void pass_on(int descriptor)
{
    if (others[descriptor] == 0) {
        return; /* closed by an earlier event of the same turn */
    }
    ssize_t length = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) {
        return;
    }
    if (length <= 0 || send(others[descriptor], buffer, (size_t)length, MSG_NOSIGNAL) != length) {
        close_pair(descriptor);
    }
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: floor LISTEN_PORT BACKEND_PORT\n", stderr);
        return 2;
    }
    struct sockaddr_in backend = loopback(arguments[2]);
    int listener = open_listener(arguments[1]);
    int poller = epoll_create1(0);
    if (poller < 0 || !is_watched(poller, listener)) {
        fail("epoll");
    }
    for (;;) {
        static struct epoll_event events[EVENTS_MAX];
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            int client;
            if (events[i].data.fd != listener) {
                pass_on(events[i].data.fd);
                continue;
            }
            while ((client = accept(listener, NULL, NULL)) >= 0) {
                pair(poller, client, &backend);
            }
        }
    }
}
