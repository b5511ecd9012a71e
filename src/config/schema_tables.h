/* The option table in parts, one file for each subject. */
#ifndef VERBGATE_CONFIG_SCHEMA_TABLES_H
#define VERBGATE_CONFIG_SCHEMA_TABLES_H

#include "verbgate/config/schema.h"

enum { KILO = 1024, MEGA = 1024 * 1024, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* One row an option. `least` and `most` bound counts, sizes (bytes) and times (milliseconds). */
struct schema_table {
    const struct schema_option *rows;
    size_t count;
};

extern const struct schema_table schema_gateway;
extern const struct schema_table schema_admin;
extern const struct schema_table schema_listener;
extern const struct schema_table schema_upstream;
extern const struct schema_table schema_route;
extern const struct schema_table schema_limits;
extern const struct schema_table schema_observe;
extern const struct schema_table schema_answers;
extern const struct schema_table schema_methods;
extern const struct schema_table schema_observation;

#endif
