/* What the gateway would do with a request, without sending one: the same scanners and the same
 * decision as the gateway's. */
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/http/request_line.h"
#include "verbgate/http/status_line.h"
#include "verbgate/policy/decide.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

/* A line as a client would send it, judged by the gateway's own scanner. */
enum { LINE_MAX_BYTES = 64 * 1024 };

struct question {
    char text[LINE_MAX_BYTES];
    struct request_line line;
    struct target target;
    struct slice host;
};

static bool ask(const struct policy *policy, struct question *question, const char *method,
                const char *url, const char *version, enum http_fault *fault)
{
    struct writer writer = writer_make(question->text, sizeof question->text);
    writer_format(&writer, "%s %s HTTP/%s\r\n", method, url, version);
    struct request_line_scanner scanner;
    request_line_start(&scanner);
    *fault = FAULT_TARGET_TOO_LONG;
    if (writer.overflow || request_line_scan(&scanner, question->text, writer.length,
                                             LINE_MAX_BYTES, &question->line, fault) != SCAN_DONE) {
        return false;
    }
    question->line.method = policy_method(policy, question->line.method);
    if (question->line.version_major != 1) {
        return true; /* refused before anything else is looked at */
    }
    enum method known = method_find(question->line.method);
    if (known == METHOD_CONNECT) {
        return true; /* refused whatever its target is */
    }
    *fault = target_parse(question->line.target, known, &question->target);
    if (*fault == FAULT_NONE && question->target.authority.length > 0) {
        *fault = target_split_host(question->target.authority, false, &question->host);
    }
    return *fault == FAULT_NONE;
}

static int exit_status(const struct verdict *verdict)
{
    if (verdict->kind != VERDICT_REFUSE) {
        return COMMAND_OK;
    }
    switch (verdict->status) {
    case 501:
        return COMMAND_NOT_IMPLEMENTED;
    case 405:
        return COMMAND_NOT_ALLOWED;
    case 505:
        return COMMAND_VERSION;
    case 404:
        return COMMAND_NOT_FOUND;
    default:
        return COMMAND_REFUSED;
    }
}

static const char *kind_name(enum verdict_kind kind)
{
    return kind == VERDICT_FORWARD ? "forward" : kind == VERDICT_ANSWER ? "answer" : "refuse";
}

static void print_where(const struct verdict *verdict)
{
    if (verdict->upstream != NULL) {
        printf("upstream: %.*s\n", SLICE_PRINT(verdict->upstream->name));
    }
    if (verdict->route != NULL) {
        printf("route: %.*s\n", SLICE_PRINT(verdict->route->name));
    }
    char text[512];
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_rule(&writer, verdict);
    printf("rule: %.*s\n", SLICE_PRINT(writer_slice(&writer)));
    if (verdict->source.line > 0) {
        printf("source: %s:%u\n", verdict->source.file, verdict->source.line);
    } else {
        printf("source: built in\n");
    }
}

static void print_verdict(const struct policy *policy, const struct verdict *verdict,
                          const struct decide_request *request)
{
    char text[VERDICT_SENTENCE_MAX];
    printf("verdict: %s\n", kind_name(verdict->kind));
    if (verdict->status == ANSWERS_CLOSE) {
        printf("status: none, the connection is closed (%u in logs)\n", verdict->status);
    } else if (verdict->status != 0) {
        printf("status: %u %s\n", verdict->status, status_reason(verdict->status));
    }
    if (verdict->is_reported) {
        struct writer writer = writer_make(text, sizeof text);
        verdict_write_reported(&writer, verdict);
        printf("would-be: %u %s\nwould-be-rule: %.*s\n", verdict->reported.status,
               status_reason(verdict->reported.status), SLICE_PRINT(writer_slice(&writer)));
    }
    if (verdict->has_allow) {
        struct writer writer = writer_make(text, sizeof text);
        method_set_write(&writer, &verdict->allow, &policy->extensions);
        printf("allow: %.*s\n", SLICE_PRINT(writer_slice(&writer)));
    }
    print_where(verdict);
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_sentence(&writer, policy, verdict, request);
    printf("because: %.*s\n", SLICE_PRINT(writer_slice(&writer)));
}

static int explain(const struct policy *policy, struct question *question,
                   const struct arguments *arguments)
{
    const char *version = arguments->version == NULL ? "1.1" : arguments->version;
    enum http_fault fault;
    if (!ask(policy, question, arguments->plain[0], arguments->plain[1], version, &fault)) {
        unsigned status = fault_status(fault);
        printf("verdict: refuse\nstatus: %u %s\nrule: malformed\nsource: built in\nbecause: %s.\n",
               status, status_reason(status), fault_sentence(fault));
        return COMMAND_REFUSED;
    }
    struct decide_request request = {
        .method = question->line.method,
        .version_major = question->line.version_major,
        .version_minor = question->line.version_minor,
        .target = question->line.version_major == 1 ? &question->target : NULL,
        .host = question->host,
        .max_forwards = -1,
    };
    struct verdict verdict;
    decide(policy, &request, &verdict);
    print_verdict(policy, &verdict, &request);
    return exit_status(&verdict);
}

int command_explain(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read(argc, argv, 2, &arguments)) {
        return COMMAND_USAGE;
    }
    if (arguments.file == NULL || arguments.plain_count != 2) {
        fprintf(stderr, "verbgate: usage: verbgate explain -c FILE METHOD URL [--version 1.0]\n");
        return COMMAND_USAGE;
    }
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load(arguments.file, &warnings, &errors);
    if (policy == NULL) {
        return COMMAND_FAILED;
    }
    static struct question question; /* too large for a stack, and asked once */
    int status = explain(policy, &question, &arguments);
    policy_release(policy);
    return status;
}
