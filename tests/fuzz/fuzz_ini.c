/*
 * A configuration file: loading gives a policy or errors, never both and never neither; each
 * message can be written; and a policy that was loaded can decide. What stands behind a line "---"
 * is a second file, conf.d/b.ini, for the first to include.
 */
#include "fuzz.h"
#include "verbgate/config/load.h"
#include "verbgate/policy/decide.h"

#include <assert.h>
#include <fnmatch.h>

static const struct slice second_mark = {"\n---\n", 5};

static const char *read_file(void *context, const char *path, struct arena *arena,
                             struct slice *text)
{
    const struct slice *second = context;
    if (strcmp(path, "conf.d/b.ini") != 0) {
        return "no such file or directory";
    }
    char *copy = arena_take(arena, second->length);
    if (copy == NULL) {
        return "out of memory";
    }
    if (second->length > 0) {
        memcpy(copy, second->data, second->length);
    }
    *text = slice_make(copy, second->length);
    return NULL;
}

static const char *find_files(void *context, const char *pattern,
                              void (*each)(void *each_context, const char *path),
                              void *each_context)
{
    (void)context;
    if (fnmatch(pattern, "conf.d/b.ini", FNM_PATHNAME) == 0) {
        each(each_context, "conf.d/b.ini");
    }
    return NULL;
}

static const char *get_variable(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "PORT") == 0) {
        return "8080";
    }
    if (strcmp(name, "METHODS") == 0) {
        return "GET HEAD POST";
    }
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static void ask(const struct policy *policy, const char *method, const char *path, const char *host)
{
    struct target target;
    struct decide_request request = {
        .method = slice_of(method),
        .version_major = 1,
        .version_minor = 1,
        .target = &target,
        .host = slice_of(host),
        .max_forwards = -1,
    };
    struct verdict verdict;
    char text[VERDICT_SENTENCE_MAX];
    struct writer writer = writer_make(text, sizeof text);
    assert(target_parse(slice_of(path), METHOD_GET, &target) == FAULT_NONE);
    decide(policy, &request, &verdict);
    assert((verdict.kind == VERDICT_FORWARD) == (verdict.status == 0));
    assert(verdict.kind != VERDICT_FORWARD || verdict.upstream != NULL);
    assert(verdict.upstream == NULL || verdict.upstream->server_count > 0);
    verdict_write_sentence(&writer, policy, &verdict, &request);
    assert(!writer.overflow);
}

static void check_policy(const struct policy *policy)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "PURGE", "get"};
    assert(policy->listener_count > 0 && policy->upstream_count > 0);
    assert(policy->gateway.max_target < policy->gateway.max_head);
    assert(policy->gateway.max_fields <= FIELDS_MAX);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        ask(policy, methods[i], "/", "");
        ask(policy, methods[i], "/orders/7", "api.example.com");
        ask(policy, methods[i], "/a/../orders/%37;x", "www.example.org");
    }
}

static void check_diagnostics(const struct diagnostics *diagnostics)
{
    assert(diagnostics->count <= DIAGNOSTICS_MAX);
    for (unsigned i = 0; i < diagnostics->count; i++) {
        static char text[64 * 1024];
        struct writer writer = writer_make(text, sizeof text);
        diagnostics_write(diagnostics, i, &writer);
        assert(!writer.overflow && writer.length > 0 && text[writer.length - 1] == '\n');
    }
}

/* Cuts the input in two files; each is copied to a block of its own size. */
static struct slice cut_second(struct slice *text)
{
    const char *mark = text->length == 0
                           ? NULL
                           : memmem(text->data, text->length, second_mark.data, second_mark.length);
    if (mark == NULL) {
        return slice_make("", 0);
    }
    size_t first = (size_t)(mark - text->data) + 1;
    struct slice second = slice_after(*text, first + second_mark.length - 1);
    text->length = first;
    return second;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct diagnostics diagnostics;
    if (size > FUZZ_INPUT_MAX) {
        return 0;
    }
    struct slice text = slice_make((const char *)data, size);
    struct slice second = cut_second(&text);
    char *copy = fuzz_copy(text);
    const struct config_environment environment = {&second, read_file, find_files, get_variable};
    diagnostics_init(&diagnostics);
    struct policy *policy =
        config_load_text("gateway.ini", slice_make(copy, text.length), &environment, &diagnostics);
    free(copy); /* nothing of the policy or the messages may point into it */
    assert((policy == NULL) == (diagnostics.error_count > 0));
    check_diagnostics(&diagnostics);
    if (policy != NULL) {
        check_policy(policy);
        policy_release(policy);
    }
    diagnostics_finish(&diagnostics);
    return 0;
}
