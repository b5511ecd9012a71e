#include <criterion/criterion.h>

#include "memory_environment.h"
#include "verbgate/config/schema.h"

#include <stdio.h>

static const enum schema_section sections[] = {SCHEMA_GATEWAY, SCHEMA_LISTENER, SCHEMA_UPSTREAM,
                                               SCHEMA_ROUTE};

Test(schema, finds_each_option_in_its_sections_only)
{
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        for (size_t s = 0; s < 4; s++) {
            const struct schema_option *found = schema_find(sections[s], slice_of(option->key));
            if ((option->sections & sections[s]) != 0) {
                cr_assert_eq(found, option, "%s stands twice", option->key);
            } else {
                cr_assert_neq(found, option);
            }
        }
    }
    cr_assert_null(schema_find(SCHEMA_GATEWAY, SLICE("")));
    cr_assert_null(schema_find(SCHEMA_GATEWAY, SLICE("Workers")));
    cr_assert_null(schema_find(SCHEMA_GATEWAY, SLICE("worker")));
}

Test(schema, every_row_is_complete)
{
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        bool has_value = option->fallback != NULL && option->fallback[0] != '\0';
        cr_assert(has_value || option->example != NULL, "%s", option->key);
        cr_assert_eq(option->help[strlen(option->help) - 1], '.', "%s", option->key);
        cr_assert_leq(strlen(option->help), 96u, "%s", option->key);
        cr_assert_leq(option->least, option->most, "%s", option->key);
        char text[128];
        struct writer writer = writer_make(text, sizeof text);
        schema_write_choices(&writer, option);
        cr_assert(!writer.overflow && writer.length > 0, "%s", option->key);
    }
}

Test(schema, suggests_a_key_of_the_same_section)
{
    static const struct {
        enum schema_section section;
        const char *written;
        const char *meant;
    } cases[] = {
        {SCHEMA_UPSTREAM, "implement", "implements"},
        {SCHEMA_GATEWAY, "WORKERS", "workers"},
        {SCHEMA_GATEWAY, "max_body", "max-body"},
        {SCHEMA_ROUTE, "alow", "allow"},
        {SCHEMA_ROUTE, "hots", "host"},
        {SCHEMA_ROUTE, "workers", NULL},
        {SCHEMA_ROUTE, "", NULL},
        {SCHEMA_LISTENER, "colour", NULL},
        {SCHEMA_ROUTE, "paths", "path"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *near = schema_suggest(cases[i].section, slice_of(cases[i].written));
        cr_assert(slice_equal(slice_of(near), slice_of(cases[i].meant)), "%s: %s", cases[i].written,
                  near == NULL ? "nothing" : near);
    }
    cr_assert_str_eq(schema_section_suggest(SLICE("upstraem")), "upstream");
    cr_assert_null(schema_section_suggest(SLICE("server")));
}

static void write_value(const struct schema_option *option, uint64_t value, char *text, size_t size)
{
    if (value == UINT64_MAX) {
        snprintf(text, size, "unlimited");
    } else if (option->type == SCHEMA_MODE) {
        snprintf(text, size, "0%03o", (unsigned)value);
    } else {
        snprintf(text, size, "%llu%s", (unsigned long long)value,
                 option->type == SCHEMA_TIME ? "ms" : "");
    }
}

static unsigned errors_with(enum schema_section section, const struct schema_option *option,
                            const char *value)
{
    static struct diagnostics diagnostics;
    static const char *const templates[] = {
        "[gateway]\n%s = %s\n%s[listener a]\nbind = unix:/a\n[upstream a]\nserver = b:1\n",
        "[listener a]\nbind = unix:/a\n%s = %s\n%s[upstream a]\nserver = b:1\n",
        "[listener a]\nbind = unix:/a\n[upstream a]\nserver = b:1\n%s = %s\n%s",
        "[listener a]\nbind = unix:/a\n[upstream a]\nserver = b:1\n[route a]\n%s = %s\n%s",
    };
    /* max-head and max-target bound each other, so each is tried beside an extreme of the other. */
    const char *other = "";
    other = strcmp(option->key, "max-head") == 0 ? "max-target = 256\n" : other;
    other = strcmp(option->key, "max-target") == 0 ? "max-head = 256k\n" : other;
    size_t which = 0;
    while (sections[which] != section) {
        which++;
    }
    char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, templates[which], option->key, value, other);
#pragma GCC diagnostic pop
    struct policy *policy = memory_load(text, &diagnostics);
    cr_assert_eq(policy == NULL, diagnostics.error_count > 0, "%s", text);
    unsigned errors = diagnostics.error_count;
    policy_release(policy);
    diagnostics_finish(&diagnostics);
    return errors;
}

/* Each number is taken at both ends of its range and refused right outside. */
Test(schema, every_range_ends_where_the_table_says)
{
    const struct schema_option *option;
    unsigned tried = 0;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        bool is_number = option->type == SCHEMA_COUNT || option->type == SCHEMA_SIZE ||
                         option->type == SCHEMA_TIME || option->type == SCHEMA_MODE;
        for (size_t s = 0; is_number && s < 4; s++) {
            if ((option->sections & sections[s]) == 0) {
                continue;
            }
            char value[64];
            write_value(option, option->least, value, sizeof value);
            cr_assert_eq(errors_with(sections[s], option, value), 0, "%s = %s", option->key, value);
            write_value(option, option->most, value, sizeof value);
            cr_assert_eq(errors_with(sections[s], option, value), 0, "%s = %s", option->key, value);
            if (option->least > 0) {
                write_value(option, option->least - 1, value, sizeof value);
                cr_assert_eq(errors_with(sections[s], option, value), 1, "%s = %s", option->key,
                             value);
            }
            if (option->most < UINT64_MAX) {
                write_value(option, option->most + 1, value, sizeof value);
                cr_assert_eq(errors_with(sections[s], option, value), 1, "%s = %s", option->key,
                             value);
            }
            cr_assert_eq(errors_with(sections[s], option, ""), 1, "%s is empty", option->key);
            tried++;
        }
    }
    cr_assert_geq(tried, 20u);
}

Test(schema, every_word_is_taken)
{
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if (option->type != SCHEMA_WORD) {
            continue;
        }
        size_t at = 0;
        while ((option->sections & sections[at]) == 0) {
            at++;
        }
        struct slice rest = slice_of(option->words);
        while (rest.length > 0) {
            size_t end = slice_find(rest, ' ');
            char word[32];
            snprintf(word, sizeof word, "%.*s", (int)end, rest.data);
            cr_assert_eq(errors_with(sections[at], option, word), 0, "%s", word);
            rest = slice_after(rest, end < rest.length ? end + 1 : end);
        }
        cr_assert_eq(errors_with(sections[at], option, "nonsense"), 1);
    }
}
