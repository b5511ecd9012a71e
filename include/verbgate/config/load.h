/*
 * From files to a policy. The pure core does no I/O: what it needs of the outside comes through
 * `struct config_environment`, so tests need no files.
 */
#ifndef VERBGATE_CONFIG_LOAD_H
#define VERBGATE_CONFIG_LOAD_H

#include "verbgate/base/sink.h"
#include "verbgate/base/writer.h"
#include "verbgate/config/diagnostics.h"
#include "verbgate/config/environment.h"
#include "verbgate/policy/policy.h"

enum {
    CONFIG_FILES_MAX = 1024,                     /* with all includes */
    CONFIG_DEPTH_MAX = 8,                        /* of includes */
    CONFIG_ARENA_MAX = 64 * 1024 * 1024,         /* of the policy, and of the texts while loading */
    CONFIG_NAME_MAX = 64,                        /* bytes of a section's name */
    CONFIG_PATTERNS_MAX = 4 * POLICY_ROUTES_MAX, /* hosts times paths, of all routes */
};

/*
 * Loads the file at `path` with its includes, checks everything, and returns a sealed policy with
 * one reference, or NULL when there was any error. Errors and warnings are added to `diagnostics`,
 * which is freshly initialised, and sorted by file and line. Names are not resolved here.
 */
MUST_CHECK struct policy *config_load(const char *path,
                                      const struct config_environment *environment,
                                      struct diagnostics *diagnostics);

/* The same for text that is already in memory, under the name `path`. */
MUST_CHECK struct policy *config_load_text(const char *path, struct slice text,
                                           const struct config_environment *environment,
                                           struct diagnostics *diagnostics);

/*
 * Checks the file at `path` as config_load does and, when there is no error, writes the policy that is
 * in force to `sink`, as INI text that loads to an equal policy: every section with every option, with
 * defaults, inherited values and variables filled in, and comments on where each comes from. False when
 * there was an error or the sink refused a piece.
 */
MUST_CHECK bool config_write_effective(const char *path,
                                       const struct config_environment *environment,
                                       struct diagnostics *diagnostics, const struct sink *sink);

/*
 * Writes the address at which the process may be asked how it is: `health` of [gateway], else `admin`, as it is written
 * there. Nothing else of the file is judged, since a process goes on with the policy that it has when the file was
 * broken later. False: neither is set, as far as the file could be read; `diagnostics` has what was wrong with it.
 */
MUST_CHECK bool config_find_health(const char *path, const struct config_environment *environment,
                                   struct diagnostics *diagnostics, struct writer *address);

#endif
