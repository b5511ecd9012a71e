#include "verbgate/base/json.h"
#include "verbgate/base/log.h"
#include "verbgate/cli/arguments.h"
#include "verbgate/cli/commands.h"
#include "verbgate/cli/live_check.h"
#include "verbgate/cli/standard_output.h"
#include "verbgate/server/policy_file.h"

#include <stdio.h>

/* Too large for a stack, and one at a time. A word of the command line, which names the file, has at most 128 KiB,
 * and six times as much in JSON. */
static struct diagnostics diagnostics;
static char text[1024 * 1024];

/* Nobody has said what these backends can do. */
static void add_notes(const struct policy *policy)
{
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        const struct policy_upstream *upstream = &policy->upstreams[i];
        if (upstream->implements_source.line != 0) {
            continue;
        }
        const struct diagnostic place = {.severity = DIAGNOSTIC_NOTE,
                                         .file = slice_of(upstream->source.file),
                                         .line = upstream->source.line};
        diagnostics_add(&diagnostics, &place, NULL,
                        "[upstream %.*s] has no `implements`: it gets every method, registered or "
                        "not, but CONNECT, PRI and TRACE",
                        SLICE_PRINT(upstream->name));
    }
}

static unsigned count_all(void)
{
    return diagnostics.error_count + diagnostics.warning_count + diagnostics.note_count;
}

/* ---- text */

/* Errors and warnings go to standard error, notes to standard output. */
static void print_items(void)
{
    for (unsigned i = 0; i < diagnostics.count; i++) {
        struct writer writer = writer_make(text, sizeof text);
        diagnostics_write(&diagnostics, i, &writer);
        if (diagnostics.items[i].severity == DIAGNOSTIC_NOTE) {
            standard_output_write(writer_slice(&writer));
        } else {
            log_text(writer_slice(&writer));
        }
    }
    if (count_all() > diagnostics.count) {
        fprintf(stderr, "... and %u more\n", count_all() - diagnostics.count);
    }
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

static void print_summary(const char *path, const struct policy *policy, bool is_fine)
{
    unsigned errors = diagnostics.error_count;
    unsigned warnings = diagnostics.warning_count;
    if (errors > 0 || policy == NULL) {
        fprintf(stderr, "%s: %u error%s, %u warning%s\n", path, errors, plural(errors), warnings,
                plural(warnings));
    } else if (!is_fine) {
        fprintf(stderr, "%s: %u warning%s, which --strict takes for errors\n", path, warnings,
                plural(warnings));
    } else {
        struct writer writer = writer_make(text, sizeof text);
        writer_format(&writer, "%s: fine: %u listener%s, %u upstream%s, %u route%s, %u warning%s\n",
                      path, policy->listener_count, plural(policy->listener_count),
                      policy->upstream_count, plural(policy->upstream_count), policy->route_count,
                      plural(policy->route_count), warnings, plural(warnings));
        standard_output_write(writer_slice(&writer));
    }
}

/* ---- JSON: the shape is described in config/commands.md */

static void json_count(struct writer *writer, const char *key, unsigned number)
{
    json_write_key(writer, key);
    writer_number(writer, number);
}

static void print_json(const char *path, bool is_fine)
{
    struct writer writer = writer_make(text, sizeof text);
    writer_byte(&writer, '{');
    json_write_key(&writer, "file");
    json_write_text(&writer, slice_of(path));
    json_write_key(&writer, "fine");
    writer_string(&writer, is_fine ? "true" : "false");
    json_count(&writer, "errors", diagnostics.error_count);
    json_count(&writer, "warnings", diagnostics.warning_count);
    json_count(&writer, "notes", diagnostics.note_count);
    json_write_key(&writer, "diagnostics");
    writer_byte(&writer, '[');
    standard_output_write(writer_slice(&writer));
    for (unsigned i = 0; i < diagnostics.count; i++) {
        writer.length = 0;
        writer_string(&writer, i > 0 ? "," : "");
        diagnostics_write_json(&diagnostics, i, &writer);
        standard_output_write(writer_slice(&writer));
    }
    standard_output_write(SLICE("]}\n"));
}

int command_check(const struct arguments *arguments)
{
    const char *path = arguments_policy(arguments);
    if (path == NULL) {
        return COMMAND_USAGE;
    }
    diagnostics_init(&diagnostics);
    struct policy *policy = policy_file_read(path, &diagnostics);
    if (policy != NULL) {
        add_notes(policy);
    }
    if (policy != NULL && arguments_have(arguments, OPTION_LIVE)) {
        live_check(policy, &diagnostics);
    }
    bool is_strict = arguments_have(arguments, OPTION_STRICT);
    bool is_fine = policy != NULL && diagnostics.error_count == 0 &&
                   (diagnostics.warning_count == 0 || !is_strict);
    if (arguments_have(arguments, OPTION_JSON)) {
        print_json(path, is_fine);
    } else {
        print_items();
        print_summary(path, policy, is_fine);
    }
    policy_release(policy);
    diagnostics_finish(&diagnostics);
    return standard_output_end() && is_fine ? COMMAND_OK : COMMAND_FAILED;
}
