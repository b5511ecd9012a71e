#include <criterion/criterion.h>

#include "verbgate/config/schema.h"

static char text[16 * 1024];
static struct writer writer;

static bool write_page(unsigned sections, const char *key)
{
    writer = writer_make(text, sizeof text - 1);
    bool is_found = schema_write_option_page(&writer, sections, slice_of(key));
    cr_assert_not(writer.overflow);
    text[writer.length] = '\0';
    return is_found;
}

Test(option_page, tells_the_levels_the_default_and_an_example)
{
    cr_assert(write_page(SCHEMA_GATEWAY | SCHEMA_UPSTREAM | SCHEMA_ROUTE, "max-body"));
    cr_expect_str_eq(
        text, "max-body\n"
              "  Content of one request; above it, 413.\n"
              "\n"
              "  sections  [gateway], [upstream], [route]\n"
              "  may be    0 to unlimited (bytes; k, m, g)\n"
              "  default   unlimited in [gateway]; as the level above in [upstream], [route]\n"
              "  example   max-body = 1m\n");
    cr_assert(write_page(SCHEMA_ROUTE, "max-body"));
    cr_expect_not_null(strstr(text, "\n  default   as the level above\n"));
    cr_assert(write_page(SCHEMA_LISTENER, "bind"));
    cr_expect_not_null(strstr(text, "\n  default   none: it is required\n"));
    cr_expect_not(write_page(SCHEMA_LISTENER, "max-body"));
    cr_expect_eq(writer.length, 0);
}

Test(option_page, a_key_with_two_rows_has_two_parts)
{
    cr_assert(write_page(SCHEMA_GATEWAY | SCHEMA_UPSTREAM, "idle-timeout"));
    cr_expect_not_null(strstr(text, "\n  default   60s\n"));
    cr_expect_not_null(strstr(text, "\n\nidle-timeout\n"));
    cr_expect_not_null(strstr(text, "\n  default   30s\n"));
}

Test(option_page, every_key_of_every_section_has_a_whole_page)
{
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        cr_assert(write_page(option->sections, option->key));
        cr_expect_not_null(strstr(text, option->key));
        cr_expect_not_null(strstr(text, "\n  example   "), "%s", option->key);
        for (unsigned section = SCHEMA_GATEWAY; section <= SCHEMA_ROUTE; section *= 2) {
            if ((option->sections & section) != 0) {
                writer = writer_make(text, sizeof text - 1);
                schema_write_section_page(&writer, (enum schema_section)section);
                text[writer.length] = '\0';
                cr_expect_not_null(strstr(text, option->key));
            }
        }
    }
}
