/* The metrics page: everything that is counted, as Prometheus reads it. config/guide-logs-and-metrics.md lists it. */
#ifndef VERBGATE_TELEMETRY_METRICS_H
#define VERBGATE_TELEMETRY_METRICS_H

#include "verbgate/base/writer.h"
#include "verbgate/telemetry/status.h"

/* Writes the page; the workers go on meanwhile. Check writer->overflow. False: no memory. */
MUST_CHECK bool metrics_write(struct writer *writer, const struct gateway_status *status);

#endif
