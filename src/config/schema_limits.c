/* What each level may set anew: [gateway], then [upstream], then [route]. */
#include "schema_tables.h"

static const struct schema_option rows[] = {
    {.sections = SCHEMA_GATEWAY | SCHEMA_UPSTREAM,
     .key = "reuse-delay",
     .type = SCHEMA_TIME,
     .fallback = "100ms",
     .least = 0,
     .most = 10 * 1000,
     .help = "How long a server must be silent behind a doubtful response; 0ms trusts it at once."},
    {.sections = SCHEMA_GATEWAY | SCHEMA_UPSTREAM | SCHEMA_ROUTE,
     .key = "upgrade",
     .type = SCHEMA_LIST,
     .fallback = "allow",
     .words = "allow, refuse, or names of protocols",
     .help =
         "What clients may upgrade to: allow is websocket, refuse nothing; else HTTP/1.1 it is."},
    {.sections = SCHEMA_GATEWAY | SCHEMA_UPSTREAM | SCHEMA_ROUTE,
     .key = "expect",
     .type = SCHEMA_WORD,
     .fallback = "answer",
     .words = "answer forward",
     .help = "Expect: 100-continue: answer it here when the backend is there, or forward it."},
    {.sections = SCHEMA_GATEWAY | SCHEMA_UPSTREAM | SCHEMA_ROUTE,
     .key = "max-body",
     .type = SCHEMA_SIZE,
     .fallback = "unlimited",
     .least = 0,
     .most = UINT64_MAX,
     .example = "1m",
     .help = "Content of one request; above it, 413."},
};

const struct schema_table schema_limits = {rows, sizeof rows / sizeof rows[0]};
