/* A resource: its hosts and paths, its upstream, its methods. */
#include "schema_tables.h"

static const struct schema_option rows[] = {
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
};

const struct schema_table schema_route = {rows, sizeof rows / sizeof rows[0]};
