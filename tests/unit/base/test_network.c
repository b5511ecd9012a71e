#include <criterion/criterion.h>

#include "verbgate/base/network.h"

#include <arpa/inet.h>

static struct network network_of(const char *text)
{
    struct network network;
    const char *problem = network_parse(slice_of(text), &network);
    cr_assert_null(problem, "%s: %s", text, problem);
    return network;
}

static struct network_address address_of(const char *text)
{
    struct network_address address;
    cr_assert(network_address_read(slice_of(text), &address), "%s", text);
    return address;
}

Test(network, has_the_addresses_behind_its_prefix_and_no_other)
{
    static const struct {
        const char *network;
        const char *address;
        bool expected;
    } cases[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.4/31", "192.0.2.5", true},
        {"192.0.2.4/31", "192.0.2.6", false},
        {"192.0.2.4", "192.0.2.4", true},
        {"192.0.2.4", "192.0.2.5", false},
        {"192.0.2.4/32", "192.0.2.4", true},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.1", false},
        {"::/64", "192.0.2.1", false},
        {"::/64", "::1", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"::ffff:0:0/96", "10.1.2.3", true},
        {"10.0.0.0/8", "::10.1.2.3", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct network network = network_of(cases[i].network);
        struct network_address address = address_of(cases[i].address);
        cr_assert_eq(network_has(&network, &address), cases[i].expected, "%s in %s",
                     cases[i].address, cases[i].network);
    }
}

Test(network, refuses_what_is_no_network)
{
    static const char *const bad[] = {
        "",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/ 8",
        "10.0.0/8",
        "10.0.0.0/8/8",
        "/8",
        "::/129",
        "2001:db8::/0x10",
        "example.com",
        "[::1]/128",
        "10.0.0.0:80",
        "::1%lo",
        "010.0.0.1",
        "10.0.0.0/0000000000000000000000000008",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct network network = {.prefix = 77};
        cr_assert_not_null(network_parse(slice_of(bad[i]), &network), "\"%s\" was taken", bad[i]);
        cr_assert_eq(network.prefix, 77, "%s", bad[i]);
    }
    struct network network;
    cr_assert_not_null(network_parse(slice_make("1.1.1.1\0x", 9), &network));
}

Test(network, says_which_network_was_meant_when_bits_are_left_over)
{
    static const struct {
        const char *written;
        const char *meant;
    } cases[] = {
        {"10.1.2.3/8", "10.0.0.0/8"},
        {"192.0.2.255/31", "192.0.2.254/31"},
        {"2001:db8::1/32", "2001:db8::/32"},
        {"192.0.2.1/0", "0.0.0.0/0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct network network;
        char text[NETWORK_TEXT_MAX];
        cr_assert_not_null(network_parse(slice_of(cases[i].written), &network));
        network_text(&network, text);
        cr_assert_str_eq(text, cases[i].meant);
    }
}

Test(network, holds_what_is_inside_it)
{
    struct network wide = network_of("10.0.0.0/8");
    struct network narrow = network_of("10.1.0.0/16");
    struct network other = network_of("11.0.0.0/8");
    struct network all_v6 = network_of("::/0");
    cr_assert(network_holds(&wide, &narrow));
    cr_assert(network_holds(&wide, &wide));
    cr_assert_not(network_holds(&narrow, &wide));
    cr_assert_not(network_holds(&wide, &other));
    cr_assert_not(network_holds(&all_v6, &wide));
}

Test(network, knows_the_peers_of_sockets)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr unix_peer = {.sa_family = AF_UNIX};
    struct network_address one;
    struct network_address other;
    cr_assert_eq(inet_pton(AF_INET, "192.0.2.7", &v4.sin_addr), 1);
    cr_assert_eq(inet_pton(AF_INET6, "::ffff:192.0.2.7", &v6.sin6_addr), 1);
    cr_assert(network_address_of((const struct sockaddr *)(const void *)&v4, &one));
    cr_assert(network_address_of((const struct sockaddr *)(const void *)&v6, &other));
    cr_assert_eq(memcmp(&one, &other, sizeof one), 0);
    cr_assert_not(network_address_of(&unix_peer, &one));
}

Test(network, writes_addresses_in_their_usual_form)
{
    static const char *const cases[][2] = {
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"192.0.2.7", "192.0.2.7"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct network_address address = address_of(cases[i][0]);
        char text[INET6_ADDRSTRLEN];
        cr_assert_eq(network_address_text(&address, text), strlen(cases[i][1]));
        cr_assert_str_eq(text, cases[i][1]);
    }
}
