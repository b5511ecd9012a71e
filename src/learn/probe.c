#include "verbgate/learn/probe.h"

#include "verbgate/base/arena.h"
#include "verbgate/http/reply.h"
#include "verbgate/http/token.h"
#include "verbgate/learn/evidence.h"
#include "verbgate/policy/method_set.h"

enum { SCRATCH_MAX = 64 * 1024, SHOWN_MAX = 200 };

static const char *const questions[PROBE_COUNT] = {
    [PROBE_CONTROL] = "a random method",
    [PROBE_GET] = "GET",
    [PROBE_HEAD] = "HEAD",
    [PROBE_OPTIONS] = "OPTIONS",
    [PROBE_OPTIONS_STAR] = "OPTIONS *",
};

struct judgement {
    const struct probe *probe;
    struct arena arena;
    struct method_extensions extensions;
    struct method_set methods;
    bool is_believed; /* the lists of methods */
};

static bool is_fine(unsigned status)
{
    return status == 101 || (status >= 200 && status < 400);
}

static unsigned status_of(const struct judgement *judgement, enum probe_request request)
{
    return judgement->probe->answers[request].status;
}

static struct slice list_of(const struct probe *probe, enum probe_request request)
{
    const struct probe_answer *answer = &probe->answers[request];
    return slice_make(answer->list, answer->list_length);
}

/* ---- the evidence */

static void write_answers(struct writer *writer, const struct probe *probe)
{
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        const struct probe_answer *answer = &probe->answers[i];
        writer_format(writer, ";   %s: ", questions[i]);
        if (answer->status == 0) {
            writer_format(writer, "no answer: %s\n", answer->problem);
            continue;
        }
        writer_number(writer, answer->status);
        if (answer->has_allow) {
            writer_literal(writer, ", methods named: ");
            reply_write_shown(writer, list_of(probe, (enum probe_request)i), SHOWN_MAX);
        }
        writer_byte(writer, '\n');
    }
}

/* ---- what is believed */

static bool names_control(const struct probe *probe)
{
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        struct slice rest = list_of(probe, (enum probe_request)i);
        struct slice element;
        while (token_list_next(&rest, &element)) {
            if (slice_equal(element, probe->control)) {
                return true;
            }
        }
    }
    return false;
}

/* A method of the registry or another token; CONNECT is nobody's here. */
static void add_claim(struct judgement *judgement, struct slice name)
{
    enum method method = method_find(name);
    if (method == METHOD_UNKNOWN && method_suggest(name) != METHOD_UNKNOWN &&
        slice_equal_ignoring_case(method_name(method_suggest(name)), name)) {
        return;
    }
    if (method == METHOD_UNKNOWN) {
        method = method_extensions_add(&judgement->extensions, &judgement->arena, name);
    }
    if (method < METHOD_UNKNOWN && method != METHOD_CONNECT && method != METHOD_PRI) {
        method_set_add(&judgement->methods, method);
    }
}

/* Returns how many elements are no methods. */
static unsigned add_claims(struct judgement *judgement)
{
    unsigned malformed = 0;
    for (unsigned i = 0; i < PROBE_COUNT; i++) {
        struct slice rest = list_of(judgement->probe, (enum probe_request)i);
        struct slice element;
        while (token_list_next(&rest, &element)) {
            if (!evidence_method_is_plain(element) || element.length > METHOD_TOKEN_MAX) {
                malformed++;
            } else if (judgement->is_believed) {
                add_claim(judgement, element);
            }
        }
    }
    return malformed;
}

static void judge_control(struct judgement *judgement, struct writer *writer)
{
    unsigned control = status_of(judgement, PROBE_CONTROL);
    judgement->is_believed = !is_fine(control) && !names_control(judgement->probe);
    if (is_fine(control)) {
        writer_format(writer,
                      "; finding: a method that does not exist is answered %u: statuses and lists "
                      "of this backend prove nothing, and only GET and HEAD are proposed\n",
                      control);
    } else if (!judgement->is_believed) {
        writer_literal(writer, "; finding: the backend names even the random method: its lists are "
                               "not believed\n");
    } else if (control >= 500 && control != 501) {
        writer_format(writer, "; finding: an unknown method makes the backend fail (%u, not 501)\n",
                      control);
    }
}

/* A list that was believed may still lie about what was tried. */
static void judge_tried(struct judgement *judgement, struct writer *writer,
                        enum probe_request request, enum method method)
{
    unsigned status = status_of(judgement, request);
    unsigned control = status_of(judgement, PROBE_CONTROL);
    const char *name = questions[request];
    bool is_claimed = method_set_has(&judgement->methods, method);
    /* 404 and 401 are about the resource; 405, 501 and what the control got are about the method. */
    bool is_refused = status == 405 || status == 501 || (!is_fine(status) && status == control);
    bool works = status != 0 && !is_refused && status < 500;
    if (works && request == PROBE_OPTIONS && status == control) {
        works = false; /* it is answered like anything */
    }
    if (works) {
        method_set_add(&judgement->methods, method);
        if (!is_claimed && judgement->probe->answers[PROBE_OPTIONS].has_allow) {
            writer_format(writer, "; finding: %s works, and OPTIONS does not name it\n", name);
        }
        return;
    }
    if (is_claimed) {
        writer_format(writer, "; finding: %s is named, and does not work (%u)\n", name, status);
    }
    if (method != METHOD_GET && method != METHOD_HEAD) {
        method_set_remove(&judgement->methods, method);
    }
}

static void judge(struct judgement *judgement, struct writer *writer)
{
    judge_control(judgement, writer);
    unsigned malformed = add_claims(judgement);
    if (malformed > 0) {
        writer_format(writer, "; finding: %u of the names in its lists are no methods\n",
                      malformed);
    }
    judge_tried(judgement, writer, PROBE_OPTIONS, METHOD_OPTIONS);
    judge_tried(judgement, writer, PROBE_GET, METHOD_GET);
    judge_tried(judgement, writer, PROBE_HEAD, METHOD_HEAD);
    /* RFC 9110 section 9.1: every general-purpose server has both. */
    method_set_add(&judgement->methods, METHOD_GET);
    method_set_add(&judgement->methods, METHOD_HEAD);
}

static void write_methods(struct writer *writer, const struct judgement *judgement)
{
    char text[METHOD_SET_TEXT_MAX];
    struct writer list = writer_make(text, sizeof text);
    method_set_write(&list, &judgement->methods, &judgement->extensions);
    struct slice rest = writer_slice(&list);
    struct slice element;
    while (token_list_next(&rest, &element)) {
        writer_byte(writer, ' ');
        writer_put(writer, element);
    }
    writer_byte(writer, '\n');
}

const char *probe_write(struct writer *writer, const struct probe *probe)
{
    if (probe->answers[PROBE_CONTROL].status == 0 && probe->answers[PROBE_GET].status == 0 &&
        probe->answers[PROBE_OPTIONS].status == 0) {
        return "the backend answers nothing";
    }
    struct judgement judgement = {.probe = probe};
    arena_init(&judgement.arena, SCRATCH_MAX);
    writer_literal(writer, "; Proposed by verbgate learn from a probe of ");
    reply_write_shown(writer, probe->path, SHOWN_MAX);
    writer_format(writer,
                  " at %.*s.\n"
                  "; Nothing of it is in force. Only safe methods and a random one were sent: the "
                  "others are what\n"
                  "; the backend says of itself. Other paths of it may take other methods.\n"
                  "\n[listener public]\nbind = 127.0.0.1:8080   ; choose your own\n\n",
                  SLICE_PRINT(probe->server));
    write_answers(writer, probe);
    judge(&judgement, writer);
    writer_format(writer,
                  "[upstream app]\nserver = %.*s\nimplements =", SLICE_PRINT(probe->server));
    write_methods(writer, &judgement);
    arena_finish(&judgement.arena);
    return NULL;
}
