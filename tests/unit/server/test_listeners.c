#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"
#include "../temporary.h"

#include "verbgate/server/listeners.h"

enum { WORKERS = 2 };

static struct listeners listeners;
static struct worker workers[WORKERS];
static struct access_log *access_log;
static struct letter_stock stock;
static char problem[LISTENERS_PROBLEM_MAX];

#define UPSTREAM "[upstream app]\nserver = 127.0.0.1:9000\n"

static void on_ended(struct worker *worker)
{
    cr_assert_fail("worker %u was never started", worker->index);
}

static void start(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    temporary_make();
    listeners = (struct listeners){.workers = WORKERS};
    access_log = access_log_create(WORKERS);
    struct policy *policy = fixture_policy("[listener a]\nbind = 127.0.0.1:0\n" UPSTREAM);
    for (unsigned i = 0; i < WORKERS; i++) {
        cr_assert(worker_init(&workers[i], i, policy, (struct proxy_limits){.connections = 10},
                              access_log, on_ended, NULL));
    }
    policy_release(policy);
}

static void finish(void)
{
    listeners_finish(&listeners);
    cr_assert_eq(listeners.count, 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        worker_finish(&workers[i], false);
    }
    cr_assert(access_log_end(access_log, 1000, 1000));
    access_log_destroy(access_log);
    temporary_finish();
}

/* Prepares for a policy with the given [listener] sections. */
static bool prepare(const char *sections)
{
    char text[1024];
    snprintf(text, sizeof text, "%s" UPSTREAM, sections);
    struct policy *policy = fixture_policy(text);
    problem[0] = '\0';
    bool fine = listeners_prepare(&listeners, policy, &stock, problem);
    policy_release(policy);
    return fine;
}

static void install(const char *sections)
{
    cr_assert(prepare(sections), "%s", problem);
    listeners_commit(&listeners, workers, &stock);
    cr_assert(stock.first == NULL, "each letter was sent");
}

static bool is_connectable(const struct socket_address *address)
{
    int client = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(client, &address->any, address->length);
    close(client);
    return result == 0;
}

static const char *unix_listener(const char *name)
{
    static char sections[256];
    snprintf(sections, sizeof sections, "[listener %s]\nbind = unix:%s\n", name,
             temporary_path(name));
    return sections;
}

Test(listeners, opens_and_hands_out_one_socket_per_worker)
{
    start();
    cr_assert(prepare("[listener a]\nbind = 127.0.0.1:0\n"), "%s", problem);
    cr_assert_eq(listeners.count, 0, "not before the commit");
    cr_assert_eq(listeners.opened, 1);
    struct listeners_entry *entry = &listeners.entries[0];
    cr_assert_eq(entry->socket.count, WORKERS);
    cr_assert_not(entry->socket.are_lent);
    listeners_commit(&listeners, workers, &stock);
    cr_assert(stock.first == NULL, "each letter was sent");
    cr_assert(entry->socket.are_lent);
    cr_assert(is_connectable(&entry->socket.address));
    finish();
}

Test(listeners, keeps_what_the_next_policy_still_wants)
{
    static const char one[] = "[listener a]\nbind = 127.0.0.1:0\n";
    static const char two[] =
        "[listener b]\nbind = 127.0.0.1:0\n[listener a]\nbind = 127.0.0.1:0\n";
    start();
    install(one);
    uint16_t port = listeners.entries[0].socket.address.v4.sin_port;
    unsigned id = listeners.entries[0].id;
    install(two);
    cr_assert_eq(listeners.count, 2);
    cr_assert_eq(listeners.entries[0].socket.address.v4.sin_port, port);
    cr_assert_eq(listeners.entries[0].id, id);
    cr_assert_neq(listeners.entries[1].id, id);
    install(one);
    cr_assert_eq(listeners.count, 1);
    cr_assert_eq(listeners.entries[0].id, id);
    finish();
}

Test(listeners, knows_a_listener_with_a_port_by_its_address_whatever_its_name)
{
    start();
    install(unix_listener("a"));
    struct stat before, after;
    cr_assert_eq(stat(temporary_path("a"), &before), 0);
    char renamed[256];
    snprintf(renamed, sizeof renamed, "[listener b]\nbind = unix:%s\n", temporary_path("a"));
    install(renamed);
    cr_assert_eq(listeners.count, 1);
    cr_assert_eq(stat(temporary_path("a"), &after), 0);
    cr_assert_eq(before.st_ino, after.st_ino);
    finish();
}

Test(listeners, removes_a_unix_socket_that_is_wanted_no_more)
{
    start();
    install(unix_listener("a"));
    install("[listener b]\nbind = 127.0.0.1:0\n");
    cr_assert_neq(access(temporary_path("a"), F_OK), 0);
    cr_assert_eq(listeners.count, 1);
    finish();
}

Test(listeners, changes_nothing_when_one_cannot_be_opened)
{
    start();
    install(unix_listener("kept"));
    uint16_t port;
    int taken = fixture_listen(&port);
    char sections[512];
    snprintf(sections, sizeof sections, "%s[listener taken]\nbind = 127.0.0.1:%u\n",
             unix_listener("new"), (unsigned)port);
    cr_assert_not(prepare(sections));
    cr_assert(strstr(problem, "gateway.ini:3: cannot listen on 127.0.0.1:") == problem, "%s",
              problem);
    cr_assert_eq(listeners.count, 1);
    cr_assert_neq(access(temporary_path("new"), F_OK), 0, "what was opened is closed again");
    cr_assert(is_connectable(&listeners.entries[0].socket.address));
    close(taken);
    finish();
}

/* The workers of this test are the slowest of all: they read no letter. */
Test(listeners, what_was_taken_back_is_leaving_until_each_worker_has_closed_it)
{
    start();
    install("[listener a]\nbind = 127.0.0.1:0\n");
    cr_assert(!listeners_are_leaving(&listeners));
    install("[listener b]\nbind = [::1]:0\n");
    cr_assert(listeners_are_leaving(&listeners));
    for (unsigned i = 0; i < WORKERS; i++) {
        cr_assert(listeners_are_leaving(&listeners));
        listeners_note_left(&listeners);
    }
    cr_assert(!listeners_are_leaving(&listeners));
    finish();
}

Test(listeners, binds_a_unix_socket_again_whose_path_is_gone)
{
    start();
    const char *sections = unix_listener("gone");
    install(sections);
    unsigned id = listeners.entries[0].id;
    install(sections);
    cr_assert_eq(listeners.entries[0].id, id, "it is in place");
    unlink(temporary_path("gone"));
    install(sections);
    cr_assert_eq(listeners.count, 1);
    cr_assert_neq(listeners.entries[0].id, id);
    cr_assert(is_connectable(&listeners.entries[0].socket.address));
    finish();
}
