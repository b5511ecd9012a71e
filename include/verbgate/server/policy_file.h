/* Policies from real files: config's view of the outside, made of stdio, glob(3) and getenv(3). */
#ifndef VERBGATE_SERVER_POLICY_FILE_H
#define VERBGATE_SERVER_POLICY_FILE_H

#include "verbgate/config/load.h"

/* Loads the policy at `path` and writes every warning and error to standard error, as a compiler
 * would. Returns the policy with one reference, or NULL. Blocks on files. `path` may also be a pipe or "-", which
 * is standard input: then the policy has is_read_once. All other files that it names are regular ones. */
MUST_CHECK struct policy *policy_file_load(const char *path, unsigned *warnings, unsigned *errors);

/* The same, but what is wrong goes to `diagnostics`, which is freshly initialised, and nothing is written. */
MUST_CHECK struct policy *policy_file_read(const char *path, struct diagnostics *diagnostics);

/* Loads and writes, as policy_file_load does, text that is in memory; `name` stands in messages in place of a path, and includes are seen from the
 * working directory. */
MUST_CHECK struct policy *policy_file_load_text(const char *name, struct slice text,
                                                unsigned *warnings, unsigned *errors);

enum { POLICY_FILE_PROBLEM_MAX = 512 };

/* The same for the gateway, of the file at `path`, or of `text` unless its data is NULL: when the policy has errors,
 * `problem` says in one line how many, where the first one is and what it is. `is_again`: the policy was loaded before,
 * and a main file that cannot be read a second time is an error. */
MUST_CHECK struct policy *policy_file_load_for_service(const char *path, struct slice text,
                                                       bool is_again,
                                                       char problem[POLICY_FILE_PROBLEM_MAX]);

/* Whether `path` is a name of standard input: "-", "/dev/stdin". */
bool policy_file_is_standard_input(const char *path);

/* Writes what the policy at `path` comes to, as INI text (config_write_effective). False when the policy
 * has errors, which are written to standard error, or the sink refused a piece. */
MUST_CHECK bool policy_file_write_effective(const char *path, const struct sink *sink);

/* Finds the address at which a process with this policy may be asked how it is (config_find_health), as
 * NUL-terminated text. False: the policy names none; errors that it has are then written to standard error. A policy that
 * can be read only once is refused. */
MUST_CHECK bool policy_file_find_health(const char *path, char *address, size_t size);

/* A number that stands for the names and contents of all files that a load of `path` reads now; equal
 * numbers mean equal files, but for an accident in 2^64. Says nothing of errors. Blocks on files. */
uint64_t policy_file_fingerprint(const char *path);

#endif
