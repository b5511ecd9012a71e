#include "verbgate/context/context.h"

#include "verbgate/base/log.h"
#include "verbgate/http/error_body.h"
#include "verbgate/http/message.h"

#include <assert.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { TAIL_BYTES = 2 * MESSAGE_TRAILER_BYTES };

/* ---- life */

static void init_lists(struct context *context)
{
    list_init(&context->connections);
    list_init(&context->idle);
    counter_set(&context->idle_due_ms, UINT64_MAX);
    list_init(&context->pools);
    list_init(&context->private_idle);
    clock_init(&context->clock);
}

static bool take_buffers(struct context *context)
{
    context->scratch = malloc(CONTEXT_SCRATCH_BYTES);
    context->tail = writer_make(malloc(TAIL_BYTES), TAIL_BYTES);
    context->extra = writer_make(malloc(CONTEXT_EXTRA_BYTES), CONTEXT_EXTRA_BYTES);
    context->body = writer_make(malloc(ERROR_BODY_MAX), ERROR_BODY_MAX);
    return context->scratch != NULL && context->tail.data != NULL && context->extra.data != NULL &&
           context->body.data != NULL;
}

void context_finish(struct context *context)
{
    assert(context->pipes.count == 0);
    free(context->scratch);
    free(context->out.data);
    free(context->tail.data);
    free(context->extra.data);
    free(context->body.data);
}

/* Asked once: ids cost no system call. */
static bool seed_random(struct random *random)
{
    unsigned char seed[RANDOM_SEED_BYTES];
    if (uv_random(NULL, NULL, seed, sizeof seed, 0, NULL) != 0) {
        return false;
    }
    random_seed(random, seed);
    return true;
}

bool context_init(struct context *context, uv_loop_t *loop, const struct context_events *events,
                  void *owner)
{
    *context = (struct context){.loop = loop, .events = events, .owner = owner};
    init_lists(context);
    if (!seed_random(&context->random) || !take_buffers(context)) {
        context_finish(context);
        return false;
    }
    return true;
}

bool context_grow_out(struct context *context, size_t bytes)
{
    if (context->out.capacity >= bytes) {
        return true;
    }
    char *data = realloc(context->out.data, bytes);
    if (data == NULL) {
        return false;
    }
    context->out = writer_make(data, bytes);
    return true;
}

void context_close(struct context *context)
{
    turns_close(&context->turns);
    uv_close((uv_handle_t *)&context->turn_counter, NULL);
    deadline_cancel(&context->trim);
    deadlines_close(&context->deadlines);
}

void context_enter_phase(struct context *context, enum context_phase phase)
{
    assert(phase >= context->phase);
    context->phase = phase;
}

/* ---- turns */

void context_begin_turn(struct context *context)
{
    context->turn_number++;
    deadlines_begin_turn(&context->deadlines);
}

/* ---- memory */

/* glibc keeps what was freed between blocks that are in use; other libraries have no such call. */
static void on_trim(struct deadline *deadline)
{
    struct context *context = LIST_OBJECT(deadline, struct context, trim);
    context->requests.freed = context->responses.freed = 0;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void context_consider_trimming(struct context *context)
{
    size_t freed = context->requests.freed + context->responses.freed;
    if (UNLIKELY(freed >= CONTEXT_TRIM_OBJECTS) && !deadline_is_armed(&context->trim) &&
        !context_is_ending(context)) {
        deadline_arm(&context->deadlines, &context->trim, CONTEXT_TRIM_MS);
    }
}

void context_start(struct context *context, void (*on_turn)(uv_prepare_t *turn_counter))
{
    turns_init(&context->turns, context->loop);
    uv_prepare_init(context->loop, &context->turn_counter);
    uv_prepare_start(&context->turn_counter, on_turn);
    uv_unref((uv_handle_t *)&context->turn_counter);
    deadline_init(&context->trim, on_trim);
    deadlines_init(&context->deadlines, context->loop);
}

/* ---- the error log */

bool context_may_log(struct context *context)
{
    uint64_t second = uv_now(context->loop) / 1000;
    if (second != context->log_second) {
        if (context->log_lines > CONTEXT_LOG_LINES_PER_SECOND) {
            log_warn("%u more lines like these were left out",
                     context->log_lines - CONTEXT_LOG_LINES_PER_SECOND);
        }
        context->log_second = second;
        context->log_lines = 0;
    }
    context->log_lines++;
    if (context->log_lines > CONTEXT_LOG_LINES_PER_SECOND) {
        counter_increment(&context->counters.suppressed_log_lines);
        return false;
    }
    return true;
}
