#include <criterion/criterion.h>

#include "verbgate/http/forwarded.h"

#include <netinet/in.h>
#include <stdlib.h>

static struct network networks[4];
static struct network_list trusted;

static void trust_the_usual(void)
{
    static const char *const texts[] = {"10.0.0.0/8", "192.168.1.1", "2001:db8:f::/48"};
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_null(network_parse(slice_of(texts[i]), &networks[i]));
    }
    trusted = (struct network_list){networks, 3, false};
}

/* The client that up to three X-Forwarded-For lines tell of; "-" when they tell of none. Each line is
 * copied to the end of a block, so that a read past it is seen. */
static const char *walk(const char *const lines[3])
{
    static char text[INET6_ADDRSTRLEN];
    struct field items[8];
    struct fields fields;
    char *copies[3] = {NULL, NULL, NULL};
    fields_init(&fields, items, 8);
    cr_assert_eq(fields_add(&fields, SLICE("X-Forwarded-Host"), SLICE("192.0.2.99")), FAULT_NONE);
    for (int i = 0; i < 3 && lines[i] != NULL; i++) {
        size_t length = strlen(lines[i]);
        copies[i] = malloc(length + 1);
        char *start = copies[i] + 1;
        memcpy(start, lines[i], length);
        cr_assert_eq(fields_add(&fields, SLICE("x-forwarded-for"), slice_make(start, length)),
                     FAULT_NONE);
        cr_assert_eq(fields_add(&fields, SLICE("X-Other"), SLICE("192.0.2.98")), FAULT_NONE);
    }
    struct network_address client;
    if (forwarded_client(&fields, &trusted, &client)) {
        network_address_text(&client, text);
    } else {
        memcpy(text, "-", 2);
    }
    for (int i = 0; i < 3; i++) {
        free(copies[i]);
    }
    return text;
}

Test(forwarded, walks_from_the_right_to_the_first_untrusted_address, .init = trust_the_usual)
{
    static const struct {
        const char *lines[3];
        const char *expected;
    } cases[] = {
        {{NULL}, "-"},
        {{""}, "-"},
        {{" , ,, "}, "-"},
        {{"192.0.2.1"}, "192.0.2.1"},
        {{"192.0.2.1, 10.0.0.1"}, "192.0.2.1"},
        {{"192.0.2.1, 10.0.0.1, 192.168.1.1"}, "192.0.2.1"},
        {{"192.0.2.1,,10.0.0.1,"}, "192.0.2.1"},
        /* What the client wrote itself stands left of its address, whatever it is. */
        {{"127.0.0.1, 192.0.2.1"}, "192.0.2.1"},
        {{"203.0.113.9, 10.9.9.9, 192.0.2.1, 10.0.0.1"}, "192.0.2.1"},
        {{"10.9.9.9, 192.0.2.1"}, "192.0.2.1"},
        {{"rubbish\", 192.0.2.1"}, "192.0.2.1"},
        /* Several lines are one list. */
        {{"203.0.113.9", "192.0.2.1", "10.0.0.1"}, "192.0.2.1"},
        {{"192.0.2.1", "", "10.0.0.1"}, "192.0.2.1"},
        {{"203.0.113.9", "10.9.9.9, 192.0.2.1", "10.0.0.1"}, "192.0.2.1"},
        /* Nobody but proxies: the first of them. */
        {{"10.0.0.7, 10.0.0.1"}, "10.0.0.7"},
        /* What cannot be read ends the walk where it was. */
        {{"192.0.2.1, unknown, 10.0.0.1"}, "10.0.0.1"},
        {{"192.0.2.1, _hidden"}, "-"},
        {{"192.0.2.1, 10.0.0.1x, 10.0.0.2"}, "10.0.0.2"},
        {{"192.0.2.1, 10.0.0.1;10.0.0.3, 10.0.0.2"}, "10.0.0.2"},
        {{"192.0.2.1 10.0.0.1"}, "-"},
        {{"192.0.2.1, <script>, 10.0.0.2"}, "10.0.0.2"},
        {{"192.0.2.1, 10.0.0.256, 10.0.0.2"}, "10.0.0.2"},
        {{"192.0.2.1", "garbage", "10.0.0.1"}, "10.0.0.1"},
        /* Ports and brackets. */
        {{"192.0.2.1:4711, 10.0.0.1:80"}, "192.0.2.1"},
        {{"[2001:db8::7]:443, 10.0.0.1"}, "2001:db8::7"},
        {{"[2001:db8::7], [2001:db8:f::1]:80"}, "2001:db8::7"},
        {{"2001:db8::7, 2001:db8:f::1"}, "2001:db8::7"},
        {{"::ffff:192.0.2.1, ::ffff:10.0.0.1"}, "192.0.2.1"},
        {{"192.0.2.1:, 10.0.0.1"}, "10.0.0.1"},
        {{"192.0.2.1:65536, 10.0.0.1"}, "10.0.0.1"},
        {{"192.0.2.1:8x, 10.0.0.1"}, "10.0.0.1"},
        {{"[192.0.2.1], 10.0.0.1"}, "10.0.0.1"},
        {{"[2001:db8::7]443, 10.0.0.1"}, "10.0.0.1"},
        {{"[2001:db8::7, 10.0.0.1"}, "10.0.0.1"},
        {{"[], 10.0.0.1"}, "10.0.0.1"},
        {{"[]:1, [, ], :, ::1%lo, 10.0.0.1"}, "10.0.0.1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_str_eq(walk(cases[i].lines), cases[i].expected, "case %zu: %s", i,
                         cases[i].lines[0]);
    }
}

Test(forwarded, goes_back_a_bounded_number_of_hops, .init = trust_the_usual)
{
    static char list[64 * 10];
    size_t length = 0;
    for (int i = 0; i < FORWARDED_HOPS_MAX; i++) {
        memcpy(list + length, i == 0 ? "10.0.0.99," : "10.0.0.1, ", 10);
        length += 10;
    }
    list[length - 2] = '\0';
    const char *lines[3] = {"192.0.2.1", list, NULL};
    cr_assert_str_eq(walk(lines), "10.0.0.99");
    const char *shorter[3] = {"192.0.2.1", list + 10, NULL};
    cr_assert_str_eq(walk(shorter), "192.0.2.1");
}
