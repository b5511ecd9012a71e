/* Connections that belong to one client, and what becomes of them when room is short. */
#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

#include "verbgate/upstream/private.h"

enum { CLIENTS_MAX = 3 };

static const char offer[] =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 2\r\n\r\nok";

static int clients[CLIENTS_MAX];
static int backends[CLIENTS_MAX];
static unsigned client_count;
static const char *credentials = "";

static struct pool *pool(void)
{
    return gateway.context.snapshot->upstreams[0].targets[0].pool;
}

static uint64_t private_count(void)
{
    return counter_read(&gateway.context.counters.upstream_private);
}

static void be(unsigned client)
{
    gateway.client.descriptor = clients[client];
    gateway.backend.descriptor = backends[client];
    gateway.client.length = gateway.client.seen = 0;
    gateway.backend.length = gateway.backend.seen = 0;
    gateway.client.has_ended = gateway.backend.has_ended = false;
}

static void ask(const char *target)
{
    char text[96];
    int length =
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", target, credentials);
    cr_assert(end_send(&gateway.client, text, (size_t)length));
    cr_assert(end_gets(&gateway.backend, target));
}

static void answer(void)
{
    cr_assert(end_send(&gateway.backend, offer, sizeof offer - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\nok"));
}

/* A client with a connection of its own; the fixture lets the backend's go on. */
static void log_in(const char *target)
{
    gateway.backend.descriptor = -1;
    gateway_connect();
    clients[client_count] = gateway.client.descriptor;
    backends[client_count] = -1;
    be(client_count);
    ask(target);
    answer();
    backends[client_count++] = gateway.backend.descriptor;
}

static void start(void)
{
    client_count = 0;
    gateway_start("half-close-timeout = 1ms");
}

static void stop(void)
{
    for (unsigned i = 0; i + 1 < client_count; i++) {
        close(clients[i]);
        close(backends[i]);
    }
    be(client_count - 1);
    gateway_stop();
    cr_assert_eq(private_count(), 0);
}

static bool has_ended(unsigned client)
{
    be(client);
    return end_is_ended(&gateway.backend);
}

Test(private, belongs_to_its_client_and_to_no_pool)
{
    start();
    log_in("/0");
    cr_assert_eq(private_count(), 1);
    cr_assert_eq(pool()->private_count, 1);
    cr_assert_eq(pool()->idle_count, 0);
    log_in("/1");
    cr_assert_eq(gateway.backend_connections, 2);
    be(0);
    ask("/0/again");
    answer();
    cr_assert_eq(gateway.backend_connections, 2);
    stop();
}

Test(private, does_not_wait_in_line_for_what_is_its_own)
{
    start();
    log_in("/0");
    pool()->pace.room = 0;
    struct list_node somebody;
    list_init(&somebody);
    list_append(&pool()->waiting, &somebody); /* whom nobody serves */
    ask("/0/again");
    list_remove(&somebody);
    answer();
    cr_assert_eq(counter_read(&gateway.context.counters.upstream_waits), 0);
    stop();
}

Test(private, gives_way_when_descriptors_run_out_the_longest_idle_first)
{
    start();
    log_in("/0");
    log_in("/1");
    be(0);
    ask("/0/again");
    answer();
    cr_assert(kept_shed(&gateway.context));
    cr_assert_eq(private_count(), 1);
    cr_assert(has_ended(1));
    cr_assert(kept_shed(&gateway.context));
    cr_assert(has_ended(0));
    cr_assert_not(kept_shed(&gateway.context));
    stop();
}

Test(private, is_not_more_often_than_there_may_be_clients)
{
    start();
    gateway.context.private_most = 2;
    log_in("/0");
    log_in("/1");
    log_in("/2");
    cr_assert_eq(private_count(), 2);
    cr_assert(has_ended(0));
    stop();
}

Test(private, is_kept_where_none_is_pooled)
{
    start();
    gateway.policy->upstreams[0].max_idle = 0;
    credentials = "Authorization: NTLM TlRM\r\n"; /* without them the connection would end first */
    log_in("/0");
    ask("/0/again");
    answer();
    cr_assert_eq(gateway.backend_connections, 1);
    stop();
}

Test(private, of_a_pool_without_references_are_closed)
{
    start();
    log_in("/0");
    kept_close_all(pool());
    cr_assert(has_ended(0));
    stop();
}
