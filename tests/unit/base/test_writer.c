#include <criterion/criterion.h>

#include "verbgate/base/writer.h"

#include <stdlib.h>

static void expect_text(const struct writer *writer, const char *wanted)
{
    cr_expect(slice_equal(writer_slice(writer), slice_of(wanted)), "%.*s, not %s",
              SLICE_PRINT(writer_slice(writer)), wanted);
}

Test(writer, appends_pieces_in_order)
{
    char room[32];
    struct writer writer = writer_make(room, sizeof room);
    writer_literal(&writer, "a: ");
    writer_string(&writer, "bc");
    writer_put(&writer, slice_make(NULL, 0));
    writer_byte(&writer, '\r');
    writer_byte(&writer, '\n');
    expect_text(&writer, "a: bc\r\n");
    cr_expect(!writer.overflow);
}

Test(writer, fills_its_room_to_the_last_byte)
{
    char *room = malloc(4);
    cr_assert(room != NULL);
    struct writer writer = writer_make(room, 4);
    writer_literal(&writer, "abcd");
    expect_text(&writer, "abcd");
    cr_expect(!writer.overflow);
    writer_byte(&writer, 'e');
    cr_expect(writer.overflow);
    expect_text(&writer, "abcd");
    free(room);
}

Test(writer, leaves_out_whole_what_does_not_fit)
{
    char *room = malloc(4);
    cr_assert(room != NULL);
    struct writer writer = writer_make(room, 4);
    writer_literal(&writer, "abc");
    writer_literal(&writer, "de");
    cr_expect(writer.overflow);
    writer_byte(&writer, 'f');
    expect_text(&writer, "abcf");
    cr_expect(writer.overflow, "an overflow is never forgotten");
    free(room);
}

Test(writer, without_room_takes_only_nothing)
{
    struct writer writer = writer_make(NULL, 0);
    writer_put(&writer, slice_make(NULL, 0));
    cr_expect(!writer.overflow);
    writer_format(&writer, "%d", 1);
    cr_expect(writer.overflow);
    cr_expect_eq(writer.length, 0);
}

Test(writer, writes_decimal_numbers)
{
    static const struct {
        uint64_t number;
        const char *text;
    } numbers[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {501, "501"}, {UINT64_MAX, "18446744073709551615"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char room[20];
        struct writer writer = writer_make(room, sizeof room);
        writer_number(&writer, numbers[i].number);
        expect_text(&writer, numbers[i].text);
        cr_expect(!writer.overflow);
    }
}

Test(writer, writes_hexadecimal_numbers)
{
    static const struct {
        uint64_t number;
        const char *text;
    } numbers[] = {
        {0, "0"}, {15, "f"}, {16, "10"}, {0xabcdef, "abcdef"}, {UINT64_MAX, "ffffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char room[16];
        struct writer writer = writer_make(room, sizeof room);
        writer_hex(&writer, numbers[i].number);
        expect_text(&writer, numbers[i].text);
        cr_expect(!writer.overflow);
    }
}

Test(writer, formats_what_fits_with_its_terminating_nul)
{
    char *room = malloc(6);
    cr_assert(room != NULL);
    struct writer writer = writer_make(room, 6);
    writer_format(&writer, "%s-%d", "ab", 12);
    expect_text(&writer, "ab-12");
    cr_expect(!writer.overflow);
    writer_format(&writer, "%s", "x");
    cr_expect(writer.overflow);
    expect_text(&writer, "ab-12");
    free(room);
}
