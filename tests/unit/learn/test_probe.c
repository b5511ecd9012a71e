#include <criterion/criterion.h>

#include "verbgate/learn/probe.h"

#include <stdio.h>

static char text[16 * 1024];

/* Statuses of the control, GET, HEAD, OPTIONS and OPTIONS *; the list comes with OPTIONS. */
static const struct {
    unsigned statuses[PROBE_COUNT];
    const char *list;
    const char *implements;
    const char *finding; /* NULL: none */
} cases[] = {
    {{501, 200, 200, 200, 200}, "GET, HEAD, OPTIONS, PUT", "GET HEAD OPTIONS PUT", NULL},
    {{405, 200, 200, 405, 405}, "GET, DELETE", "GET HEAD DELETE", "HEAD works"},
    {{501, 404, 404, 501, 501}, NULL, "GET HEAD", NULL},
    {{501, 401, 401, 204, 204}, NULL, "GET HEAD OPTIONS", NULL},
    {{404, 404, 404, 404, 404}, NULL, "GET HEAD", NULL},
    {{200, 200, 200, 200, 200}, "GET, PUT", "GET HEAD", "does not exist is answered 200"},
    {{501, 200, 200, 200, 200}, "GET, HEAD, VGABC", "GET HEAD OPTIONS", "even the random method"},
    {{500, 200, 200, 500, 500}, NULL, "GET HEAD", "makes the backend fail (500"},
    {{501, 405, 200, 200, 200}, "GET, HEAD, OPTIONS", "GET HEAD OPTIONS", "GET is named"},
    {{501, 200, 200, 501, 501}, "OPTIONS, GET, HEAD", "GET HEAD", "OPTIONS is named"},
    {{501, 200, 200, 200, 200}, "GET, HEAD, get, a b, CONNECT", "GET HEAD OPTIONS", "1 of the"},
    {{501, 200, 200, 200, 200}, "GET, *, -HEAD, #X, HEAD, OPTIONS", "GET HEAD OPTIONS", "3 of the"},
    {{0, 200, 200, 0, 0}, NULL, "GET HEAD", NULL},
};

Test(probe, believes_what_the_control_does_not_disprove)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct probe probe;
        probe =
            (struct probe){.server = SLICE("h:1"), .path = SLICE("/"), .control = SLICE("VGABC")};
        for (unsigned k = 0; k < PROBE_COUNT; k++) {
            probe.answers[k].status = cases[i].statuses[k];
        }
        struct probe_answer *answer = &probe.answers[PROBE_OPTIONS];
        answer->has_allow = cases[i].list != NULL;
        if (answer->has_allow) {
            snprintf(answer->list, sizeof answer->list, "%s", cases[i].list);
            answer->list_length = strlen(answer->list);
        }
        struct writer writer = writer_make(text, sizeof text - 1);
        cr_assert_null(probe_write(&writer, &probe));
        text[writer.length] = '\0';
        char line[128];
        snprintf(line, sizeof line, "\nimplements = %s\n", cases[i].implements);
        cr_assert_not_null(strstr(text, line), "case %zu: no %s in %s", i, line, text);
        const char *finding = strstr(text, "; finding: ");
        if (cases[i].finding == NULL) {
            cr_assert_null(finding, "case %zu: %s", i, text);
        } else {
            cr_assert_not_null(strstr(text, cases[i].finding), "case %zu: %s", i, text);
        }
    }
}

Test(probe, has_nothing_to_say_of_a_backend_that_says_nothing)
{
    static struct probe probe;
    struct writer writer = writer_make(text, sizeof text);
    cr_assert_not_null(probe_write(&writer, &probe));
    cr_assert_eq(writer.length, 0);
}
