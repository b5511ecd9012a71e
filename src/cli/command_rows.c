#include "command_rows.h"

#include "verbgate/cli/commands.h"
#include "verbgate/cli/pages.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#define CONFIG_ROW                                                                \
    {                                                                             \
        .id = OPTION_CONFIG, .name = "--config", .letter = "-c", .value = "FILE", \
        .kind = COMMAND_VALUE_FILE, .help = "The policy; - is standard input"     \
    }
#define HELP_ROW                                                                       \
    {                                                                                  \
        .id = OPTION_HELP, .name = "--help", .letter = "-h", .help = "Print this page" \
    }

#define DEFAULT_FILE_SENTENCE "Without -c the policy is " COMMAND_DEFAULT_FILE "."

#define USAGE_STATUS                               \
    {                                              \
        COMMAND_USAGE, "The command line is wrong" \
    }
#define POLICY_STATUS                                                               \
    {                                                                               \
        COMMAND_FAILED, "The policy has errors, or the output could not be written" \
    }

/* ---- run */

static const struct command_option run_options[] = {
    CONFIG_ROW,
    {.id = OPTION_LISTEN,
     .name = "--listen",
     .value = "ADDRESS",
     .help = "Without a file: where clients connect; 127.0.0.1:8080 by default"},
    {.id = OPTION_SERVER,
     .name = "--server",
     .value = "ADDRESS",
     .repeats = true,
     .help = "Without a file: the server behind, HOST:PORT or unix:/PATH"},
    {.id = OPTION_IMPLEMENTS,
     .name = "--implements",
     .value = "METHODS",
     .help = "Without a file: what the server implements; every method by default"},
    {.id = OPTION_PRINT_CONFIG,
     .name = "--print-config",
     .help = "Print the policy that the other options make, and exit"},
    HELP_ROW,
};

static const struct command_status run_statuses[] = {
    {COMMAND_OK, "It was told to end, and has ended; or --print-config has printed"},
    {COMMAND_FAILED, "The policy has errors, or the gateway could not start"},
    USAGE_STATUS,
    {COMMAND_SIGNAL, "A second signal with this number less 128 ended it at once"},
};

/* ---- check */

static const struct command_option check_options[] = {
    CONFIG_ROW,
    {.id = OPTION_STRICT, .name = "--strict", .help = "Fail for warnings, too"},
    {.id = OPTION_LIVE,
     .name = "--live",
     .help = "Try what a start does: names, servers, addresses, paths"},
    {.id = OPTION_JSON, .name = "--json", .help = "Print one JSON object"},
    HELP_ROW,
};

static const struct command_status check_statuses[] = {
    {COMMAND_OK, "The policy is fine"},
    {COMMAND_FAILED, "There are errors, or with --strict warnings"},
    USAGE_STATUS,
};

/* ---- explain */

static const struct command_option explain_options[] = {
    CONFIG_ROW,
    {.id = OPTION_FIELD,
     .name = "--field",
     .value = "NAME:VALUE",
     .repeats = true,
     .help = "A header field of the request, at most 64 times"},
    {.id = OPTION_VERSION,
     .name = "--version",
     .value = "VERSION",
     .kind = COMMAND_VALUE_WORDS,
     .words = "1.0 1.1 2.0",
     .help = "The version in the request line; 1.1 by default"},
    {.id = OPTION_JSON, .name = "--json", .help = "Print one JSON object"},
    {.id = OPTION_BATCH,
     .name = "--batch",
     .help = "Read heads from standard input, each behind a line with its length in bytes"},
    HELP_ROW,
};

static const struct command_status explain_statuses[] = {
    {COMMAND_OK, "The request is forwarded or answered"},
    POLICY_STATUS,
    USAGE_STATUS,
    {COMMAND_NOT_IMPLEMENTED, "The request is refused with 501"},
    {COMMAND_NOT_ALLOWED, "The request is refused with 405"},
    {COMMAND_VERSION, "The request is refused with 505"},
    {COMMAND_NOT_FOUND, "The request is refused with 404"},
    {COMMAND_REFUSED, "The request is refused with any other status"},
};

/* ---- methods, config */

static const struct command_option methods_options[] = {
    CONFIG_ROW,
    {.id = OPTION_JSON, .name = "--json", .help = "Print JSON, with all hosts and paths"},
    {.id = OPTION_HTML, .name = "--html", .help = "Print a page that needs no other file"},
    HELP_ROW,
};

static const struct command_option config_options[] = {CONFIG_ROW, HELP_ROW};

static const struct command_status policy_statuses[] = {
    {COMMAND_OK, "Printed"},
    POLICY_STATUS,
    USAGE_STATUS,
};

/* ---- learn */

static const struct command_option learn_options[] = {
    {.id = OPTION_MIN_COUNT,
     .name = "--min-count",
     .value = "N",
     .help = "With a record: leave out what was seen fewer times"},
    {.id = OPTION_OPENAPI,
     .name = "--openapi",
     .value = "FILE",
     .kind = COMMAND_VALUE_FILE,
     .help = "Read an OpenAPI description in JSON"},
    {.id = OPTION_SERVER,
     .name = "--server",
     .value = "ADDRESS",
     .help = "With --openapi: where the server is"},
    {.id = OPTION_PROBE,
     .name = "--probe",
     .value = "URL",
     .help = "Ask a server: http://HOST:PORT/PATH or unix:/PATH; safe requests only"},
    {.id = OPTION_UNSAFE,
     .name = "--unsafe",
     .value = "no",
     .kind = COMMAND_VALUE_WORDS,
     .words = "no",
     .help = "With --probe: unsafe methods are never sent, so no is the only choice"},
    HELP_ROW,
};

static const struct command_status learn_statuses[] = {
    {COMMAND_OK, "A policy was proposed"},
    {COMMAND_FAILED, "The source could not be read, or the output could not be written"},
    USAGE_STATUS,
};

/* ---- health */

static const struct command_option health_options[] = {
    CONFIG_ROW,
    {.id = OPTION_READY,
     .name = "--ready",
     .help = "Ask whether it is ready for clients, and not only whether it works"},
    {.id = OPTION_TIMEOUT,
     .name = "--timeout",
     .value = "TIME",
     .help = "How long to wait for the answer, 10ms to 1m; 2s by default"},
    HELP_ROW,
};

static const struct command_status health_statuses[] = {
    {COMMAND_OK, "It works, or with --ready: it is ready"},
    {COMMAND_FAILED, "It is not, it did not answer in time, or the policy names no address"},
    USAGE_STATUS,
};

/* ---- help */

static const struct command_option help_options[] = {
    {.id = OPTION_PAGE,
     .name = "--page",
     .value = "NAME",
     .kind = COMMAND_VALUE_WORDS,
     .words = PAGES_NAMES,
     .help = "Print a man page, the completion of a shell, or the commands in Markdown"},
    HELP_ROW,
};

static const struct command_status help_statuses[] = {
    {COMMAND_OK, "Printed"},
    {COMMAND_FAILED, "The output could not be written"},
    {COMMAND_USAGE, "There is no such topic"},
};

/* ---- the table */

const struct command command_rows[] = {
    {.name = "run",
     .run = command_run,
     .summary = "Serve",
     .usage = {"run [-c FILE | FILE]",
               "run [--listen ADDRESS] --server ADDRESS... [--implements METHODS] "
               "[--print-config]"},
     .description =
         "Loads the policy, checks it whole, and serves until it is told to end. The error log "
         "goes "
         "to standard error.\n\n" DEFAULT_FILE_SENTENCE " The word run may be left out in front of "
         "an option: verbgate -c FILE.\n\n"
         "--server needs no file: the options are made into the text of a policy, which is checked "
         "and "
         "served like a file. A reload looks its names up again.",
     .options = run_options,
     .option_count = COUNT(run_options),
     .plain = COMMAND_PLAIN_POLICY,
     .examples =
         {{"verbgate run -c gateway.ini", "Serve what gateway.ini says"},
          {"verbgate run --listen :8080 --server 127.0.0.1:9000 --implements 'GET HEAD POST'",
           "Serve without a file"},
          {"verbgate run --server 127.0.0.1:9000 --print-config > gateway.ini", "Begin a file"}},
     .statuses = run_statuses,
     .status_count = COUNT(run_statuses)},
    {.name = "check",
     .run = command_check,
     .summary = "Check a policy and report all errors at once",
     .usage = {"check [-c FILE | FILE] [--strict] [--live] [--json]"},
     .description =
         "Reads the policy with all of its files, as run does, and starts nothing. Errors "
         "and warnings go to standard error, each with file, line and "
         "column.\n\n"
         "--live looks up names and connects to servers within 15 seconds, tries the addresses of "
         "listeners without listening, and looks whether files can be written. Nothing is changed, "
         "and an address that the running gateway has is no error.\n\n" DEFAULT_FILE_SENTENCE,
     .options = check_options,
     .option_count = COUNT(check_options),
     .plain = COMMAND_PLAIN_POLICY,
     .examples = {{"verbgate check gateway.ini", "Check a file"},
                  {"verbgate check --strict -c -", "Check standard input; warnings fail, too"},
                  {"verbgate check --live --json", "Before a deployment"}},
     .statuses = check_statuses,
     .status_count = COUNT(check_statuses)},
    {.name = "explain",
     .run = command_explain,
     .summary = "Say what would happen to a request, and why",
     .usage = {"explain [-c FILE] METHOD URL [--field 'NAME: VALUE']... [--version 1.0] [--json]",
               "explain -c FILE --batch < HEADS"},
     .description = "Reads the request with the gateway's own scanners and asks the gateway's own "
                    "decision. Nothing is sent. URL is http://HOST/PATH or /PATH. The exit status "
                    "tells the verdict.\n\n" DEFAULT_FILE_SENTENCE,
     .options = explain_options,
     .option_count = COUNT(explain_options),
     .plain = COMMAND_PLAIN_REQUEST,
     .examples = {{"verbgate explain -c gateway.ini PATCH /orders/7", "Ask about one request"},
                  {"verbgate explain PUT http://a.example/x --field 'Content-Length: 5000000'",
                   "With a host and a header field"}},
     .statuses = explain_statuses,
     .status_count = COUNT(explain_statuses)},
    {.name = "methods",
     .run = command_methods,
     .summary = "Show every route with every method",
     .usage = {"methods [-c FILE | FILE] [--json | --html]"},
     .description =
         "Prints one row for each route, and one column for each method: forwarded, "
         "answered by the gateway, or the status of the refusal.\n\n" DEFAULT_FILE_SENTENCE,
     .options = methods_options,
     .option_count = COUNT(methods_options),
     .plain = COMMAND_PLAIN_POLICY,
     .examples = {{"verbgate methods gateway.ini", "Print a table"}},
     .statuses = policy_statuses,
     .status_count = COUNT(policy_statuses)},
    {.name = "config",
     .run = command_config,
     .summary = "Print the policy as it is in force",
     .usage = {"config [-c FILE | FILE]"},
     .description = "Prints INI text that loads to an equal policy. Defaults, inherited values and "
                    "variables are filled in, and comments tell where each value comes "
                    "from.\n\n" DEFAULT_FILE_SENTENCE,
     .options = config_options,
     .option_count = COUNT(config_options),
     .plain = COMMAND_PLAIN_POLICY,
     .examples = {{"verbgate config gateway.ini", "Print every option with its value"}},
     .statuses = policy_statuses,
     .status_count = COUNT(policy_statuses)},
    {.name = "learn",
     .run = command_learn,
     .summary = "Propose a policy from traffic, a description or a probe",
     .usage = {"learn RECORD.json [--min-count N]", "learn --openapi FILE [--server ADDRESS]",
               "learn --probe URL [--unsafe no]"},
     .description = "Prints INI text with comments on the evidence. The record is what [gateway] "
                    "observe wrote. Read the proposal before you use it.",
     .options = learn_options,
     .option_count = COUNT(learn_options),
     .plain = COMMAND_PLAIN_FILE,
     .examples = {{"verbgate learn /var/lib/verbgate/record.json", "From traffic"},
                  {"verbgate learn --probe http://127.0.0.1:9000/", "From asking the server"}},
     .statuses = learn_statuses,
     .status_count = COUNT(learn_statuses)},
    {.name = "health",
     .run = command_health,
     .summary = "Ask the running process whether it works or is ready",
     .usage = {"health [-c FILE | FILE] [--ready] [--timeout TIME]"},
     .description = "Reads [gateway] health, else admin, from the policy, asks that address for "
                    "/healthz or /readyz, and prints the answer. A wildcard address becomes "
                    "loopback. Other errors of the policy do not matter. It is made for "
                    "images without a shell.\n\n" DEFAULT_FILE_SENTENCE,
     .options = health_options,
     .option_count = COUNT(health_options),
     .plain = COMMAND_PLAIN_POLICY,
     .examples = {{"verbgate health --ready -c gateway.ini", "Fail while it drains, too"}},
     .statuses = health_statuses,
     .status_count = COUNT(health_statuses)},
    {.name = "help",
     .run = command_help,
     .summary = "Explain a command or an option of the policy",
     .usage = {"help [COMMAND | KEY | [SECTION] KEY]", "help --page NAME"},
     .description = "Prints the page of a command, or the row of an option of the policy: its "
                    "sections, what it may be, its default, and an example.\n\n"
                    "--page prints what the build installs: man8 is verbgate(8), man5 is "
                    "verbgate.ini(5), and bash, "
                    "zsh and fish are the completion of these shells.",
     .options = help_options,
     .option_count = COUNT(help_options),
     .plain = COMMAND_PLAIN_TOPIC,
     .examples = {{"verbgate help check", "The page of a command"},
                  {"verbgate help max-body", "The row of an option"},
                  {"verbgate help '[route] max-body'", "The row of one section"},
                  {"source <(verbgate help --page bash)", "Completion for this shell"}},
     .statuses = help_statuses,
     .status_count = COUNT(help_statuses)},
};

const size_t command_row_count = COUNT(command_rows);
