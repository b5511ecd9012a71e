#include <criterion/criterion.h>

#include "verbgate/http/fields.h"

#include <ctype.h>
#include <stdlib.h>

static const char *const known_names[FIELD_ID_COUNT] = {
#define X(identifier, name, hop, protected) [FIELD_##identifier] = name,
    HTTP_FIELDS(X)
#undef X
};

Test(fields, finds_each_known_name_in_any_case)
{
    for (unsigned id = FIELD_OTHER + 1; id < FIELD_ID_COUNT; id++) {
        const char *name = known_names[id];
        char upper[32] = "";
        for (size_t i = 0; name[i] != '\0'; i++) {
            upper[i] = (char)toupper((unsigned char)name[i]);
        }
        cr_assert_eq(fields_id(slice_of(name)), id, "%s", name);
        cr_assert_eq(fields_id(slice_of(upper)), id, "%s", upper);
        cr_assert(slice_equal(fields_name((enum field_id)id), slice_of(name)), "%s", name);
    }
}

/* What a name is that is no known one: a member of the family of X-Forwarded-For, or any other. */
static enum field_id near_miss(const char *name, size_t length)
{
    struct slice family = SLICE("x-forwarded-");
    bool is_member = length >= family.length &&
                     slice_equal_ignoring_case(slice_make(name, family.length), family);
    return is_member ? FIELD_X_FORWARDED : FIELD_OTHER;
}

/* What was no checked token is asked for too. */
Test(fields, knows_no_name_by_any_other_byte_than_a_letter_of_the_other_case)
{
    for (unsigned id = FIELD_OTHER + 1; id < FIELD_ID_COUNT; id++) {
        struct slice name = slice_of(known_names[id]);
        char changed[32];
        memcpy(changed, name.data, name.length);
        for (size_t i = 0; i < name.length; i++) {
            for (int byte = 0; byte < 256; byte++) {
                changed[i] = (char)byte;
                bool is_same = ascii_lower(changed[i]) == name.data[i];
                cr_assert_eq(fields_id(slice_make(changed, name.length)),
                             is_same ? id : near_miss(changed, name.length), "byte %d of %s: %d",
                             (int)i, name.data, byte);
            }
            changed[i] = name.data[i];
        }
    }
}

Test(fields, takes_near_misses_for_other_fields)
{
    for (unsigned id = FIELD_OTHER + 1; id < FIELD_ID_COUNT; id++) {
        struct slice name = slice_of(known_names[id]);
        char changed[32];
        for (size_t i = 0; i < name.length; i++) {
            memcpy(changed, name.data, name.length);
            changed[i] = (char)(changed[i] ^ 0x40);
            cr_assert_eq(fields_id(slice_make(changed, name.length)),
                         near_miss(changed, name.length), "%s at %zu", name.data, i);
        }
        cr_assert_eq(fields_id(slice_make(name.data, name.length - 1)),
                     near_miss(name.data, name.length - 1), "%s", name.data);
        memcpy(changed, name.data, name.length);
        changed[name.length] = 's';
        cr_assert_eq(fields_id(slice_make(changed, name.length + 1)),
                     near_miss(changed, name.length + 1), "%s", name.data);
    }
    cr_assert_eq(fields_id(slice_make(NULL, 0)), FIELD_OTHER);
    cr_assert_eq(fields_name(FIELD_OTHER).length, 0);
    /* Only bit 0x20 apart from '-' and 'h', yet no letters. */
    cr_assert_eq(fields_id(SLICE("keep\ralive")), FIELD_OTHER);
}

Test(fields, keeps_order_and_finds_repeated_fields)
{
    struct field items[8];
    struct fields fields;
    fields_init(&fields, items, 8);
    cr_assert_eq(fields_add(&fields, SLICE("Via"), SLICE("1.1 a")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("X-Own"), SLICE("1")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("VIA"), SLICE("1.1 b")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Host"), SLICE("h")), FAULT_NONE);

    cr_assert_eq(fields.count, 4);
    cr_assert_eq(fields_count(&fields, FIELD_VIA), 2);
    cr_assert_eq(fields_count(&fields, FIELD_TE), 0);
    const struct field *via = fields_find(&fields, FIELD_VIA);
    cr_assert_eq(via, &items[0]);
    via = fields_find_next(&fields, via);
    cr_assert_eq(via, &items[2]);
    cr_assert(slice_equal(via->name, SLICE("VIA")));
    cr_assert_null(fields_find_next(&fields, via));
    cr_assert_null(fields_find(&fields, FIELD_TE));
    cr_assert(fields_has(&fields, FIELD_HOST) && fields_has(&fields, FIELD_OTHER));
    cr_assert_not(fields_has(&fields, FIELD_TE));
}

Test(fields, marks_the_hop_by_hop_fields_of_the_table)
{
    struct field items[3];
    struct fields fields;
    fields_init(&fields, items, 3);
    cr_assert_eq(fields_add(&fields, SLICE("transfer-encoding"), SLICE("x")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Content-Length"), SLICE("1")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Keep-Alive"), SLICE("1")), FAULT_NONE);
    cr_assert(items[0].is_hop_by_hop);
    cr_assert_not(items[1].is_hop_by_hop);
    cr_assert(items[2].is_hop_by_hop);
}

Test(fields, refuses_a_field_beyond_the_capacity_and_changes_nothing)
{
    struct field items[2] = {0};
    struct fields fields;
    fields_init(&fields, items, 1);
    cr_assert_eq(fields_add(&fields, SLICE("A"), SLICE("1")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Host"), SLICE("2")), FAULT_FIELDS_TOO_MANY);
    cr_assert_eq(fields.count, 1);
    cr_assert_not(fields_has(&fields, FIELD_HOST));
    cr_assert_null(items[1].name.data);
}

struct lines_case {
    struct slice text;
    enum http_fault fault;
};

/* slice_make is no constant expression, so the cases spell the slice out. */
#define CASE(text, fault)               \
    {                                   \
        {text, sizeof(text) - 1}, fault \
    }

static const struct lines_case lines_cases[] = {
    CASE("\r\n", FAULT_NONE),
    CASE("A: b\r\n\r\n", FAULT_NONE),
    CASE("A: b\r\nC:\td \r\n\r\n", FAULT_NONE),
    CASE("\n", FAULT_FIELD_LINE_END),
    CASE("A: b\n\r\n", FAULT_FIELD_LINE_END),
    CASE("A: b\r\n\n", FAULT_FIELD_LINE_END),
    CASE("A: b\nB: c\r\n\r\n", FAULT_FIELD_LINE_END),
    CASE("A: b\r\n c\r\n\r\n", FAULT_FIELD_FOLDED),
    CASE("A: b\r\n\tc\r\n\r\n", FAULT_FIELD_FOLDED),
    CASE("A:\r\n c\r\n\r\n", FAULT_FIELD_FOLDED),
    CASE(" A: b\r\n\r\n", FAULT_FIELD_FOLDED),
    CASE("A: b\r\n \r\n\r\n", FAULT_FIELD_FOLDED),
};

Test(fields, checks_line_ends_and_folding)
{
    for (size_t i = 0; i < sizeof lines_cases / sizeof lines_cases[0]; i++) {
        const struct lines_case *c = &lines_cases[i];
        /* An exact heap copy lets AddressSanitizer see a read past the end. */
        char *copy = malloc(c->text.length);
        memcpy(copy, c->text.data, c->text.length);
        cr_assert_eq(fields_check_lines(copy, c->text.length), c->fault, "case %zu", i);
        free(copy);
    }
}

Test(fields, moves_white_space_from_in_front_of_a_colon_to_behind_it)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"A : 1\r\nB\t :2\r\n\r\n", "A:  1\r\nB:  2\r\n\r\n"},
        {"A: 1 : 2\r\n", "A: 1 : 2\r\n"},   /* only the first colon ends a name */
        {" : 1\r\nA : 1", " : 1\r\nA:  1"}, /* no name; an incomplete line */
        {"A: 1\r\n\r\nkey : value\r\n", "A: 1\r\n\r\nkey : value\r\n"}, /* content */
        {"A B : 1\r\n", "A B:  1\r\n"}, /* still no name, for the parser to refuse */
        {"none\r\n\r\n", "none\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].before);
        char *text = malloc(length); /* of the exact size: an over-read shows */
        memcpy(text, cases[i].before, length);
        bool is_mended = fields_mend_names(text, length);
        cr_assert_eq(is_mended, strcmp(cases[i].before, cases[i].after) != 0, "%s",
                     cases[i].before);
        cr_assert(slice_equal(slice_make(text, length), slice_of(cases[i].after)), "%s",
                  cases[i].before);
        free(text);
    }
}

Test(fields, knows_a_name_that_still_waits_for_its_colon)
{
    static const char *const open[] = {"A: 1\r\nName ", "Name\t", "Name        "};
    static const char *const closed[] = {
        "", "Name", "A: 1\r\n ", "Na me :", "Name :", "A: 1\r\n", "A B ", "Name         "};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        cr_assert(fields_end_in_open_name(open[i], strlen(open[i])), "%s", open[i]);
    }
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        cr_assert_not(fields_end_in_open_name(closed[i], strlen(closed[i])), "%s", closed[i]);
    }
}

Test(fields, withholds_each_field_of_a_name_in_any_case)
{
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    cr_assert_eq(fields_add(&fields, SLICE("X-A"), SLICE("1")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("X-B"), SLICE("2")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("x-a"), SLICE("3")), FAULT_NONE);
    cr_assert(fields_withhold(&fields, SLICE("X-a")));
    cr_assert_not(fields_withhold(&fields, SLICE("X-C")));
    cr_assert(items[0].is_hop_by_hop);
    cr_assert_not(items[1].is_hop_by_hop);
    cr_assert(items[2].is_hop_by_hop);
}

Test(fields, withholds_every_field_of_a_set_of_ids)
{
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    cr_assert_eq(fields_add(&fields, SLICE("X-Own"), SLICE("1")), FAULT_NONE);
    const uint64_t ids = (uint64_t)1 << FIELD_X_HTTP_METHOD | (uint64_t)1
                                                                  << FIELD_X_METHOD_OVERRIDE;
    cr_assert_not(fields_has_any(&fields, ids));
    cr_assert_eq(fields_add(&fields, SLICE("X-HTTP-Method"), SLICE("PUT")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Via"), SLICE("1.1 a")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("X-Method-Override"), SLICE("PUT")), FAULT_NONE);
    cr_assert(fields_has_any(&fields, ids));
    fields_withhold_ids(&fields, ids);
    static const bool is_withheld[] = {false, true, false, true};
    for (unsigned i = 0; i < fields.count; i++) {
        cr_assert_eq(fields.items[i].is_hop_by_hop, is_withheld[i], "field %u", i);
    }
}
