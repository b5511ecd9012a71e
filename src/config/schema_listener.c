/* Where clients connect. */
#include "schema_tables.h"

static const struct schema_option rows[] = {
    {.sections = SCHEMA_LISTENER,
     .key = "bind",
     .type = SCHEMA_ADDRESS,
     .example = "127.0.0.1:8080",
     .help = "Where to listen: HOST:PORT, [IPv6]:PORT, *:PORT, unix:/path or systemd:NAME; port 0: "
             "any."},
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
};

const struct schema_table schema_listener = {rows, sizeof rows / sizeof rows[0]};
