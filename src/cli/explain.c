/* What the gateway would do with a request, without sending one: the same scanners and the same
 * decision as the gateway's. */
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/explanation.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

#define USAGE                                                                          \
    "explain -c FILE METHOD URL [--field 'Name: value']... [--version 1.0] [--json]\n" \
    "       verbgate explain -c FILE --batch < HEADS"

/* Too large for a stack, and one at a time. */
static struct question question;
static char explanation[EXPLANATION_MAX];

static int exit_status(void)
{
    if (question.fault != FAULT_NONE) {
        return COMMAND_REFUSED;
    }
    if (question.verdict.kind != VERDICT_REFUSE) {
        return COMMAND_OK;
    }
    switch (question.verdict.status) {
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

static void print(const struct policy *policy, bool wants_json)
{
    struct writer writer = writer_make(explanation, sizeof explanation);
    if (wants_json) {
        explanation_write_json(&writer, policy, &question);
    } else {
        explanation_write_text(&writer, policy, &question);
    }
    fwrite(explanation, 1, writer.length, stdout);
}

static int explain_one(const struct policy *policy, const struct arguments *arguments)
{
    struct question_parts parts = {
        .method = arguments->plain[0],
        .url = arguments->plain[1],
        .version = arguments->version == NULL ? "1.1" : arguments->version,
        .fields = arguments->fields,
        .field_count = arguments->field_count,
    };
    const char *problem = question_compose(&question, &parts);
    if (problem == NULL && !question_ask(&question, policy)) {
        problem = "these parts make no complete request";
    }
    if (problem != NULL) {
        fprintf(stderr, "verbgate: %s: %s\n", arguments->plain[1], problem);
        return COMMAND_USAGE;
    }
    print(policy, arguments->wants_json);
    return exit_status();
}

/* Reads "LENGTH LF" and so many bytes of a head. False at the end, or with *problem set. */
static bool read_head(FILE *input, const char **problem)
{
    char line[32];
    if (fgets(line, sizeof line, input) == NULL) {
        return false;
    }
    uint64_t length;
    struct slice number = slice_make(line, strcspn(line, "\r\n"));
    if (!slice_to_number(number, &length) || length > sizeof question.head) {
        *problem = "not the length of a head";
        return false;
    }
    question.length = (size_t)length;
    if (fread(question.head, 1, question.length, input) != question.length) {
        *problem = "the last head is cut off";
        return false;
    }
    return true;
}

static int explain_batch(const struct policy *policy)
{
    const char *problem = NULL;
    while (problem == NULL && read_head(stdin, &problem)) {
        if (question_ask(&question, policy)) {
            print(policy, true);
        } else {
            problem = "a head is not complete";
        }
    }
    if (problem != NULL) {
        fprintf(stderr, "verbgate: --batch: %s\n", problem);
        return COMMAND_USAGE;
    }
    return COMMAND_OK;
}

int command_explain(int argc, char **argv)
{
    struct arguments arguments;
    if (!arguments_read_with_file(
            argc, argv, 2, ARGUMENTS_FIELD | ARGUMENTS_VERSION | ARGUMENTS_JSON | ARGUMENTS_BATCH,
            USAGE, &arguments)) {
        return COMMAND_USAGE;
    }
    if (arguments.plain_count != (arguments.is_batch ? 0 : 2)) {
        fprintf(stderr, "verbgate: usage: verbgate " USAGE "\n");
        return COMMAND_USAGE;
    }
    if (arguments.is_batch && policy_file_is_standard_input(arguments.file)) {
        fprintf(
            stderr,
            "verbgate: with --batch, standard input holds the heads: the policy needs a file\n");
        return COMMAND_USAGE;
    }
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load(arguments.file, &warnings, &errors);
    if (policy == NULL) {
        return COMMAND_FAILED;
    }
    int status = arguments.is_batch ? explain_batch(policy) : explain_one(policy, &arguments);
    policy_release(policy);
    return status;
}
