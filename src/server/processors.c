#include "verbgate/server/processors.h"

#include "verbgate/base/slice.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

enum {
    FILE_MAX = 4096, /* of a file that is read: /proc/self/cgroup has a line for each hierarchy */
    PATH_ROOM = 4096 + 256,
};

/* The file's text in `buffer`; empty when there is no such file. */
static struct slice read_file(const char *path, char buffer[FILE_MAX])
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return SLICE("");
    }
    size_t length = 0;
    ssize_t count;
    while (length < FILE_MAX &&
           (count = read(descriptor, buffer + length, FILE_MAX - length)) > 0) {
        length += (size_t)count;
    }
    close(descriptor);
    return slice_make(buffer, length);
}

/* The text before `end`, which `rest` then begins behind; all of it when there is none. */
static struct slice cut(struct slice *rest, char end)
{
    size_t length = slice_find(*rest, end);
    struct slice part = slice_make(rest->data, length);
    *rest = slice_after(*rest, length < rest->length ? length + 1 : length);
    return part;
}

/* Of 0 and numbers that are none: no limit. */
static unsigned least(unsigned a, unsigned b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static unsigned quota_of(struct slice quota_text, struct slice period_text)
{
    uint64_t quota;
    uint64_t period;
    if (!slice_to_number(quota_text, &quota) || !slice_to_number(period_text, &period) ||
        quota == 0 || period == 0) {
        return 0; /* "max" and "-1" are no numbers */
    }
    uint64_t whole = quota / period + (quota % period != 0);
    return whole < 1000000 ? (unsigned)whole : 0;
}

/* Version 2: "150000 100000" or "max 100000". */
static unsigned read_max(const char *folder)
{
    char path[PATH_ROOM];
    char buffer[FILE_MAX];
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    struct slice text = read_file(path, buffer);
    struct slice line = cut(&text, '\n');
    struct slice quota = cut(&line, ' ');
    return quota_of(quota, line);
}

/* Version 1: a file each. */
static unsigned read_quota(const char *folder)
{
    char path[PATH_ROOM];
    char quota_buffer[FILE_MAX];
    char period_buffer[FILE_MAX];
    snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    struct slice quota = read_file(path, quota_buffer);
    snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    struct slice period = read_file(path, period_buffer);
    return quota_of(cut(&quota, '\n'), cut(&period, '\n'));
}

/* Of the group at `path` below `mount` and of those above it. A group that is not to be seen from here
 * (a container has its own at the mount) has no file, and what is above it is looked at all the same. */
static unsigned climb(const char *root, const char *mount, struct slice path,
                      unsigned (*read_folder)(const char *folder))
{
    unsigned found = 0;
    char folder[PATH_ROOM - 64];
    for (;;) {
        while (path.length > 0 && path.data[path.length - 1] == '/') {
            path.length--;
        }
        int length = snprintf(folder, sizeof folder, "%s/sys/fs/cgroup%s%.*s", root, mount,
                              SLICE_PRINT(path));
        if (length > 0 && (size_t)length < sizeof folder) {
            found = least(found, read_folder(folder));
        }
        if (path.length == 0) {
            return found;
        }
        while (path.length > 0 && path.data[path.length - 1] != '/') {
            path.length--;
        }
    }
}

static bool has_cpu(struct slice controllers)
{
    while (controllers.length > 0) {
        if (slice_equal(cut(&controllers, ','), SLICE("cpu"))) {
            return true;
        }
    }
    return false;
}

/* A line of /proc/self/cgroup: number, controllers (none in version 2), path; see cgroups(7). */
static unsigned read_line(const char *root, struct slice line)
{
    struct slice number = cut(&line, ':');
    struct slice controllers = cut(&line, ':');
    if (number.length == 0 || line.length == 0 || line.data[0] != '/') {
        return 0;
    }
    /* A path that leads out of what the process sees names nothing here. */
    struct slice path = slice_starts_with(line, SLICE("/..")) ? SLICE("/") : line;
    if (controllers.length == 0) {
        return least(climb(root, "", path, read_max), climb(root, "/unified", path, read_max));
    }
    if (!has_cpu(controllers)) {
        return 0;
    }
    unsigned found = climb(root, "/cpu", path, read_quota);
    return found != 0 ? found : climb(root, "/cpu,cpuacct", path, read_quota);
}

unsigned processors_quota(const char *root)
{
    char path[PATH_ROOM];
    char buffer[FILE_MAX];
    unsigned found = 0;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    struct slice text = read_file(path, buffer);
    while (text.length > 0) {
        found = least(found, read_line(root, cut(&text, '\n')));
    }
    return found;
}

unsigned processors_count(void)
{
    cpu_set_t set;
    unsigned count = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    unsigned quota = processors_quota("");
    count = quota != 0 && quota < count ? quota : count;
    return count < 1 ? 1 : count;
}
