/* How the process is watched, and how it goes. */
#include "schema_tables.h"

static const struct schema_option rows[] = {
    {.sections = SCHEMA_GATEWAY,
     .key = "admin",
     .type = SCHEMA_ADDRESS,
     .fallback = "off",
     .words = "off",
     .example = "127.0.0.1:9180",
     .help = "Where metrics, health and policy pages are served: off, HOST:PORT or unix:/path."},
    {.sections = SCHEMA_GATEWAY,
     .key = "admin-public",
     .type = SCHEMA_WORD,
     .fallback = "no",
     .words = "no yes",
     .help = "Whether admin may be an address that other machines reach."},
    {.sections = SCHEMA_GATEWAY,
     .key = "admin-mode",
     .type = SCHEMA_MODE,
     .fallback = "0660",
     .least = 0,
     .most = 0777,
     .help = "Permissions of the Unix sockets of admin and health."},
    {.sections = SCHEMA_GATEWAY,
     .key = "health",
     .type = SCHEMA_ADDRESS,
     .fallback = "off",
     .words = "off",
     .example = "0.0.0.0:8081",
     .help =
         "Where /healthz and /readyz are served, and nothing else: off, HOST:PORT or unix:/path."},
    {.sections = SCHEMA_GATEWAY,
     .key = "drain-delay",
     .type = SCHEMA_TIME,
     .fallback = "0s",
     .least = 0,
     .most = HOUR,
     .help = "After SIGTERM, how long to go on accepting while /readyz says 503 already."},
};

const struct schema_table schema_admin = {rows, sizeof rows / sizeof rows[0]};
