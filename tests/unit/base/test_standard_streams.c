#include <criterion/criterion.h>

#include "verbgate/base/standard_streams.h"

#include <errno.h>
#include <unistd.h>

Test(standard_streams, closed_ones_are_taken_and_still_cannot_be_used)
{
    char byte = 0;
    cr_assert_eq(close(STDIN_FILENO), 0);
    cr_assert_eq(close(STDOUT_FILENO), 0);
    cr_assert(standard_streams_reserve());
    cr_assert(!standard_streams_is_writable(STDOUT_FILENO));
    cr_assert(write(STDOUT_FILENO, "x", 1) < 0 && errno == EBADF);
    cr_assert(read(STDIN_FILENO, &byte, 1) < 0 && errno == EBADF);
    int next = dup(STDERR_FILENO);
    cr_assert(next > STDERR_FILENO);
    close(next);
}

Test(standard_streams, open_ones_stay_as_they_are)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    cr_assert(standard_streams_reserve());
    cr_assert(standard_streams_is_writable(STDOUT_FILENO));
    cr_assert(!standard_streams_is_writable(ends[0]));
    cr_assert_eq(write(STDOUT_FILENO, "x", 1), 1);
    close(ends[0]);
    close(ends[1]);
}
