#include <criterion/criterion.h>

#include "verbgate/base/json.h"
#include "verbgate/base/sink.h"

static const struct {
    struct slice text;
    const char *json;
} texts[] = {
    {{"", 0}, "\"\""},
    {{"plain text", 10}, "\"plain text\""},
    {{"\"\\", 2}, "\"\\\"\\\\\""},
    {{"a\nb", 3}, "\"a\\u000ab\""},
    {{"\0", 1}, "\"\\u0000\""},
    {{"\x7f\xff", 2}, "\"\\u007f\\u00ff\""},
    {{"</script>", 9}, "\"</script>\""},
};

Test(json, escapes_every_byte_that_a_string_cannot_hold)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char buffer[64];
        struct writer writer = writer_make(buffer, JSON_TEXT_BYTES(texts[i].text.length));
        json_write_text(&writer, texts[i].text);
        cr_expect_not(writer.overflow, "case %zu", i);
        cr_expect(slice_equal(writer_slice(&writer), slice_of(texts[i].json)), "case %zu: %.*s", i,
                  SLICE_PRINT(writer_slice(&writer)));
    }
}

Test(json, puts_commas_between_members_only)
{
    char buffer[64];
    struct writer writer = writer_make(buffer, sizeof buffer);
    writer_byte(&writer, '{');
    json_write_key(&writer, "a");
    writer_byte(&writer, '[');
    json_write_comma(&writer);
    writer_number(&writer, 1);
    json_write_comma(&writer);
    writer_literal(&writer, "2]");
    json_write_key(&writer, "b");
    writer_literal(&writer, "{}}");
    cr_expect(slice_equal(writer_slice(&writer), SLICE("{\"a\":[1,2],\"b\":{}}")));
}

static bool count_bytes(void *context, struct slice piece)
{
    size_t *count = context;
    *count += piece.length;
    return *count < 6;
}

Test(json, flushes_to_a_sink_until_it_refuses)
{
    size_t count = 0;
    struct sink sink = {count_bytes, &count};
    char buffer[4];
    struct writer writer = writer_make(buffer, sizeof buffer);
    writer_literal(&writer, "abcd");
    cr_expect(sink_flush(&sink, &writer));
    cr_expect_eq(writer.length, 0);
    writer_literal(&writer, "abcd");
    cr_expect_not(sink_flush(&sink, &writer), "the sink is full");
    writer_literal(&writer, "abcde");
    cr_expect_not(sink_flush(&sink, &writer), "what did not fit is not passed over");
    cr_expect_eq(count, 8);
}
