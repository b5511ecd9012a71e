#include <criterion/criterion.h>

#include "verbgate/base/html.h"

Test(html, leaves_nothing_that_begins_markup)
{
    char room[128];
    struct writer writer = writer_make(room, sizeof room);
    html_write_text(&writer, SLICE("<a href=\"x\" b='y'>&amp;"));
    cr_assert(slice_equal(writer_slice(&writer),
                          SLICE("&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;")));
}

Test(html, leaves_every_other_byte_alone)
{
    for (int byte = 0; byte < 256; byte++) {
        char room[8];
        struct writer writer = writer_make(room, sizeof room);
        html_write_byte(&writer, (char)byte);
        bool is_special = byte != 0 && strchr("&<>\"'", byte) != NULL;
        cr_assert_eq(writer.length == 1 && room[0] == (char)byte, !is_special, "byte %d", byte);
    }
}
