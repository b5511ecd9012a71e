#include "verbgate/config/schema.h"

#include <assert.h>

enum { KILO = 1024, MEGA = 1024 * 1024, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* One row an option, in the order of the reference. `least` and `most` bound counts, sizes (bytes)
 * and times (milliseconds). */
static const struct schema_option options[] = {
    /* [gateway] */
    {.sections = SCHEMA_GATEWAY,
     .key = "workers",
     .type = SCHEMA_COUNT,
     .fallback = "auto",
     .least = 1,
     .most = 256,
     .words = "auto",
     .help = "Worker threads, each with its own sockets; auto is one for each CPU."},
    {.sections = SCHEMA_GATEWAY,
     .key = "log-level",
     .type = SCHEMA_WORD,
     .fallback = "info",
     .words = "error warn info debug",
     .help = "The least severe lines of the error log, which goes to standard error."},
    {.sections = SCHEMA_GATEWAY,
     .key = "access-log",
     .type = SCHEMA_TEXT,
     .fallback = "off",
     .words = "off stdout",
     .help = "Where one line for each request goes: off, stdout, or a file's path."},
    {.sections = SCHEMA_GATEWAY,
     .key = "access-log-format",
     .type = SCHEMA_WORD,
     .fallback = "common",
     .words = "common json",
     .help = "The form of an access log line: the Common Log Format, or JSON with more."},
    {.sections = SCHEMA_GATEWAY,
     .key = "name",
     .type = SCHEMA_TOKEN,
     .fallback = "verbgate",
     .help = "The name of this gateway in the Via and Proxy-Status fields."},
    {.sections = SCHEMA_GATEWAY,
     .key = "x-forwarded",
     .type = SCHEMA_WORD,
     .fallback = "append",
     .words = "append replace off",
     .help = "X-Forwarded-For: append the client's address, replace what came, or leave it."},
    {.sections = SCHEMA_GATEWAY,
     .key = "drain-timeout",
     .type = SCHEMA_TIME,
     .fallback = "30s",
     .least = 0,
     .most = HOUR,
     .help = "After SIGTERM, how long running requests may take to end."},
    {.sections = SCHEMA_GATEWAY,
     .key = "head-timeout",
     .type = SCHEMA_TIME,
     .fallback = "10s",
     .least = 10,
     .most = HOUR,
     .help = "From a request's first byte to the end of its head; then it is answered 408."},
    {.sections = SCHEMA_GATEWAY,
     .key = "idle-timeout",
     .type = SCHEMA_TIME,
     .fallback = "60s",
     .least = 10,
     .most = 24 * HOUR,
     .help = "How long a client connection stays open between requests."},
    {.sections = SCHEMA_GATEWAY,
     .key = "body-timeout",
     .type = SCHEMA_TIME,
     .fallback = "30s",
     .least = 10,
     .most = HOUR,
     .help = "Between two pieces of content, in either direction."},
    {.sections = SCHEMA_GATEWAY,
     .key = "linger-timeout",
     .type = SCHEMA_TIME,
     .fallback = "2s",
     .least = 0,
     .most = MINUTE,
     .help = "After a last answer, how long to read on so that the answer arrives."},
    {.sections = SCHEMA_GATEWAY,
     .key = "half-close-timeout",
     .type = SCHEMA_TIME,
     .fallback = "5s",
     .least = 0,
     .most = HOUR,
     .help = "How long a client that closed its sending side may wait for its answer."},
    {.sections = SCHEMA_GATEWAY,
     .key = "tunnel-timeout",
     .type = SCHEMA_TIME,
     .fallback = "1h",
     .least = 1000,
     .most = 24 * HOUR,
     .help = "How long an upgraded connection (WebSocket) may be silent in both directions."},
    {.sections = SCHEMA_GATEWAY,
     .key = "upgrade",
     .type = SCHEMA_WORD,
     .fallback = "allow",
     .words = "allow refuse",
     .help = "Whether clients may upgrade to another protocol; refuse answers in HTTP/1.1."},
    {.sections = SCHEMA_GATEWAY,
     .key = "path-readings",
     .type = SCHEMA_WORD,
     .fallback = "all",
     .words = "all normal written",
     .help = "Readings under which rules on paths are judged; fewer only where backends allow it."},
    {.sections = SCHEMA_GATEWAY,
     .key = "expect",
     .type = SCHEMA_WORD,
     .fallback = "answer",
     .words = "answer forward",
     .help = "Expect: 100-continue: answer it here when the backend is there, or forward it."},
    {.sections = SCHEMA_GATEWAY,
     .key = "max-connections",
     .type = SCHEMA_COUNT,
     .fallback = "8192",
     .least = 1,
     .most = 1000000,
     .help = "Client connections at one time, all workers together."},
    {.sections = SCHEMA_GATEWAY,
     .key = "max-requests",
     .type = SCHEMA_COUNT,
     .fallback = "0",
     .least = 0,
     .most = 1000000000,
     .help = "Requests on one client connection before it is closed; 0 is no limit."},
    {.sections = SCHEMA_GATEWAY,
     .key = "max-head",
     .type = SCHEMA_SIZE,
     .fallback = "16k",
     .least = KILO,
     .most = 256 * KILO,
     .help = "First line and fields of a request or a response together; above it, 431."},
    {.sections = SCHEMA_GATEWAY,
     .key = "max-target",
     .type = SCHEMA_SIZE,
     .fallback = "8k",
     .least = 256,
     .most = 128 * KILO,
     .help = "The request target; above it, 414. It must be below max-head."},
    {.sections = SCHEMA_GATEWAY,
     .key = "max-fields",
     .type = SCHEMA_COUNT,
     .fallback = "100",
     .least = 10,
     .most = 256,
     .help = "Field lines of one head; above it, 431."},
    {.sections = SCHEMA_GATEWAY,
     .key = "max-body",
     .type = SCHEMA_SIZE,
     .fallback = "unlimited",
     .least = 0,
     .most = UINT64_MAX,
     .help = "Content of one request; above it, 413. Upstreams and routes may set their own."},
    {.sections = SCHEMA_GATEWAY,
     .key = "drain-body",
     .type = SCHEMA_SIZE,
     .fallback = "256k",
     .least = 0,
     .most = 64 * MEGA,
     .help =
         "Content of a refused request that is dropped to keep the connection; more closes it."},

    /* [listener NAME] */
    {.sections = SCHEMA_LISTENER,
     .key = "bind",
     .type = SCHEMA_ADDRESS,
     .example = "127.0.0.1:8080",
     .help =
         "Where to listen: HOST:PORT, [IPv6]:PORT, *:PORT or unix:/path; port 0 takes a free one."},
    {.sections = SCHEMA_LISTENER,
     .key = "backlog",
     .type = SCHEMA_COUNT,
     .fallback = "1024",
     .least = 1,
     .most = 65535,
     .help = "Connections that the kernel keeps until they are accepted."},
    {.sections = SCHEMA_LISTENER,
     .key = "mode",
     .type = SCHEMA_MODE,
     .fallback = "0660",
     .least = 0,
     .most = 0777,
     .help = "Permissions of a Unix socket; who may write to it may connect."},

    /* [upstream NAME] */
    {.sections = SCHEMA_UPSTREAM,
     .key = "server",
     .type = SCHEMA_ADDRESS,
     .repeats = true,
     .example = "127.0.0.1:9000",
     .help = "A backend: HOST:PORT, [IPv6]:PORT, unix:/path, or builtin:legacy."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "implements",
     .type = SCHEMA_METHODS,
     .fallback = "*",
     .help = "What this backend can do at all; any other method is answered 501."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "versions",
     .type = SCHEMA_VERSIONS,
     .fallback = "1.0 1.1",
     .words = "1.0 1.1",
     .help = "Versions of HTTP that requests to it may have; any other is answered 505."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "host-header",
     .type = SCHEMA_TEXT,
     .fallback = "",
     .example = "app.internal",
     .help = "The Host field that the backend gets; unset, the client's Host is kept."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "connect-timeout",
     .type = SCHEMA_TIME,
     .fallback = "10s",
     .least = 10,
     .most = 5 * MINUTE,
     .help = "To connect to a server; then the next one is tried, or the answer is 504."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "response-timeout",
     .type = SCHEMA_TIME,
     .fallback = "60s",
     .least = 10,
     .most = 24 * HOUR,
     .help = "From the end of a request to the head of its response; then the answer is 504."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "idle-timeout",
     .type = SCHEMA_TIME,
     .fallback = "30s",
     .least = 10,
     .most = HOUR,
     .help = "How long a pooled connection is kept; set it below the backend's own."},
    {.sections = SCHEMA_UPSTREAM,
     .key = "max-idle",
     .type = SCHEMA_COUNT,
     .fallback = "64",
     .least = 0,
     .most = 10000,
     .help = "Pooled connections for each worker and server; 0 pools none."},

    /* [route NAME] */
    {.sections = SCHEMA_ROUTE,
     .key = "host",
     .type = SCHEMA_HOST,
     .fallback = "",
     .repeats = true,
     .example = "api.example.com *.example.org",
     .help = "Hosts, exact or *.suffix, in any case; unset, any host."},
    {.sections = SCHEMA_ROUTE,
     .key = "path",
     .type = SCHEMA_PATH,
     .fallback = "",
     .repeats = true,
     .example = "/orders/*",
     .help = "Paths, exact, or with /* a prefix of whole segments; unset, any path."},
    {.sections = SCHEMA_ROUTE,
     .key = "upstream",
     .type = SCHEMA_REFERENCE,
     .fallback = "",
     .example = "app",
     .help = "Where its requests go; may be left out when there is only one upstream."},
    {.sections = SCHEMA_ROUTE,
     .key = "allow",
     .type = SCHEMA_METHODS,
     .fallback = "",
     .example = "GET HEAD",
     .help = "What this resource takes; the rest of implements is answered 405. Unset: all of it."},

    /* Set by a section, inherited by those below it. */
    {.sections = SCHEMA_UPSTREAM | SCHEMA_ROUTE,
     .key = "max-body",
     .type = SCHEMA_SIZE,
     .fallback = "",
     .least = 0,
     .most = UINT64_MAX,
     .example = "1m",
     .help = "Content of one request; above it, 413. Unset, the value of the level above."},
    {.sections = SCHEMA_UPSTREAM | SCHEMA_ROUTE,
     .key = "upgrade",
     .type = SCHEMA_WORD,
     .fallback = "",
     .words = "allow refuse",
     .example = "refuse",
     .help = "Whether clients may upgrade to another protocol. Unset, as the level above."},
    {.sections = SCHEMA_UPSTREAM | SCHEMA_ROUTE,
     .key = "expect",
     .type = SCHEMA_WORD,
     .fallback = "",
     .words = "answer forward",
     .example = "forward",
     .help = "Expect: 100-continue: answer it here, or forward it. Unset, as the level above."},
};

enum { OPTION_COUNT = sizeof options / sizeof options[0] };

static const struct {
    enum schema_section section;
    const char *name;
} sections[] = {
    {SCHEMA_GATEWAY, "gateway"},
    {SCHEMA_LISTENER, "listener"},
    {SCHEMA_UPSTREAM, "upstream"},
    {SCHEMA_ROUTE, "route"},
};

enum { SECTION_COUNT = sizeof sections / sizeof sections[0] };

const struct schema_option *schema_options(size_t *count)
{
    *count = OPTION_COUNT;
    return options;
}

const struct schema_option *schema_find(enum schema_section section, struct slice key)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((options[i].sections & section) != 0 && slice_equal(slice_of(options[i].key), key)) {
            return &options[i];
        }
    }
    return NULL;
}

const char *schema_section_name(enum schema_section section)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (sections[i].section == section) {
            return sections[i].name;
        }
    }
    assert(false); /* all of them stand in the table */
    return "";
}

bool schema_section_find(struct slice name, enum schema_section *section)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (slice_equal(slice_of(sections[i].name), name)) {
            *section = sections[i].section;
            return true;
        }
    }
    return false;
}

/* How far `candidate` is from what was written: 0 when only the case differs, above `limit` when
 * nobody would mix them up. One error in a word of up to four letters, two in a longer one. */
static unsigned distance_of(struct slice candidate, struct slice written, unsigned limit)
{
    if (slice_equal_ignoring_case(candidate, written)) {
        return 0;
    }
    if (candidate.length >= 4 && slice_starts_with(written, candidate)) {
        return 2; /* "warning" for "warn" */
    }
    unsigned tolerance = candidate.length <= 4 ? 1 : 2;
    tolerance = tolerance < limit ? tolerance : limit;
    unsigned distance = slice_distance(candidate, written, tolerance);
    return distance > tolerance ? limit + 1 : distance;
}

enum { FAR = 3 };

const char *schema_suggest(enum schema_section section, struct slice key)
{
    const char *nearest = NULL;
    unsigned best = FAR;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if ((options[i].sections & section) == 0) {
            continue;
        }
        unsigned distance = distance_of(slice_of(options[i].key), key, FAR - 1);
        if (distance < best) {
            best = distance;
            nearest = options[i].key;
        }
    }
    return nearest;
}

const char *schema_section_suggest(struct slice name)
{
    const char *nearest = NULL;
    unsigned best = FAR;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        unsigned distance = distance_of(slice_of(sections[i].name), name, FAR - 1);
        if (distance < best) {
            best = distance;
            nearest = sections[i].name;
        }
    }
    return nearest;
}

struct slice schema_nearest_word(const char *words, struct slice word)
{
    struct slice nearest = SLICE("");
    unsigned best = FAR;
    struct slice rest = slice_of(words);
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        struct slice candidate = slice_make(rest.data, end);
        rest = slice_after(rest, end < rest.length ? end + 1 : end);
        unsigned distance = distance_of(candidate, word, FAR - 1);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}
