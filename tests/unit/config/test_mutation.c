/* Random changes to a good file: whatever comes out, loading it must end, with a policy or with
 * an error that says why. The seed is fixed, so that a failure can be seen again. */
#include <criterion/criterion.h>

#include "memory_environment.h"

#include <stdlib.h>

static const char sample[] =
    "; a sample with everything\r\n"
    "[gateway]\nworkers = 4\nname = \"edge\"\naccess-log = /${DIR:-var}/log # comment\n"
    "max-head = 16k\nidle-timeout = 250ms\ninclude = conf.d/*.ini\n"
    "[listener public]\nbind = [::1]:8080\nmode = 0660\n"
    "[upstream legacy]\nserver = unix:/run/app.sock\nserver = app:9000\n"
    "implements = @rfc9110, PATCH -TRACE FROB\nversions = 1.0 1.1\nhost-header = a:1\n"
    "[route orders]\nhost = *.example.com b.example\npath = /orders/* /x%2Fy\nupstream = legacy\n"
    "allow = GET HEAD\nmax-body = 1m\n[route rest]\nallow = * -PUT\n";

static const char *const pieces[] = {"[",
                                     "]",
                                     "=",
                                     "\"",
                                     "\\",
                                     "${",
                                     "}",
                                     "$${",
                                     ":-",
                                     "\n",
                                     "\r\n",
                                     "\r",
                                     " ;",
                                     " #",
                                     "*",
                                     "-",
                                     "@",
                                     "/",
                                     "//",
                                     "%",
                                     "..",
                                     "include = ",
                                     "unlimited",
                                     "[route ",
                                     "18446744073709551616",
                                     "[upstream legacy]\n",
                                     "allow = ",
                                     "\t",
                                     "\xef\xbb\xbf"};

static uint32_t state = 20261122;

static uint32_t pick(uint32_t below)
{
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

static size_t mutate(char *text, size_t length, size_t capacity)
{
    size_t at = pick((uint32_t)length);
    size_t count = 1 + pick(12);
    const char *piece = pieces[pick(sizeof pieces / sizeof pieces[0])];
    size_t piece_length = strlen(piece);
    switch (pick(4)) {
    case 0: /* another byte */
        text[at] = (char)pick(256);
        return length;
    case 1: /* a few bytes less */
        count = count < length - at ? count : length - at;
        memmove(text + at, text + at + count, length - at - count);
        return length - count > 0 ? length - count : 1;
    case 2: /* a piece of the grammar more */
        if (length + piece_length > capacity) {
            return length;
        }
        memmove(text + at + piece_length, text + at, length - at);
        memcpy(text + at, piece, piece_length);
        return length + piece_length;
    default: /* a part of the file once more, somewhere else */
        count = 1 + pick(60);
        if (length + count > capacity || at + count > length) {
            return length;
        }
        memmove(text + length, text + at, count);
        return length + count;
    }
}

Test(mutation, no_change_of_a_file_breaks_the_loader, .timeout = 60 * TEST_PATIENCE)
{
    enum { CAPACITY = 4096, ROUNDS = 6000 };
    static const struct memory_file files[] = {{"conf.d/a.ini", "[route more]\npath = /more\n"},
                                               {NULL, NULL}};
    static struct diagnostics diagnostics;
    struct memory_environment memory = {files, no_variables};
    struct config_environment environment = memory_environment_of(&memory);
    unsigned taken = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[CAPACITY];
        size_t length = sizeof sample - 1;
        memcpy(text, sample, length);
        for (unsigned changes = round == 0 ? 0 : 1 + pick(3); changes > 0; changes--) {
            length = mutate(text, length, sizeof text);
        }
        char *copy = malloc(length);
        memcpy(copy, text, length);
        diagnostics_init(&diagnostics);
        struct policy *policy =
            config_load_text("m.ini", slice_make(copy, length), &environment, &diagnostics);
        free(copy);
        cr_assert_eq(policy == NULL, diagnostics.error_count > 0, "round %u", round);
        cr_assert(round > 0 || policy != NULL, "%s", memory_report(&diagnostics));
        cr_assert_eq(strlen(memory_report(&diagnostics)) == 0, diagnostics.count == 0);
        taken += policy != NULL;
        policy_release(policy);
        diagnostics_finish(&diagnostics);
    }
    cr_assert(taken > ROUNDS / 50 && taken < ROUNDS, "%u were taken", taken);
}
