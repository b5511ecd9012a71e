#include "live_paths.h"

#include "live_finding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether files can be made beside `path`; else errno says why not. */
static bool may_write_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    bool may = folder != NULL && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
    int error = errno;
    free(folder);
    errno = error;
    return may;
}

/* Opening a pipe would wake its reader: what is no regular file is only asked for its permissions. */
static bool may_append(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return errno == ENOENT && may_write_beside(path);
    }
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EACCES;
        return !S_ISDIR(status.st_mode) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
    }
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return descriptor >= 0;
}

/* The record is replaced by a new file of that name. */
static bool may_replace(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    return may_write_beside(path);
}

/* A file without a name, as buffered content has it. */
static bool may_buffer(const char *directory)
{
    int descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return descriptor >= 0;
}

static void check_path(struct diagnostics *diagnostics, const char *key, struct slice path,
                       struct rule_source source, bool (*may_use)(const char *path),
                       enum diagnostic_severity severity)
{
    char message[512];
    char *text = strndup(path.data, path.length);
    bool is_fine = text != NULL && may_use(text);
    snprintf(message, sizeof message, "%s %.*s %s%s", key, SLICE_PRINT(path),
             is_fine ? "can be written" : "cannot be written: ", is_fine ? "" : strerror(errno));
    live_finding_add(diagnostics, source, is_fine ? DIAGNOSTIC_NOTE : severity, NULL, message);
    free(text);
}

void live_paths_check(const struct policy *policy, struct diagnostics *diagnostics)
{
    const struct policy_process *process = &policy->process;
    const struct policy_gateway *gateway = &policy->gateway;
    if (slice_find(process->access_log, '/') < process->access_log.length) {
        check_path(diagnostics, "access-log", process->access_log, process->access_log_source,
                   may_append, DIAGNOSTIC_ERROR);
    }
    if (!slice_equal(process->observe, SLICE("off"))) {
        check_path(diagnostics, "observe", process->observe, process->observe_source, may_replace,
                   DIAGNOSTIC_ERROR);
    }
    if (gateway->buffer_directory_source.line > 0) {
        check_path(diagnostics, "buffer-directory", slice_of(gateway->buffer_directory),
                   gateway->buffer_directory_source, may_buffer, DIAGNOSTIC_WARNING);
    }
}
