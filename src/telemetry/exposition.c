#include "verbgate/telemetry/exposition.h"

#include <stdio.h>

void exposition_family(struct writer *writer, const char *name, const char *type, const char *help)
{
    writer_literal(writer, "# HELP ");
    writer_string(writer, name);
    writer_byte(writer, ' ');
    writer_string(writer, help);
    writer_literal(writer, "\n# TYPE ");
    writer_string(writer, name);
    writer_byte(writer, ' ');
    writer_string(writer, type);
    writer_byte(writer, '\n');
}

/* The format has exactly these three escapes. */
static void put_value(struct writer *writer, struct slice value)
{
    for (size_t i = 0; i < value.length; i++) {
        switch (value.data[i]) {
        case '\\':
            writer_literal(writer, "\\\\");
            break;
        case '"':
            writer_literal(writer, "\\\"");
            break;
        case '\n':
            writer_literal(writer, "\\n");
            break;
        default:
            writer_byte(writer, value.data[i]);
        }
    }
}

static void put_label(struct writer *writer, struct exposition_label label)
{
    writer_string(writer, label.name);
    writer_literal(writer, "=\"");
    put_value(writer, label.value);
    writer_byte(writer, '"');
}

static void put_number(struct writer *writer, uint64_t value)
{
    writer_byte(writer, ' ');
    writer_number(writer, value);
    writer_byte(writer, '\n');
}

void exposition_sample(struct writer *writer, const char *name,
                       const struct exposition_label *labels, unsigned count, uint64_t value)
{
    writer_string(writer, name);
    for (unsigned i = 0; i < count; i++) {
        writer_byte(writer, i == 0 ? '{' : ',');
        put_label(writer, labels[i]);
    }
    if (count > 0) {
        writer_byte(writer, '}');
    }
    put_number(writer, value);
}

/* Microseconds as seconds, without zeros at the end: 250 is 0.00025. */
static void put_seconds(struct writer *writer, uint64_t microseconds)
{
    enum { MICROSECONDS = 1000000, DIGITS = 6 };
    writer_number(writer, microseconds / MICROSECONDS);
    uint64_t rest = microseconds % MICROSECONDS;
    if (rest == 0) {
        return;
    }
    char digits[DIGITS + 1];
    snprintf(digits, sizeof digits, "%06u", (unsigned)rest);
    size_t length = DIGITS;
    while (digits[length - 1] == '0') {
        length--;
    }
    writer_byte(writer, '.');
    writer_put(writer, slice_make(digits, length));
}

static void begin(struct writer *writer, const char *name, const char *suffix,
                  struct exposition_label label)
{
    writer_string(writer, name);
    writer_string(writer, suffix);
    writer_byte(writer, '{');
    put_label(writer, label);
}

void exposition_histogram(struct writer *writer, const char *name, struct exposition_label label,
                          const struct exposition_histogram *histogram)
{
    uint64_t total = 0;
    for (unsigned i = 0; i <= histogram->bound_count; i++) {
        total += histogram->counts[i];
        begin(writer, name, "_bucket", label);
        writer_literal(writer, ",le=\"");
        if (i < histogram->bound_count) {
            put_seconds(writer, histogram->bounds_us[i]);
        } else {
            writer_literal(writer, "+Inf");
        }
        writer_literal(writer, "\"}");
        put_number(writer, total);
    }
    begin(writer, name, "_sum", label);
    writer_literal(writer, "} ");
    put_seconds(writer, histogram->sum_us);
    writer_byte(writer, '\n');
    begin(writer, name, "_count", label);
    writer_byte(writer, '}');
    put_number(writer, total);
}
