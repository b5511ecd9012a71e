#include <criterion/criterion.h>

#include "verbgate/base/line_writer.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONG_MS = 60 * 1000, PAGE = 4096 };

static atomic_uint failures;
static atomic_ullong dropped;

static void on_failed(void *owner, int error)
{
    (void)owner;
    (void)error;
    atomic_fetch_add(&failures, 1);
}

static void on_dropped(void *owner, uint64_t lines)
{
    (void)owner;
    atomic_fetch_add(&dropped, lines);
}

static const struct line_writer_events events = {.on_failed = on_failed, .on_dropped = on_dropped};

static struct line_writer *start(int descriptor)
{
    struct line_writer *writer = line_writer_create(2, &events, NULL);
    cr_assert(writer != NULL);
    line_writer_direct(writer, descriptor);
    return writer;
}

static void finish(struct line_writer *writer)
{
    cr_assert(line_writer_end(writer, LONG_MS, LONG_MS));
    line_writer_destroy(writer);
}

static void put(struct line_writer *writer, const char *line)
{
    line_writer_put(writer, slice_of(line));
}

/* A file without a name, open for appending; and the text that is in it. */
static int make_file(void)
{
    char path[] = "/tmp/verbgate-test-XXXXXX";
    int made = mkostemp(path, O_APPEND | O_CLOEXEC);
    cr_assert(made >= 0 && unlink(path) == 0);
    return made;
}

static const char *text_of(int file)
{
    static char text[PAGE];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static int twin(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

/* So many bytes may be in a file. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void wait_for_failure(void)
{
    while (atomic_load(&failures) == 0) {
        sched_yield(); /* the test's own limit of time bounds this */
    }
}

/* A pipe that takes one page, which is full. */
static void make_full_pipe(int ends[2])
{
    static const char page[PAGE] = "";
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(fcntl(ends[1], F_SETPIPE_SZ, PAGE), PAGE);
    cr_assert_eq(write(ends[1], page, sizeof page), PAGE);
}

Test(line_writer, writes_lines_in_order_before_it_ends)
{
    int file = make_file();
    struct line_writer *writer = start(twin(file));
    put(writer, "one\n");
    put(writer, "two\n");
    struct line_buffer *buffer = line_writer_take(writer);
    cr_assert(buffer != NULL);
    memcpy(buffer->bytes, "three\n", 6);
    buffer->used = 6;
    line_writer_give(writer, buffer);
    finish(writer);
    cr_assert_str_eq(text_of(file), "one\ntwo\nthree\n");
    close(file);
}

Test(line_writer, takes_back_the_part_of_a_line_that_a_full_disk_let_through)
{
    int file = make_file();
    struct line_writer *writer = start(twin(file));
    limit_files(12);
    put(writer, "first\nsecond line\nthird\n");
    wait_for_failure();
    cr_assert_str_eq(text_of(file), "first\n");
    limit_files(RLIM_INFINITY);
    cr_assert_eq(line_writer_dropped(writer), 0);
    finish(writer);
    cr_assert_str_eq(text_of(file), "first\nsecond line\nthird\n");
    cr_assert_eq(atomic_load(&failures), 1);
    close(file);
}

Test(line_writer, gives_the_whole_line_to_the_next_target)
{
    int file = make_file();
    int other = make_file();
    struct line_writer *writer = start(twin(file));
    limit_files(12);
    put(writer, "first\nsecond line\n");
    wait_for_failure();
    line_writer_direct(writer, twin(other));
    finish(writer);
    cr_assert_str_eq(text_of(file), "first\n");
    cr_assert_str_eq(text_of(other), "second line\n");
    close(file);
    close(other);
}

Test(line_writer, drops_and_counts_what_has_no_room_and_says_so_when_there_is_some)
{
    static char line[32 * 1024];
    int ends[2];
    make_full_pipe(ends);
    struct line_writer *writer = start(twin(ends[1]));
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (unsigned i = 0; i < 20; i++) {
        line_writer_put(writer, slice_make(line, sizeof line));
    }
    uint64_t lost = line_writer_dropped(writer);
    cr_assert(lost >= 16 && lost < 20, "%llu", (unsigned long long)lost);
    close(ends[1]);
    static char sink[64 * 1024];
    size_t total = PAGE + (20 - (size_t)lost) * sizeof line;
    for (size_t got = 0; got < total;) {
        ssize_t count = read(ends[0], sink, sizeof sink);
        cr_assert(count > 0);
        got += (size_t)count;
    }
    finish(writer);
    cr_assert_eq(atomic_load(&dropped), lost);
    close(ends[0]);
}

Test(line_writer, ends_in_time_although_nobody_reads)
{
    int ends[2];
    make_full_pipe(ends);
    struct line_writer *writer = start(twin(ends[1]));
    put(writer, "never read\n");
    cr_assert(line_writer_end(writer, 10, LONG_MS));
    line_writer_destroy(writer);
    close(ends[0]);
    close(ends[1]);
}

Test(line_writer, ends_at_once_when_the_reader_has_gone)
{
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    struct line_writer *writer = start(ends[1]);
    put(writer, "to nobody\n");
    finish(writer);
}

Test(line_writer, throws_lines_away_without_a_target)
{
    struct line_writer *writer = start(-1);
    put(writer, "nowhere\n");
    finish(writer);
}
