/* What is seen of requests, and who may say where they come from. */
#include "schema_tables.h"

static const struct schema_option rows[] = {
    {.sections = SCHEMA_GATEWAY,
     .key = "access-log",
     .type = SCHEMA_TEXT,
     .fallback = "off",
     .words = "off stdout",
     .help = "Where one line for each request goes: off, stdout, or a file's path."},
    {.sections = SCHEMA_GATEWAY,
     .key = "access-log-format",
     .type = SCHEMA_FORMAT,
     .fallback = "common",
     .words = "common combined json",
     .help = "The form of an access log line: one of Apache's, JSON with more, or your own."},
    {.sections = SCHEMA_GATEWAY,
     .key = "request-id",
     .type = SCHEMA_WORD,
     .fallback = "off",
     .words = "off on",
     .help = "X-Request-ID: on takes a trusted proxy's or makes one; off leaves the field alone."},
    {.sections = SCHEMA_GATEWAY,
     .key = "traceparent",
     .type = SCHEMA_WORD,
     .fallback = "pass",
     .words = "pass make",
     .help = "W3C trace context: pass it, or make a traceparent where no valid one came."},
    {.sections = SCHEMA_GATEWAY,
     .key = "trusted-proxies",
     .type = SCHEMA_NETWORKS,
     .fallback = "",
     .example = "10.0.0.0/8 2001:db8::/32 unix",
     .repeats = true,
     .help = "Peers that may say who the client is, in X-Forwarded-*; unset, nobody may."},
};

const struct schema_table schema_observation = {rows, sizeof rows / sizeof rows[0]};
