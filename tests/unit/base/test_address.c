#include <criterion/criterion.h>

#include "verbgate/base/address.h"

#include <arpa/inet.h>
#include <stdlib.h>

static const struct {
    const char *text;
    enum address_kind kind;
    const char *host;
    uint16_t port;
} good_addresses[] = {
    {"systemd:web.socket", ADDRESS_INHERITED, "web.socket", 0},
    {"127.0.0.1:8080", ADDRESS_IP, "127.0.0.1", 8080},
    {"0.0.0.0:0", ADDRESS_IP, "0.0.0.0", 0},
    {"[::1]:65535", ADDRESS_IP, "::1", 65535},
    {"[2001:db8::192.0.2.1]:80", ADDRESS_IP, "2001:db8::192.0.2.1", 80},
    {"localhost:80", ADDRESS_NAME, "localhost", 80},
    {"my_app-1.example.com:00080", ADDRESS_NAME, "my_app-1.example.com", 80},
    {"*:8080", ADDRESS_ANY, "", 8080},
    {":8080", ADDRESS_ANY, "", 8080},
    {"unix:/run/app.sock", ADDRESS_UNIX, "/run/app.sock", 0},
    {"unix:/a:80", ADDRESS_UNIX, "/a:80", 0},
    {"builtin:legacy", ADDRESS_BUILTIN, "legacy", 0},
};

Test(address, parses_every_kind)
{
    for (size_t i = 0; i < sizeof good_addresses / sizeof good_addresses[0]; i++) {
        struct address address;
        const char *text = good_addresses[i].text;
        const char *problem = address_parse(slice_of(text), &address);
        cr_assert(problem == NULL, "%s: %s", text, problem);
        cr_expect_eq(address.kind, good_addresses[i].kind, "%s", text);
        cr_expect(slice_equal(address.host, slice_of(good_addresses[i].host)), "%s", text);
        cr_expect_eq(address.port, good_addresses[i].port, "%s", text);
    }
}

static const struct slice bad_addresses[] = {
#define TEXT(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
    TEXT(""),
    TEXT("localhost"),
    TEXT("localhost:"),
    TEXT("localhost:http"),
    TEXT("localhost:65536"),
    TEXT("localhost:000080"),
    TEXT("localhost:+80"),
    TEXT("localhost: 80"),
    TEXT("local host:80"),
    TEXT("a/b:80"),
    TEXT("a\0b:80"),
    TEXT("http://a:80"),
    TEXT("\xe9:80"),
    TEXT("**:80"),
    TEXT("::1:80"),
    TEXT("systemd:"),
    TEXT("systemd:a b"),
    TEXT("systemd:a:b"),
    TEXT("a:80:80"),
    TEXT("["),
    TEXT("[]"),
    TEXT("[]:80"),
    TEXT("[::1"),
    TEXT("[::1]"),
    TEXT("[::1]80"),
    TEXT("[::1]:"),
    TEXT("[::1]:x"),
    TEXT("[127.0.0.1]:80"),
    TEXT("[::1\0]:80"),
    TEXT("[fe80::1%eth0]:80"),
    TEXT("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80"),
    TEXT("unix:"),
    TEXT("unix:run/app.sock"),
    TEXT("unix:/run\0app"),
    TEXT("builtin:"),
#undef TEXT
};

Test(address, says_what_is_wrong_and_leaves_the_result_alone)
{
    for (size_t i = 0; i < sizeof bad_addresses / sizeof bad_addresses[0]; i++) {
        struct slice text = bad_addresses[i];
        struct address address = {.kind = ADDRESS_NAME, .port = 4242};
        char *copy = malloc(text.length > 0 ? text.length : 1);
        cr_assert(copy != NULL);
        memcpy(copy, text.data, text.length);
        cr_expect(address_parse(slice_make(copy, text.length), &address) != NULL, "%s", text.data);
        cr_expect_eq(address.kind, ADDRESS_NAME, "%s", text.data);
        cr_expect_eq(address.port, 4242, "%s", text.data);
        free(copy);
    }
}

/* "unix:/aaa..." with a path of `length` bytes. */
static const char *parse_unix_of(size_t length, struct address *address)
{
    static char text[512] = "unix:/";
    memset(text + 6, 'a', sizeof text - 6);
    return address_parse(slice_make(text, 5 + length), address);
}

Test(address, limits_a_unix_path_to_what_the_system_takes)
{
    struct address address;
    struct socket_address socket;
    const size_t most = sizeof socket.path.sun_path - 1;
    cr_assert(parse_unix_of(most, &address) == NULL);
    cr_assert(address_to_socket(&address, &socket));
    cr_expect_eq(socket.path.sun_path[most], '\0');
    cr_expect(parse_unix_of(most + 1, &address) != NULL);
}

Test(address, limits_a_host_name_to_253_bytes)
{
    char text[300];
    struct address address;
    memset(text, 'a', sizeof text);
    memcpy(text + 253, ":80", 3);
    cr_expect(address_parse(slice_make(text, 256), &address) == NULL);
    memcpy(text + 253, "a:80", 4);
    cr_expect(address_parse(slice_make(text, 257), &address) != NULL);
}

static const struct {
    const char *text;
    int family;
    const char *ip;
    const char *shown;
} sockets[] = {
    {"192.0.2.1:80", AF_INET, "192.0.2.1", "192.0.2.1:80"},
    {"[2001:db8::1]:443", AF_INET6, "2001:db8::1", "[2001:db8::1]:443"},
    {"[::ffff:192.0.2.1]:443", AF_INET6, "192.0.2.1", "192.0.2.1:443"},
    {"*:8080", AF_INET, "0.0.0.0", "0.0.0.0:8080"},
    {"unix:/run/app.sock", AF_UNIX, "unix", "unix:/run/app.sock"},
};

Test(address, becomes_a_socket_address_and_text_again)
{
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        struct address address;
        struct socket_address socket;
        char ip[INET6_ADDRSTRLEN], shown[128];
        cr_assert(address_parse(slice_of(sockets[i].text), &address) == NULL);
        cr_assert(address_to_socket(&address, &socket), "%s", sockets[i].text);
        cr_expect_eq(socket.any.sa_family, sockets[i].family);
        cr_expect_eq(socket_address_ip(&socket.any, ip), strlen(sockets[i].ip));
        cr_expect_str_eq(ip, sockets[i].ip);
        socket_address_text(&socket, shown, sizeof shown);
        cr_expect_str_eq(shown, sockets[i].shown);
    }
}

Test(address, needs_resolving_when_it_is_a_name_or_builtin)
{
    static const char *const texts[] = {"localhost:80", "builtin:legacy"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct address address;
        struct socket_address socket = {.length = 77};
        cr_assert(address_parse(slice_of(texts[i]), &address) == NULL);
        cr_expect(!address_to_socket(&address, &socket), "%s", texts[i]);
        cr_expect_eq(socket.length, 77);
    }
}

Test(address, cuts_its_text_to_the_room)
{
    struct address address;
    struct socket_address socket;
    cr_assert(address_parse(SLICE("[2001:db8::1]:443"), &address) == NULL);
    cr_assert(address_to_socket(&address, &socket));
    char *shown = malloc(8);
    cr_assert(shown != NULL);
    socket_address_text(&socket, shown, 8);
    cr_expect_str_eq(shown, "[2001:d");
    free(shown);
}

Test(address, knows_what_only_this_machine_reaches)
{
    static const struct {
        const char *text;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:80", true},
        {"127.255.255.255:80", true},
        {"[::1]:80", true},
        {"unix:/run/a.sock", true},
        {"126.255.255.255:80", false},
        {"128.0.0.1:80", false},
        {"0.0.0.0:80", false},
        {"*:80", false},
        {"[::]:80", false},
        {"[::ffff:127.0.0.1]:80", false},
        {"[::2]:80", false},
        {"192.168.0.1:80", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct address address;
        struct socket_address socket;
        cr_assert(address_parse(slice_of(cases[i].text), &address) == NULL);
        cr_assert(address_to_socket(&address, &socket));
        cr_expect_eq(socket_address_is_loopback(&socket), cases[i].is_loopback, "%s",
                     cases[i].text);
    }
}

Test(address, reads_ip_literals_of_the_family_that_is_asked_for)
{
    static const struct {
        struct slice text;
        bool is_v4, is_v6;
    } cases[] = {
        {{"127.0.0.1", 9}, true, false},
        {{"::1", 3}, false, true},
        {{"::ffff:255.255.255.255", 22}, false, true},
        {{"", 0}, false, false},
        {{NULL, 0}, false, false},
        {{"[::1]", 5}, false, false},
        {{"fe80::1%eth0", 12}, false, false},
        {{"127.0.0.1\0x", 11}, false, false},
        {{"::1\0", 4}, false, false},
        {{"127.0.0.01", 10}, false, false},
        {{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", 49}, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char bytes[sizeof(struct in6_addr)];
        cr_assert_eq(address_read_ip(cases[i].text, AF_INET, bytes), cases[i].is_v4, "case %zu", i);
        cr_assert_eq(address_read_ip(cases[i].text, AF_INET6, bytes), cases[i].is_v6, "case %zu",
                     i);
    }
}
