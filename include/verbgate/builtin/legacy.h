/*
 * The backend behind `server = builtin:legacy`: a small HTTP server of its own thread on a loopback
 * port, as old and as limited as those that verbgate is put in front of. It knows GET, HEAD and
 * POST, answers 500 to anything else, and makes the quickstart and tests independent of other
 * programs.
 *
 *   GET  /            a greeting            POST /orders      201, and how many bytes came
 *   GET  /orders      a list                GET  /reports/...  a report (read-only: POST is 500)
 */
#ifndef VERBGATE_BUILTIN_LEGACY_H
#define VERBGATE_BUILTIN_LEGACY_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"

struct legacy;

/* Starts it; *address is where it listens. NULL: no resources. */
MUST_CHECK struct legacy *legacy_start(struct socket_address *address);

/* Ends it and frees; NULL is allowed. */
void legacy_stop(struct legacy *legacy);

#endif
