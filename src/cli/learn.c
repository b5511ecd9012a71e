/* A policy proposed from a record of traffic, from an OpenAPI description, or from a probe. It goes to
 * standard output and nowhere else. */
#include "probe.h"
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/config/load.h"
#include "verbgate/learn/evidence_json.h"
#include "verbgate/learn/openapi.h"
#include "verbgate/learn/proposal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { COMMENTS_BYTES = 256 * 1024 };

struct wishes {
    const char *record;
    const char *openapi;
    const char *probe;
    const char *server;
    uint64_t min_count;
};

/* ---- files */

/* The whole of a file into memory that the caller frees; NULL after a message. */
static char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = file == NULL ? NULL : malloc((size_t)LEARN_FILE_MAX + 1);
    const char *problem = text == NULL ? strerror(errno) : NULL;
    if (text != NULL) {
        *length = fread(text, 1, (size_t)LEARN_FILE_MAX + 1, file);
        if (ferror(file)) {
            problem = strerror(errno);
        } else if (*length > LEARN_FILE_MAX) {
            problem = "larger than 8 MiB";
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    if (problem != NULL) {
        fprintf(stderr, "verbgate: %s: %s\n", path, problem);
        free(text);
        return NULL;
    }
    return text;
}

/* Parts of the file may be in the message: nothing of it may reach a terminal as a control sequence. */
static void print_problem(const char *path, const char *problem)
{
    fprintf(stderr, "verbgate: %s: ", path);
    for (const char *c = problem; *c != '\0'; c++) {
        fputc(*c < 0x20 || *c > 0x7e ? '?' : *c, stderr);
    }
    fputc('\n', stderr);
}

/* ---- proposals */

static int finish(const char *path, const char *problem, const struct writer *writer)
{
    if (problem == NULL && writer->overflow) {
        problem = "the proposal would be larger than a policy file may be (4 MiB)";
    }
    if (problem != NULL) {
        print_problem(path, problem);
        return COMMAND_FAILED;
    }
    bool is_written = standard_output_write(writer_slice(writer));
    return standard_output_end() && is_written ? COMMAND_OK : COMMAND_FAILED;
}

static int propose(const char *path, const struct evidence_table *table, struct slice comments,
                   uint64_t min_count)
{
    struct writer writer = writer_make(malloc(CONFIG_FILE_MAX), CONFIG_FILE_MAX);
    if (writer.data == NULL) {
        return finish(path, "out of memory", &writer);
    }
    const struct proposal_options options = {.origin = path, .min_count = min_count};
    const char *problem = proposal_write(&writer, table, &options);
    writer_string(&writer, comments.length > 0 ? "\n" : "");
    writer_put(&writer, comments);
    int status = finish(path, problem, &writer);
    free(writer.data);
    return status;
}

static int learn_record(const struct wishes *wishes, struct slice text,
                        struct evidence_table *table)
{
    char problem[LEARN_PROBLEM_MAX];
    if (!evidence_json_read(text, table, problem)) {
        print_problem(wishes->record, problem);
        return COMMAND_FAILED;
    }
    return propose(wishes->record, table, SLICE(""), wishes->min_count);
}

static int learn_openapi(const struct wishes *wishes, struct slice text,
                         struct evidence_table *table)
{
    char problem[LEARN_PROBLEM_MAX];
    struct writer comments = writer_make(malloc(COMMENTS_BYTES), COMMENTS_BYTES);
    if (comments.data == NULL) {
        print_problem(wishes->openapi, "out of memory");
        return COMMAND_FAILED;
    }
    int status = COMMAND_FAILED;
    if (wishes->server != NULL) {
        evidence_add_server(table, SLICE("app"), slice_of(wishes->server));
    }
    if (openapi_read(text, SLICE("app"), table, &comments, problem)) {
        status = propose(wishes->openapi, table, writer_slice(&comments), 1);
    } else {
        print_problem(wishes->openapi, problem);
    }
    free(comments.data);
    return status;
}

static int learn_file(const struct wishes *wishes)
{
    size_t length = 0;
    char *text = read_whole(wishes->record != NULL ? wishes->record : wishes->openapi, &length);
    struct evidence_table *table = text == NULL ? NULL : evidence_create(EVIDENCE_READ_MAX);
    int status = COMMAND_FAILED;
    if (table != NULL) {
        struct slice slice = slice_make(text, length);
        status = wishes->record != NULL ? learn_record(wishes, slice, table)
                                        : learn_openapi(wishes, slice, table);
    } else if (text != NULL) {
        print_problem("learn", "out of memory");
    }
    evidence_destroy(table);
    free(text);
    return status;
}

static int learn_probe(const struct wishes *wishes)
{
    static struct probe probe; /* its texts are large */
    static char text[64 * 1024];
    char control[PROBE_CONTROL_BYTES];
    struct writer writer = writer_make(text, sizeof text);
    const char *problem = probe_run(wishes->probe, control, &probe);
    problem = problem != NULL ? problem : probe_write(&writer, &probe);
    return finish(wishes->probe, problem, &writer);
}

/* ---- the command line */

/* It goes into the policy as it is. */
static bool is_address(const char *text)
{
    struct address address;
    return text[strcspn(text, "\"#;$\\ \t\r\n")] == '\0' &&
           address_parse(slice_of(text), &address) == NULL;
}

/* Returns NULL, or what is wrong with the values. */
static const char *take_options(const struct arguments *arguments, struct wishes *wishes)
{
    wishes->record = arguments->plain_count > 0 ? arguments->plain[0] : NULL;
    wishes->openapi = arguments_value(arguments, OPTION_OPENAPI);
    wishes->probe = arguments_value(arguments, OPTION_PROBE);
    wishes->server = arguments_value(arguments, OPTION_SERVER);
    wishes->min_count = 1;
    int sources = (wishes->record != NULL) + (wishes->openapi != NULL) + (wishes->probe != NULL);
    if (sources != 1) {
        return "learn needs one of: a record, --openapi, --probe";
    }
    const char *min_count = arguments_value(arguments, OPTION_MIN_COUNT);
    if (min_count != NULL &&
        (wishes->record == NULL || !slice_to_number(slice_of(min_count), &wishes->min_count))) {
        return "--min-count goes with a record, and is a whole number";
    }
    if (wishes->server != NULL && (wishes->openapi == NULL || !is_address(wishes->server))) {
        return "--server goes with --openapi, and is an address";
    }
    const char *unsafe = arguments_value(arguments, OPTION_UNSAFE);
    if (unsafe != NULL && (wishes->probe == NULL || strcmp(unsafe, "no") != 0)) {
        return "--unsafe goes with --probe and can only be no: unsafe methods are never sent";
    }
    return NULL;
}

int command_learn(const struct arguments *arguments)
{
    struct wishes wishes = {.record = NULL};
    const char *problem = take_options(arguments, &wishes);
    if (problem != NULL) {
        fprintf(stderr, "verbgate: %s\n", problem);
        arguments_print_usage(arguments->command);
        return COMMAND_USAGE;
    }
    return wishes.probe != NULL ? learn_probe(&wishes) : learn_file(&wishes);
}
