#include <criterion/criterion.h>

#include "../temporary.h"

#include "verbgate/base/log.h"
#include "verbgate/telemetry/access_log.h"

#include <sched.h>

static struct access_log *start(unsigned workers)
{
    log_set_level(LOG_LEVEL_ERROR);
    temporary_make();
    struct access_log *log = access_log_create(workers);
    cr_assert(log != NULL);
    return log;
}

static void must_open(struct access_log *log, const char *target)
{
    const char *problem = access_log_prepare(log, slice_of(target));
    cr_assert(problem == NULL, "%s", problem);
    access_log_commit(log);
}

/* A buffer, waiting for the writing thread to give one back. */
static struct line_buffer *must_take(struct access_log *log)
{
    struct line_buffer *buffer;
    while ((buffer = access_log_take(log)) == NULL) {
        sched_yield(); /* the test's own limit of time bounds this */
    }
    cr_assert_eq(buffer->used, 0);
    return buffer;
}

static void end(struct access_log *log)
{
    cr_assert(access_log_end(log, 60 * 1000, 60 * 1000));
    access_log_destroy(log);
}

static void write_text(struct access_log *log, const char *text)
{
    struct line_buffer *buffer = must_take(log);
    buffer->used = strlen(text);
    memcpy(buffer->bytes, text, buffer->used);
    access_log_give(log, buffer);
}

/* Takes all buffers, so that everything is written, and gives them back empty. */
static void wait_until_written(struct access_log *log, unsigned workers)
{
    struct line_buffer *buffers[64];
    unsigned count = workers * ACCESS_LOG_BUFFERS_PER_WORKER;
    for (unsigned i = 0; i < count; i++) {
        buffers[i] = must_take(log);
    }
    for (unsigned i = 0; i < count; i++) {
        access_log_give(log, buffers[i]);
    }
}

Test(access_log, writes_all_lines_in_order_before_it_ends)
{
    static char expected[256 * 1024];
    size_t length = 0;
    struct access_log *log = start(2);
    must_open(log, temporary_path("access.log"));
    for (unsigned i = 0; i < 5000; i++) {
        char line[32];
        int count = snprintf(line, sizeof line, "line %u\n", i);
        memcpy(expected + length, line, (size_t)count);
        length += (size_t)count;
        write_text(log, line);
    }
    end(log);
    cr_assert_str_eq(temporary_read("access.log"), expected);
    temporary_remove("access.log");
    temporary_finish();
}

Test(access_log, appends_to_what_is_there)
{
    struct access_log *log = start(1);
    temporary_write("access.log", "before\n");
    must_open(log, temporary_path("access.log"));
    write_text(log, "after\n");
    end(log);
    cr_assert_str_eq(temporary_read("access.log"), "before\nafter\n");
    temporary_remove("access.log");
    temporary_finish();
}

Test(access_log, has_a_bounded_number_of_buffers)
{
    struct access_log *log = start(1);
    struct line_buffer *buffers[ACCESS_LOG_BUFFERS_PER_WORKER];
    for (unsigned i = 0; i < ACCESS_LOG_BUFFERS_PER_WORKER; i++) {
        buffers[i] = access_log_take(log);
        cr_assert(buffers[i] != NULL);
    }
    cr_assert(access_log_take(log) == NULL);
    cr_assert_eq(access_log_dropped(log), 0);
    access_log_drop(log);
    cr_assert_eq(access_log_dropped(log), 1);
    access_log_give(log, buffers[2]); /* empty: it is back at once */
    cr_assert(access_log_take(log) == buffers[2]);
    for (unsigned i = 0; i < ACCESS_LOG_BUFFERS_PER_WORKER; i++) {
        access_log_give(log, buffers[i]);
    }
    end(log);
    temporary_finish();
}

Test(access_log, goes_on_in_a_new_file_after_a_rotation)
{
    struct access_log *log = start(1);
    must_open(log, temporary_path("access.log"));
    write_text(log, "first\n");
    wait_until_written(log, 1);
    cr_assert_eq(rename(temporary_path("access.log"), temporary_path("access.log.1")), 0);
    write_text(log, "second\n");
    wait_until_written(log, 1);
    access_log_reopen(log);
    access_log_reopen(log);
    write_text(log, "third\n");
    end(log);
    cr_assert_str_eq(temporary_read("access.log.1"), "first\nsecond\n");
    cr_assert_str_eq(temporary_read("access.log"), "third\n");
    temporary_remove("access.log.1");
    temporary_remove("access.log");
    temporary_finish();
}

Test(access_log, stays_where_it_was_when_another_file_cannot_be_opened)
{
    struct access_log *log = start(1);
    must_open(log, temporary_path("access.log"));
    const char *problem = access_log_prepare(log, slice_of(temporary_path("none/access.log")));
    cr_assert(problem != NULL && strlen(problem) > 0);
    write_text(log, "still here\n");
    end(log);
    cr_assert_str_eq(temporary_read("access.log"), "still here\n");
    temporary_remove("access.log");
    temporary_finish();
}

Test(access_log, writes_nothing_when_it_is_off)
{
    struct access_log *log = start(1);
    write_text(log, "nowhere yet\n");
    wait_until_written(log, 1);
    access_log_reopen(log); /* there is nothing to open again */
    must_open(log, temporary_path("access.log"));
    write_text(log, "written\n");
    wait_until_written(log, 1);
    must_open(log, "off");
    write_text(log, "not written\n");
    end(log);
    cr_assert_str_eq(temporary_read("access.log"), "written\n");
    temporary_remove("access.log");
    temporary_finish();
}
