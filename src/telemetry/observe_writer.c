#include "verbgate/telemetry/observe_writer.h"

#include "verbgate/base/list.h"

static void write_record(uv_work_t *work)
{
    const struct observe_writer *writer = work->data;
    observe_write(writer->observe);
}

static void start_writing(struct observe_writer *writer);

static void on_written(uv_work_t *work, int status)
{
    struct observe_writer *writer = work->data;
    (void)status;
    writer->is_writing = false;
    if (writer->must_write_again) {
        start_writing(writer);
    }
}

static void start_writing(struct observe_writer *writer)
{
    writer->must_write_again = false;
    writer->is_writing = uv_queue_work(writer->loop, &writer->work, write_record, on_written) == 0;
}

void observe_writer_write(struct observe_writer *writer)
{
    if (writer->is_writing) {
        writer->must_write_again = true;
    } else {
        start_writing(writer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    observe_writer_write(LIST_OBJECT(timer, struct observe_writer, timer));
}

void observe_writer_init(struct observe_writer *writer, uv_loop_t *loop)
{
    *writer = (struct observe_writer){.loop = loop};
    writer->work.data = writer;
    uv_timer_init(loop, &writer->timer);
}

void observe_writer_commit(struct observe_writer *writer, const struct policy *policy)
{
    if (observe_commit(writer->observe, policy)) {
        observe_writer_write(writer);
    }
    if (observe_is_wanted(policy)) {
        uv_timer_start(&writer->timer, on_timer, OBSERVE_WRITE_MS, OBSERVE_WRITE_MS);
    } else {
        uv_timer_stop(&writer->timer);
    }
}

void observe_writer_abandon(struct observe_writer *writer)
{
    uv_timer_stop(&writer->timer);
    observe_abandon(writer->observe);
}

void observe_writer_close(struct observe_writer *writer)
{
    uv_close((uv_handle_t *)&writer->timer, NULL);
}
