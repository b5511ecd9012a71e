#include <criterion/criterion.h>

#include "memory_environment.h"

static const struct memory_file included[] = {{"dir/part.ini", "[gateway]\nhealth = [::1]:8081\n"},
                                              {NULL, NULL}};
static const struct memory_variable variables[] = {{"PORT", "8082"}, {NULL, NULL}};

struct health_case {
    const char *text;
    const char *address; /* NULL: none is found */
};

static const struct health_case cases[] = {
    {"[gateway]\nhealth = 0.0.0.0:8081\nadmin = 127.0.0.1:9180\n", "0.0.0.0:8081"},
    {"[gateway]\nadmin = unix:/run/a.sock\n", "unix:/run/a.sock"},
    {"[gateway]\nhealth = off\nadmin = 127.0.0.1:9180\n", "127.0.0.1:9180"},
    {"[gateway]\nhealth = 127.0.0.1:${PORT}\n", "127.0.0.1:8082"},
    {"include = part.ini\n", "[::1]:8081"},
    {"[gateway]\nhealth = 127.0.0.1:${UNSET}\nadmin = off\n", NULL},
    {"[gateway]\nhealth = off\n", NULL},
    {"[gateway]\n", NULL},
    {"", NULL},
    /* What is wrong elsewhere is no matter of those who ask how the process is. */
    {"[gateway]\nhealth = :8081\nhealth = :8082\nworkers = none\n[rout\n[upstream x]\nfoo = 1\n",
     ":8081"},
};

Test(health_address, is_found_whatever_else_the_file_says)
{
    static struct diagnostics diagnostics;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct memory_file files[] = {{"dir/main.ini", cases[i].text}, included[0], {NULL, NULL}};
        struct memory_environment memory = {files, variables};
        struct config_environment environment = memory_environment_of(&memory);
        char text[64];
        struct writer address = writer_make(text, sizeof text);
        diagnostics_init(&diagnostics);
        bool is_found = config_find_health("dir/main.ini", &environment, &diagnostics, &address);
        cr_expect_eq(is_found, cases[i].address != NULL, "case %u", i);
        if (is_found) {
            cr_expect(slice_equal(writer_slice(&address), slice_of(cases[i].address)), "case %u",
                      i);
        }
        diagnostics_finish(&diagnostics);
    }
}

Test(health_address, a_file_that_cannot_be_read_is_told)
{
    static struct diagnostics diagnostics;
    struct memory_file files[] = {{NULL, NULL}};
    struct memory_environment memory = {files, variables};
    struct config_environment environment = memory_environment_of(&memory);
    char text[64];
    struct writer address = writer_make(text, sizeof text);
    diagnostics_init(&diagnostics);
    cr_expect_not(config_find_health("dir/main.ini", &environment, &diagnostics, &address));
    cr_expect_eq(diagnostics.error_count, 1);
    diagnostics_finish(&diagnostics);
}

Test(health_address, too_little_room_is_no_address)
{
    static struct diagnostics diagnostics;
    struct memory_file files[] = {{"dir/main.ini", cases[0].text}, {NULL, NULL}};
    struct memory_environment memory = {files, variables};
    struct config_environment environment = memory_environment_of(&memory);
    char text[5];
    struct writer address = writer_make(text, sizeof text);
    diagnostics_init(&diagnostics);
    cr_expect_not(config_find_health("dir/main.ini", &environment, &diagnostics, &address));
    diagnostics_finish(&diagnostics);
}
