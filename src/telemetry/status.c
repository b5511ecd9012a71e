#include "verbgate/telemetry/status.h"

#include <stdio.h>

void status_note_reload(struct gateway_status *status, const char *problem)
{
    status->reloads.last_at = time(NULL);
    status->reloads.last_succeeded = problem == NULL;
    if (problem == NULL) {
        status->reloads.succeeded++;
        status->loaded_at = status->reloads.last_at;
    } else {
        status->reloads.failed++;
    }
    snprintf(status->reloads.problem, sizeof status->reloads.problem, "%s",
             problem == NULL ? "" : problem);
}
