/* What the gateway would do with a request, without sending one: the same scanners and the same
 * decision as the gateway's. */
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/explanation.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

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

static bool print(const struct policy *policy, bool wants_json)
{
    struct writer writer = writer_make(explanation, sizeof explanation);
    if (wants_json) {
        explanation_write_json(&writer, policy, &question);
    } else {
        explanation_write_text(&writer, policy, &question);
    }
    return standard_output_write(writer_slice(&writer));
}

static int explain_one(const struct policy *policy, const struct arguments *arguments)
{
    const char *fields[ARGUMENTS_REPEATS_MAX];
    const char *version = arguments_value(arguments, OPTION_VERSION);
    struct question_parts parts = {
        .method = arguments->plain[0],
        .url = arguments->plain[1],
        .version = version == NULL ? "1.1" : version,
        .fields = fields,
    };
    unsigned position = 0;
    const char *field;
    while ((field = arguments_next(arguments, OPTION_FIELD, &position)) != NULL) {
        fields[parts.field_count++] = field;
    }
    const char *problem = question_compose(&question, &parts);
    if (problem == NULL && !question_ask(&question, policy)) {
        problem = "these parts make no complete request";
    }
    if (problem != NULL) {
        fprintf(stderr, "verbgate: %s: %s\n", arguments->plain[1], problem);
        return COMMAND_USAGE;
    }
    bool is_written = print(policy, arguments_have(arguments, OPTION_JSON));
    return standard_output_end() && is_written ? exit_status() : COMMAND_FAILED;
}

/* Reads "LENGTH LF" and LENGTH bytes of a head. False at the end, or with *problem set. */
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
    bool is_written = true;
    while (problem == NULL && is_written && read_head(stdin, &problem)) {
        if (question_ask(&question, policy)) {
            is_written = print(policy, true);
        } else {
            problem = "a head is not complete";
        }
    }
    is_written = standard_output_end() && is_written;
    if (problem != NULL) {
        fprintf(stderr, "verbgate: --batch: %s\n", problem);
        return COMMAND_USAGE;
    }
    return is_written ? COMMAND_OK : COMMAND_FAILED;
}

/* False after a line on standard error. */
static bool is_usable(const struct arguments *arguments, const char *path)
{
    bool is_batch = arguments_have(arguments, OPTION_BATCH);
    if (arguments->plain_count != (is_batch ? 0 : 2)) {
        fputs(is_batch
                  ? "verbgate: --batch reads heads from standard input, and no METHOD and URL\n"
                  : "verbgate: explain needs METHOD and URL\n",
              stderr);
        arguments_print_usage(arguments->command);
        return false;
    }
    if (is_batch && policy_file_is_standard_input(path)) {
        fprintf(stderr, "verbgate: with --batch, standard input holds the heads: the policy needs "
                        "a file\n");
        return false;
    }
    return true;
}

int command_explain(const struct arguments *arguments)
{
    const char *path = arguments_policy(arguments);
    if (path == NULL || !is_usable(arguments, path)) {
        return COMMAND_USAGE;
    }
    unsigned warnings = 0;
    unsigned errors = 0;
    struct policy *policy = policy_file_load(path, &warnings, &errors);
    if (policy == NULL) {
        return COMMAND_FAILED;
    }
    int status = arguments_have(arguments, OPTION_BATCH) ? explain_batch(policy)
                                                         : explain_one(policy, arguments);
    policy_release(policy);
    return status;
}
