/*
 * The text format that Prometheus reads (version 0.0.4): families, samples with labels, histograms.
 * Pure text; what is counted is metrics' business.
 */
#ifndef VERBGATE_TELEMETRY_EXPOSITION_H
#define VERBGATE_TELEMETRY_EXPOSITION_H

#include "verbgate/base/writer.h"

struct exposition_label {
    const char *name;
    struct slice value; /* any bytes; what would end it is escaped */
};

/* Begins a family: its HELP and TYPE ("counter", "gauge", "histogram"). Its samples follow. */
void exposition_family(struct writer *writer, const char *name, const char *type, const char *help);

/* One sample with `count` labels. */
void exposition_sample(struct writer *writer, const char *name,
                       const struct exposition_label *labels, unsigned count, uint64_t value);

/* `bounds_us` are the upper bounds of the buckets in microseconds, ascending; the last bucket, above
 * them all, has none. */
struct exposition_histogram {
    const uint64_t *bounds_us;
    unsigned bound_count;
    const uint64_t *counts; /* bound_count + 1, each bucket for itself */
    uint64_t sum_us;
};

/* The samples of one histogram, in seconds: buckets that add up, the sum, the count. */
void exposition_histogram(struct writer *writer, const char *name, struct exposition_label label,
                          const struct exposition_histogram *histogram);

#endif
