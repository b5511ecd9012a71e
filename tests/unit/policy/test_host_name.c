#include <criterion/criterion.h>

#include "verbgate/policy/host_name.h"

#include <stdlib.h>

static const char *problem_of(const char *host)
{
    struct slice text = slice_of(host);
    char *copy = malloc(text.length + 1);
    memcpy(copy + 1, text.data, text.length);
    const char *problem = host_name_problem(slice_make(copy + 1, text.length));
    free(copy);
    return problem;
}

Test(host_name, is_read_alike_by_all_servers)
{
    static const char *const fine[] = {
        "",
        "a",
        "admin.test",
        "ADMIN.Test",
        "admin.test.",
        "a-b.c_d",
        "_a.test",
        "-a",
        "1.example",
        "127.0.0.1",
        "127.0.0.1.",
        "255.255.255.255",
        "[::1]",
        "[::0001]",
        "[2001:DB8::1]",
        "[::ffff:127.0.0.1]",
        "xn--bcher-kva.example",
        "xn--p1ai",
        "x1.e0x1",
        "0x7fg",
        "1e3.test",
        "a.b1",
    };
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        cr_expect_null(problem_of(fine[i]), "%s: %s", fine[i], problem_of(fine[i]));
    }
}

/* Each of these is, to one parser or another, a host that has a plain spelling. */
Test(host_name, is_refused_when_some_server_reads_another_host)
{
    static const char *const bad[] = {
        /* percent-encoding, IDNA: full width, soft hyphen, other full stops, zero width */
        "%EF%BD%81dmin.test",
        "admin%E3%80%82test",
        "ad%C2%ADmin.test",
        "admin%EF%BC%8Etest",
        "%61dmin.test",
        "admin%EF%BD%A1test",
        "ad%E2%80%8Bmin.test",
        "%C5%BFite.test",
        /* empty labels */
        ".",
        "..",
        ".admin.test",
        "admin..test",
        "admin.test..",
        /* characters that a parser drops, cuts at or takes for userinfo */
        "admin.test!",
        "a~b",
        "(admin.test)",
        "admin.test*",
        "a$b",
        "a'b",
        "a+b",
        "a=b",
        "a&b",
        "admin.test@x",
        "admin test",
        "admin.test\\x",
        "admin\t.test",
        /* IPv4 in other notations */
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0X7F.0.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.256",
        "1.2.3.4.5",
        "127.0.0.0x1",
        "a.1",
        "a.0x",
        "127.0.0.1..",
        "0",
        /* bracketed things */
        "[]",
        "[1.2.3.4]",
        "[::1%25eth0]",
        "[v1.a]",
        "[::1",
        "[:::1]",
        /* Punycode of ASCII alone */
        "xn--admin-.test",
        "XN--admin-.test",
        "xn--",
        "a.xn--.test",
        "www.Xn--a-",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not_null(problem_of(bad[i]), "%s", bad[i]);
    }
    char longest[HOST_NAME_MAX_BYTES + 2];
    memset(longest, 'a', sizeof longest);
    longest[HOST_NAME_MAX_BYTES] = '.';
    cr_expect_null(host_name_problem(slice_make(longest, HOST_NAME_MAX_BYTES + 1)));
    longest[HOST_NAME_MAX_BYTES] = 'a';
    cr_expect_not_null(host_name_problem(slice_make(longest, HOST_NAME_MAX_BYTES + 1)));
}

Test(host_name, has_one_text)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"a.test", "a.test"},
        {"A.test.", "A.test"},
        {"[::1]", "[::1]"},
        {"[0:0::0001]", "[::1]"},
        {"[2001:DB8:0:0::00A]", "[2001:db8::a]"},
        {"[::127.0.0.1]", "[::127.0.0.1]"},
        {"[0:0:0:0:0:ffff:7F00:1]", "[::ffff:127.0.0.1]"},
        {"[v1.a]", "[v1.a]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[HOST_NAME_CANONICAL_MAX];
        struct slice text = host_name_canonical(slice_of(cases[i][0]), buffer);
        cr_expect(slice_equal(text, slice_of(cases[i][1])), "%s: %.*s", cases[i][0],
                  SLICE_PRINT(text));
    }
}
