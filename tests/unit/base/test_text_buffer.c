#include <criterion/criterion.h>

#include "verbgate/base/text_buffer.h"

Test(text_buffer, keeps_what_it_is_given)
{
    struct text_buffer buffer;
    text_buffer_init(&buffer, 100000);
    for (unsigned i = 0; i < 10000; i++) {
        cr_assert(text_buffer_put(&buffer, SLICE("0123456789")));
    }
    cr_expect_eq(buffer.length, 100000);
    for (unsigned i = 0; i < 100000; i++) {
        cr_assert_eq(buffer.data[i], (char)('0' + i % 10));
    }
    text_buffer_finish(&buffer);
}

Test(text_buffer, takes_no_piece_beyond_its_bound)
{
    struct text_buffer buffer;
    text_buffer_init(&buffer, 5);
    cr_expect(text_buffer_put(&buffer, SLICE("abc")));
    cr_expect_not(text_buffer_put(&buffer, SLICE("def")));
    cr_expect(text_buffer_put(&buffer, SLICE("de")));
    cr_expect(text_buffer_put(&buffer, SLICE("")));
    cr_expect_not(text_buffer_put(&buffer, SLICE("f")));
    cr_expect(slice_equal(slice_make(buffer.data, buffer.length), SLICE("abcde")));
    text_buffer_finish(&buffer);
    cr_expect(text_buffer_put(&buffer, SLICE("again")), "finished, it is empty");
    text_buffer_finish(&buffer);
}

Test(text_buffer, is_a_sink)
{
    struct text_buffer buffer;
    text_buffer_init(&buffer, 3);
    struct sink sink = text_buffer_sink(&buffer);
    cr_expect(sink.put(sink.context, SLICE("ab")));
    cr_expect_not(sink.put(sink.context, SLICE("cd")));
    cr_expect_eq(buffer.length, 2);
    text_buffer_finish(&buffer);
}
