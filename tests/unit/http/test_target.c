#include <criterion/criterion.h>

#include "verbgate/http/target.h"

#include <stdlib.h>

/* ---- target_parse: the four forms ---- */

static const struct {
    const char *text;
    enum method method;
    enum target_form form;
    const char *authority;
    const char *path;
    const char *path_query;
    const char *query;
    bool needs_slash;
    bool is_https;
} good_targets[] = {
    {"/", METHOD_GET, TARGET_ORIGIN, "", "/", "/", "", false, false},
    {"/a/b", METHOD_POST, TARGET_ORIGIN, "", "/a/b", "/a/b", "", false, false},
    {"/a?b=/c?d", METHOD_UNKNOWN, TARGET_ORIGIN, "", "/a", "/a?b=/c?d", "b=/c?d", false, false},
    {"/?", METHOD_GET, TARGET_ORIGIN, "", "/", "/?", "", false, false},
    {"//a.test/b", METHOD_GET, TARGET_ORIGIN, "", "//a.test/b", "//a.test/b", "", false, false},
    {"/http://a.test/", METHOD_GET, TARGET_ORIGIN, "", "/http://a.test/", "/http://a.test/", "",
     false, false},
    {"/a", METHOD_OPTIONS, TARGET_ORIGIN, "", "/a", "/a", "", false, false},
    {"*", METHOD_OPTIONS, TARGET_ASTERISK, "", "*", "*", "", false, false},
    {"http://a.test", METHOD_OPTIONS, TARGET_ASTERISK, "a.test", "*", "*", "", false, false},
    {"http://a.test/", METHOD_OPTIONS, TARGET_ABSOLUTE, "a.test", "/", "/", "", false, false},
    {"http://a.test?", METHOD_OPTIONS, TARGET_ABSOLUTE, "a.test", "/", "?", "", true, false},
    {"http://a.test", METHOD_GET, TARGET_ABSOLUTE, "a.test", "/", "/", "", false, false},
    {"http://a.test/", METHOD_GET, TARGET_ABSOLUTE, "a.test", "/", "/", "", false, false},
    {"http://a.test?q=/", METHOD_GET, TARGET_ABSOLUTE, "a.test", "/", "?q=/", "q=/", true, false},
    {"http://a.test?", METHOD_GET, TARGET_ABSOLUTE, "a.test", "/", "?", "", true, false},
    {"HTTPS://a.test:8443/b?c", METHOD_PUT, TARGET_ABSOLUTE, "a.test:8443", "/b", "/b?c", "c",
     false, true},
    {"http://[::1]:80/b", METHOD_GET, TARGET_ABSOLUTE, "[::1]:80", "/b", "/b", "", false, false},
    {"http://a.test//b", METHOD_GET, TARGET_ABSOLUTE, "a.test", "//b", "//b", "", false, false},
    {"http://a.test:/b", METHOD_GET, TARGET_ABSOLUTE, "a.test:", "/b", "/b", "", false, false},
    {"a.test:443", METHOD_CONNECT, TARGET_AUTHORITY, "a.test:443", "", "", "", false, false},
    {"[::1]:443", METHOD_CONNECT, TARGET_AUTHORITY, "[::1]:443", "", "", "", false, false},
};

Test(target, takes_every_form_apart)
{
    for (size_t i = 0; i < sizeof good_targets / sizeof good_targets[0]; i++) {
        const char *text = good_targets[i].text;
        struct target target;
        memset(&target, 0xff, sizeof target);
        enum http_fault fault = target_parse(slice_of(text), good_targets[i].method, &target);
        cr_assert_eq(fault, FAULT_NONE, "%s: %s", text, fault_sentence(fault));
        cr_expect_eq(target.form, good_targets[i].form, "%s", text);
        cr_expect(slice_equal(target.authority, slice_of(good_targets[i].authority)), "%s", text);
        cr_expect(slice_equal(target.path, slice_of(good_targets[i].path)), "%s", text);
        cr_expect(slice_equal(target.path_query, slice_of(good_targets[i].path_query)), "%s", text);
        cr_expect(slice_equal(target.query, slice_of(good_targets[i].query)), "%s", text);
        cr_expect_eq(target.needs_slash, good_targets[i].needs_slash, "%s", text);
        cr_expect_eq(target.is_https, good_targets[i].is_https, "%s", text);
    }
}

static const struct {
    const char *text;
    enum method method;
    enum http_fault fault;
} bad_targets[] = {
    {"", METHOD_GET, FAULT_TARGET_FORM},
    {"*", METHOD_GET, FAULT_TARGET_FORM},
    {"*", METHOD_PRI, FAULT_TARGET_FORM},
    {"*", METHOD_UNKNOWN, FAULT_TARGET_FORM},
    {"*/a", METHOD_OPTIONS, FAULT_TARGET_FORM},
    {"**", METHOD_OPTIONS, FAULT_TARGET_FORM},
    {"*?a", METHOD_OPTIONS, FAULT_TARGET_FORM},
    {"a.test:80", METHOD_GET, FAULT_TARGET_FORM},
    {"a.test", METHOD_OPTIONS, FAULT_TARGET_FORM},
    {"c/a", METHOD_GET, FAULT_TARGET_FORM},
    {"\\a", METHOD_GET, FAULT_TARGET_FORM},
    {"?a", METHOD_GET, FAULT_TARGET_FORM},
    {"HTTP/1.1", METHOD_GET, FAULT_TARGET_FORM},
    {":", METHOD_GET, FAULT_TARGET_FORM},
    {"://a.test/", METHOD_GET, FAULT_TARGET_FORM},
    {"http:", METHOD_GET, FAULT_TARGET_FORM},
    {"http:/a", METHOD_GET, FAULT_TARGET_FORM},
    {"http:a.test", METHOD_GET, FAULT_TARGET_FORM},
    {"ht%74p://a.test/", METHOD_GET, FAULT_TARGET_FORM},
    {"1http://a.test/", METHOD_GET, FAULT_TARGET_FORM},
    {"mailto:a@b", METHOD_GET, FAULT_TARGET_FORM},
    {"ftp://a.test/", METHOD_GET, FAULT_TARGET_SCHEME},
    {"ws://a.test/", METHOD_GET, FAULT_TARGET_SCHEME},
    {"httpx://a.test/", METHOD_GET, FAULT_TARGET_SCHEME},
    {"a+b-c.1://a.test/", METHOD_GET, FAULT_TARGET_SCHEME},
    {"http://", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http:///a", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://?a", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://:80/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://u:p@a.test/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://u@a.test/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://@a.test/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://a.test\\@b.test/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://a.test\\b", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://a.test:80x/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://a.test:80:80/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://[::1/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"http://a.test,b.test/", METHOD_GET, FAULT_TARGET_AUTHORITY},
    {"/a", METHOD_CONNECT, FAULT_TARGET_FORM},
    {"*", METHOD_CONNECT, FAULT_TARGET_FORM},
    {"http://a.test/", METHOD_CONNECT, FAULT_TARGET_FORM},
    {"a.test:443?b", METHOD_CONNECT, FAULT_TARGET_FORM},
    {"", METHOD_CONNECT, FAULT_TARGET_AUTHORITY},
    {"a.test", METHOD_CONNECT, FAULT_TARGET_AUTHORITY},
    {"a.test:", METHOD_CONNECT, FAULT_TARGET_AUTHORITY},
    {":443", METHOD_CONNECT, FAULT_TARGET_AUTHORITY},
    {"u@a.test:443", METHOD_CONNECT, FAULT_TARGET_AUTHORITY},
    {"a.test:65536", METHOD_CONNECT, FAULT_TARGET_AUTHORITY},
};

Test(target, refuses_forms_that_are_malformed_or_not_for_the_method)
{
    for (size_t i = 0; i < sizeof bad_targets / sizeof bad_targets[0]; i++) {
        struct target target = {.path = SLICE("untouched")};
        struct slice text = slice_of(bad_targets[i].text);
        enum http_fault fault = target_parse(text, bad_targets[i].method, &target);
        cr_expect_eq(fault, bad_targets[i].fault, "%s: %s", text.data, fault_sentence(fault));
        cr_expect(slice_equal(target.path, SLICE("untouched")));
    }
}

/* ---- target_split_host ---- */

static const struct {
    const char *value;
    const char *host;
} good_hosts[] = {
    {"a", "a"},
    {"a.test", "a.test"},
    {"A.Test:80", "A.Test"},
    {"a.test:", "a.test"},
    {"a.test:0", "a.test"},
    {"a.test:65535", "a.test"},
    {"a.test:00080", "a.test"},
    {"a.test.", "a.test."},
    {"127.0.0.1:8080", "127.0.0.1"},
    {"xn--bcher-kva.test", "xn--bcher-kva.test"},
    {"my_host-1~x", "my_host-1~x"},
    {"a!$&'()*+=b", "a!$&'()*+=b"},
    {"b%C3%BCcher.test:80", "b%C3%BCcher.test"},
    {"[::]", "[::]"},
    {"[::1]:8080", "[::1]"},
    {"[2001:DB8::1]:", "[2001:DB8::1]"},
    {"[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"},
    {"[2001:0db8:0000:0000:0000:0000:192.168.100.100]:1",
     "[2001:0db8:0000:0000:0000:0000:192.168.100.100]"},
    {"[v1.a:b]", "[v1.a:b]"},
    {"[VfF.~!$&'()*+=:]:1", "[VfF.~!$&'()*+=:]"},
};

Test(target, finds_the_host_in_front_of_the_port)
{
    for (size_t i = 0; i < sizeof good_hosts / sizeof good_hosts[0]; i++) {
        struct slice host = {0};
        struct slice value = slice_of(good_hosts[i].value);
        cr_assert_eq(target_split_host(value, false, &host), FAULT_NONE, "%s", value.data);
        cr_expect(slice_equal(host, slice_of(good_hosts[i].host)), "%s", value.data);
    }
}

static const struct slice bad_hosts[] = {
#define HOST(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
    HOST("u@a.test"),
    HOST("u:p@a.test"),
    HOST("@a.test"),
    HOST("a.test/x"),
    HOST("a.test?x"),
    HOST("a.test#x"),
    HOST("a.test b.test"),
    HOST(" a.test"),
    HOST("a.test "),
    HOST("a.test\t"),
    HOST("a.test,b.test"),
    HOST("a.test, b.test"),
    HOST("a.test;b"),
    HOST("a.test:80x"),
    HOST("a.test:x"),
    HOST("a.test:80:80"),
    HOST("a.test::80"),
    HOST("a.test:+80"),
    HOST("a.test:-1"),
    HOST("a.test: 80"),
    HOST("a.test:65536"),
    HOST("a.test:000080"),
    HOST("a.test:99999999999999999999"),
    HOST(":80"),
    HOST(":"),
    HOST("<a.test>"),
    HOST("\"a.test\""),
    HOST("{a}"),
    HOST("a|b"),
    HOST("a^b"),
    HOST("a`b"),
    HOST("a\\b"),
    HOST("http://a.test"),
    HOST("\xe9.test"),
    HOST("a\x01.test"),
    HOST("a\x7f.test"),
    HOST("a.test\0.evil"),
    HOST("\0"),
    HOST("a%"),
    HOST("a%4"),
    HOST("a%zz"),
    HOST("a%C"),
    HOST("a%CG"),
    HOST("%61.test"),
    HOST("a%00b"),
    HOST("a%2Fb"),
    HOST("a%40b"),
    HOST("a%7Fb"),
    HOST("::1"),
    HOST("["),
    HOST("[]"),
    HOST("[]:80"),
    HOST("[::1"),
    HOST("::1]"),
    HOST("[::1]]"),
    HOST("[[::1]]"),
    HOST("[::1]80"),
    HOST("[::1]x"),
    HOST("[::1]:80x"),
    HOST("[::1%25eth0]"),
    HOST("[::1%eth0]"),
    HOST("[::1 ]"),
    HOST("[::1\0]"),
    HOST("[::g]"),
    HOST("[1:2:3:4:5:6:7:8:9]"),
    HOST("[1::2::3]"),
    HOST("[12345::]"),
    HOST("[127.0.0.1]"),
    HOST("[a.test]"),
    HOST("[2001:0db8:0000:0000:0000:0000:192.168.100.1000]"),
    HOST("[v1.]"),
    HOST("[v.a]"),
    HOST("[vg.a]"),
    HOST("[v1a]"),
    HOST("[v1.a,b]"),
    HOST("[v1.a/b]"),
    HOST("[.a]"),
    HOST("a[::1]"),
#undef HOST
};

Test(target, refuses_what_is_not_one_host)
{
    for (size_t i = 0; i < sizeof bad_hosts / sizeof bad_hosts[0]; i++) {
        struct slice host = SLICE("untouched");
        char *copy = malloc(bad_hosts[i].length);
        cr_assert(copy != NULL);
        memcpy(copy, bad_hosts[i].data, bad_hosts[i].length);
        cr_expect_eq(target_split_host(slice_make(copy, bad_hosts[i].length), true, &host),
                     FAULT_HOST_SYNTAX, "%.*s", SLICE_PRINT(bad_hosts[i]));
        cr_expect(slice_equal(host, SLICE("untouched")));
        free(copy);
    }
}

Test(target, takes_the_empty_host_only_when_it_is_allowed)
{
    struct slice host = SLICE("untouched");
    cr_expect_eq(target_split_host(slice_make(NULL, 0), false, &host), FAULT_HOST_SYNTAX);
    cr_expect(slice_equal(host, SLICE("untouched")));
    cr_expect_eq(target_split_host(slice_make(NULL, 0), true, &host), FAULT_NONE);
    cr_expect_eq(host.length, 0);
}

Test(target, judges_each_byte_of_a_host)
{
    for (unsigned value = 0; value < 256; value++) {
        char text[] = "axb";
        text[1] = (char)value;
        struct slice host;
        bool is_fine = value != 0 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789-._~!$&'()*+=",
                                            (int)value) != NULL;
        enum http_fault fault = target_split_host(slice_make(text, 3), false, &host);
        cr_expect_eq(fault, is_fine ? FAULT_NONE : FAULT_HOST_SYNTAX, "byte %u", value);
    }
}
