/* What the gateway remembers of its traffic. */
#include "schema_tables.h"

static const struct schema_option rows[] = {
    {.sections = SCHEMA_GATEWAY,
     .key = "observe",
     .type = SCHEMA_TEXT,
     .fallback = "off",
     .words = "off",
     .help = "A file that counts methods, paths and statuses, for verbgate learn; or off."},
};

const struct schema_table schema_observe = {rows, sizeof rows / sizeof rows[0]};
