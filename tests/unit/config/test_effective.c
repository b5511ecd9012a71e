/* What `verbgate config` prints, and that it loads to an equal policy. */
#include <criterion/criterion.h>

#include "memory_environment.h"
#include "verbgate/base/text_buffer.h"
#include "verbgate/config/schema.h"

#include <stdio.h>

static struct diagnostics diagnostics;

static const struct memory_file files[] = {
    {"gateway.ini", "include = more.ini\n[gateway]\nmax-body = 2m\nname = ${NAME}\n"
                    "access-log = \"./a;b \\\"c\\\"$${\"\n"
                    "[listener main]\nbind = 127.0.0.1:80\n"
                    "[listener inner]\nbind = unix:/run/a\nmode = 0600\n"
                    "[route orders]\nupstream = app\nhost = a.test\nhost = B.test *.c.test\n"
                    "path = /orders/* /x;y\nallow = GET, -HEAD @webhook\n"
                    "[route rest]\nupstream = other\nmax-body = 5\n"},
    {"more.ini", "[upstream app]\nserver = 127.0.0.1:81\nserver = h:82\nupgrade = refuse\n"
                 "send-as-post = PATCH\n[upstream other]\nserver = builtin:legacy\nversions = "
                 "1.1\nimplements = POST\n"},
    {NULL, NULL}};
static const struct memory_variable variables[] = {{"NAME", "gate"}, {NULL, NULL}};

/* The text for the file at `path`, NUL-terminated; text_buffer_finish is the caller's. */
static const char *write_effective(const struct memory_file *from, struct text_buffer *buffer)
{
    struct memory_environment memory = {from, variables};
    struct config_environment environment = memory_environment_of(&memory);
    text_buffer_init(buffer, 1024 * 1024);
    struct sink sink = text_buffer_sink(buffer);
    diagnostics_init(&diagnostics);
    cr_assert(config_write_effective("gateway.ini", &environment, &diagnostics, &sink), "%s",
              memory_report(&diagnostics));
    diagnostics_finish(&diagnostics);
    cr_assert(text_buffer_put(buffer, slice_make("", 1)));
    return buffer->data;
}

Test(effective, shows_each_value_with_its_origin)
{
    struct text_buffer buffer;
    const char *text = write_effective(files, &buffer);
    static const char *const lines[] = {
        "\n[gateway] ; gateway.ini:2\n",
        "\nworkers = auto ; default\n",
        "\nmax-body = 2m ; gateway.ini:3\n",
        "\nname = gate ; gateway.ini:4\n",
        "\naccess-log = \"./a;b \\\"c\\\"$${\" ; gateway.ini:5\n",
        "\n[listener main] ; gateway.ini:6\nbind = 127.0.0.1:80 ; gateway.ini:7\n",
        "\n;mode = 0660 ; default\n",
        "\nmode = 0600 ; gateway.ini:10\n",
        ("\n[upstream app] ; more.ini:1\nserver = 127.0.0.1:81 ; more.ini:2\n"
         "server = h:82 ; more.ini:3\n"),
        "\n; host-header is unset\n",
        "\nhost = a.test ; gateway.ini:13\nhost = B.test *.c.test ; gateway.ini:14\n",
        "\npath = \"/orders/* /x;y\" ; gateway.ini:15\n",
        "\nupgrade = refuse ; from [upstream app], more.ini:4\n",
        "\nmax-body = 2m ; from [gateway], gateway.ini:3\n",
        "\nmax-body = 5 ; gateway.ini:19\n",
        "\nsend-as-post = PATCH ; from [upstream app], more.ini:5\n",
        "\n; allow is unset\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_expect(strstr(text, lines[i]) != NULL, "%s is not in:\n%s", lines[i], text);
    }
    text_buffer_finish(&buffer);
}

Test(effective, has_every_option_of_every_section)
{
    struct text_buffer buffer;
    const char *text = write_effective(files, &buffer);
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        unsigned wanted = 0;
        wanted += (option->sections & SCHEMA_GATEWAY) != 0;
        wanted += (option->sections & SCHEMA_LISTENER) != 0 ? 2 : 0;
        wanted += (option->sections & SCHEMA_UPSTREAM) != 0 ? 2 : 0;
        wanted += (option->sections & SCHEMA_ROUTE) != 0 ? 2 : 0;
        unsigned found = 0;
        char key[64];
        cr_assert_lt((size_t)snprintf(key, sizeof key, "%s ", option->key), sizeof key);
        for (const char *at = text; (at = strstr(at, key)) != NULL; at++) {
            const char *start = at;
            while (start[-1] == ';' || start[-1] == ' ') {
                start--;
            }
            found += start[-1] == '\n';
        }
        cr_expect_geq(found, wanted, "%s", option->key);
    }
    text_buffer_finish(&buffer);
}

/* What differs is where things stand; all else shows in the same text. */
Test(effective, loads_to_an_equal_policy)
{
    struct text_buffer first;
    struct text_buffer second;
    const char *text = write_effective(files, &first);
    const struct memory_file again[] = {{"gateway.ini", text}, {NULL, NULL}};
    const char *repeated = write_effective(again, &second);
    const char *a = text;
    const char *b = repeated;
    while (*a != '\0' && *b != '\0') {
        const char *end_a = a + strcspn(a, "\n");
        const char *end_b = b + strcspn(b, "\n");
        const char *place_a = strstr(a + 1, " ; ");
        const char *place_b = strstr(b + 1, " ; ");
        size_t length_a = (size_t)((place_a != NULL && place_a < end_a ? place_a : end_a) - a);
        size_t length_b = (size_t)((place_b != NULL && place_b < end_b ? place_b : end_b) - b);
        cr_assert(slice_equal(slice_make(a, length_a), slice_make(b, length_b)), "%.*s: %.*s",
                  (int)length_a, a, (int)length_b, b);
        a = end_a + (*end_a == '\n');
        b = end_b + (*end_b == '\n');
    }
    cr_expect_eq(*a, *b, "one is longer");
    text_buffer_finish(&first);
    text_buffer_finish(&second);
}

Test(effective, names_files_as_they_are_seen_from_the_output)
{
    static const struct memory_file small[] = {
        {"gateway.ini", "include = conf.d/app.ini\n[gateway]\nbody-text = a.txt\nbody-json =\n"
                        "[listener a]\nbind = *:80\n"},
        {"conf.d/app.ini", "[upstream app]\nserver = h:1\nbody-text = a.txt\nbody-html = /a.txt\n"},
        {"a.txt", "one"},
        {"conf.d/a.txt", "two"},
        {"/a.txt", "three"},
        {NULL, NULL}};
    struct text_buffer buffer;
    const char *text = write_effective(small, &buffer);
    cr_expect_not_null(strstr(text, "\nbody-text = a.txt ; gateway.ini:3\n"));
    cr_expect_not_null(strstr(text, "\nbody-json = \"\" ; gateway.ini:4\n"));
    cr_expect_not_null(strstr(text, "\nbody-text = conf.d/a.txt ; conf.d/app.ini:3\n"));
    cr_expect_not_null(strstr(text, "\nbody-html = /a.txt ; conf.d/app.ini:4\n"));
    text_buffer_finish(&buffer);
}

Test(effective, names_the_only_upstream_and_the_gateway_that_nobody_wrote)
{
    static const struct memory_file small[] = {
        {"gateway.ini",
         "[listener a]\nbind = *:80\n[upstream app]\nserver = h:1\n[route r]\npath = /a\n"},
        {NULL, NULL}};
    struct text_buffer buffer;
    const char *text = write_effective(small, &buffer);
    cr_expect_not_null(strstr(text, "\n[gateway]\n"));
    cr_expect_not_null(strstr(text, "\nupstream = app ; the only one\n"));
    text_buffer_finish(&buffer);
}

static bool refuse(void *context, struct slice piece)
{
    (void)context;
    (void)piece;
    return false;
}

Test(effective, is_not_written_for_a_policy_with_errors_or_a_full_disk)
{
    static const struct memory_file bad[] = {{"gateway.ini", "[listener a]\n"}, {NULL, NULL}};
    struct memory_environment memory = {bad, no_variables};
    struct config_environment environment = memory_environment_of(&memory);
    struct text_buffer buffer;
    text_buffer_init(&buffer, 1024);
    struct sink sink = text_buffer_sink(&buffer);
    diagnostics_init(&diagnostics);
    cr_expect_not(config_write_effective("gateway.ini", &environment, &diagnostics, &sink));
    cr_expect_gt(diagnostics.error_count, 0);
    cr_expect_eq(buffer.length, 0);
    diagnostics_finish(&diagnostics);

    memory = (struct memory_environment){files, variables};
    struct sink full = {refuse, NULL};
    diagnostics_init(&diagnostics);
    cr_expect_not(config_write_effective("gateway.ini", &environment, &diagnostics, &full));
    cr_expect_eq(diagnostics.error_count, 0);
    diagnostics_finish(&diagnostics);
}
