#include <criterion/criterion.h>

#include "verbgate/net/resolver.h"

#include <arpa/inet.h>

static struct address parse(const char *text)
{
    struct address address;
    const char *problem = address_parse(slice_of(text), &address);
    cr_assert(problem == NULL, "%s: %s", text, problem);
    return address;
}

Test(resolver, takes_numeric_addresses_as_they_are)
{
    struct address address = parse("127.0.0.1:8080");
    struct socket_address all[RESOLVER_ADDRESSES_MAX];
    unsigned count = 0;
    cr_assert(resolver_resolve(&address, all, &count) == NULL);
    cr_assert_eq(count, 1);
    cr_assert_eq(all[0].v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    cr_assert_eq(all[0].v4.sin_port, htons(8080));
    address = parse("[::1]:81");
    cr_assert(resolver_resolve(&address, all, &count) == NULL);
    cr_assert_eq(count, 1);
    cr_assert_eq(all[0].any.sa_family, AF_INET6);
    cr_assert_eq(all[0].v6.sin6_port, htons(81));
}

Test(resolver, takes_the_path_of_a_unix_socket)
{
    struct address address = parse("unix:/run/app.sock");
    struct socket_address all[RESOLVER_ADDRESSES_MAX];
    unsigned count = 0;
    cr_assert(resolver_resolve(&address, all, &count) == NULL);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(all[0].path.sun_path, "/run/app.sock");
}

Test(resolver, resolves_localhost_to_each_of_its_addresses_once)
{
    struct address address = parse("localhost:65535");
    struct socket_address all[RESOLVER_ADDRESSES_MAX];
    unsigned count = 0;
    cr_assert(resolver_resolve(&address, all, &count) == NULL);
    cr_assert(count >= 1 && count <= RESOLVER_ADDRESSES_MAX);
    for (unsigned i = 0; i < count; i++) {
        bool is_ipv4 = all[i].any.sa_family == AF_INET;
        cr_assert(is_ipv4 || all[i].any.sa_family == AF_INET6);
        cr_assert_eq(is_ipv4 ? all[i].v4.sin_port : all[i].v6.sin6_port, htons(65535));
        cr_assert_eq(all[i].length, is_ipv4 ? sizeof all[i].v4 : sizeof all[i].v6);
        for (unsigned j = 0; j < i; j++) {
            cr_assert(all[i].length != all[j].length ||
                      memcmp(&all[i].storage, &all[j].storage, all[i].length) != 0);
        }
    }
}

Test(resolver, says_what_is_wrong_and_leaves_the_result_alone)
{
    static char long_name[300];
    memset(long_name, 'a', sizeof long_name);
    struct address cases[] = {
        {ADDRESS_BUILTIN, SLICE("legacy"), 0},
        {ADDRESS_NAME, {long_name, sizeof long_name}, 80},
        {ADDRESS_NAME, SLICE("no.such.name.invalid"), 80}, /* RFC 6761 section 6.4 */
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct socket_address all[RESOLVER_ADDRESSES_MAX] = {{.length = 77}};
        unsigned count = 78;
        const char *problem = resolver_resolve(&cases[i], all, &count);
        cr_assert(problem != NULL && problem[0] != '\0', "case %u", i);
        cr_assert_eq(all[0].length, 77);
        cr_assert_eq(count, 78);
    }
}
