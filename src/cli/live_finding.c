#include "live_finding.h"

void live_finding_add(struct diagnostics *diagnostics, struct rule_source source,
                      enum diagnostic_severity severity, const char *hint, const char *message)
{
    const struct diagnostic place = {
        .severity = severity, .file = slice_of(source.file), .line = source.line};
    diagnostics_add(diagnostics, &place, hint, "%s", message);
}
